// Child: the real program as another process, to be killed at moments of one's choice.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace driftcast {

struct Ended {
  int code = -1;     // exit code; -1: died by a signal
  int signal = 0;    // that killed it; 0: none
  std::string talk;  // standard output and error together
};

struct Interruption {
  int signal = 0;
  int after_us = 0;  // since the start; a child that has ended before is left alone
};

// One that runs beside the test. One that is not waited for is killed.
class Child {
 public:
  explicit Child(const std::vector<std::string>& arguments, const std::string& kill_at = "");
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  std::string talk() const;  // so far
  void send(int signal) const;
  bool runs();  // false: it has ended, and is to be waited for
  Ended wait();

 private:
  int talk_ = -1;
  int process_ = -1;  // -1: waited for
};

// Runs DRIFTCAST_BINARY with these arguments to its end. `kill_at`: "<point>:<n>" of a commit, see kill_point.h.
Ended run_child(const std::vector<std::string>& arguments, const std::string& kill_at = "",
                std::optional<Interruption> interruption = std::nullopt);

}  // namespace driftcast
