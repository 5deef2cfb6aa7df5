// Finding: something that was looked at before a job starts, and how it was found.
#pragma once

#include <string>

namespace driftcast {

struct Finding {
  enum class Verdict { kOk, kWarning, kProblem };  // kProblem: a job would fail, or its answers would be wrong
  Verdict verdict = Verdict::kOk;
  std::string what;         // one line
  std::string advice;       // what to do about it; empty: nothing
  bool refused = false;     // a right is missing
  bool unanswered = false;  // nobody answered in time: it may be all right
};

inline Finding fine(std::string what) { return {Finding::Verdict::kOk, std::move(what), ""}; }
inline Finding warning(std::string what, std::string advice) {
  return {Finding::Verdict::kWarning, std::move(what), std::move(advice)};
}
inline Finding problem(std::string what, std::string advice) {
  return {Finding::Verdict::kProblem, std::move(what), std::move(advice)};
}

}  // namespace driftcast
