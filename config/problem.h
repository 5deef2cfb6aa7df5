// What is wrong with a configuration, said so that it can be mended without the manual.
#pragma once

#include <span>
#include <string>

namespace driftcast {

struct Problem {
  std::string where;    // path of the setting ("time.lateness"), or the file, or the argument
  std::string what;     // what is wrong and what is allowed
  std::string place{};  // where it was written: "file:line:column" or "--set"; empty when no single place is to blame
};

// One line each: "place: where: what", without the place when there is none.
std::string describe_problems(std::span<const Problem> problems);

}  // namespace driftcast
