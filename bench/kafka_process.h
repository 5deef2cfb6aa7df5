// Process: a program that is measured, as a child: what it says, its CPU time and memory, its end.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace driftcast::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}
inline double seconds_since(Clock::time_point from) { return seconds_between(from, Clock::now()); }

// Something did not work: there is no figure.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// SIGINT or SIGTERM has come.
struct Interrupted {};

// Sleeps; throws Interrupted when the user does not want to wait.
void pause(std::chrono::milliseconds length);

// Says on standard error what takes so long.
void progress(const std::string& what);

struct Ended {
  int code = -1;        // exit code; -1: died by a signal
  double cpu_s = 0;     // user and system, all of its threads, from the start to the end
  double peak_mib = 0;  // largest resident set
};

// One that is not waited for is killed, also when this process dies.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  Clock::time_point started() const { return started_; }
  void send(int signal) const;
  bool runs() const;
  void check_runs() const;  // throws with the last lines of its talk when it does not

  std::string talk() const;  // standard output and error so far
  // Waits until the talk holds this text.
  void await(const std::string& text, std::chrono::seconds limit) const;
  double rss_mib() const;

  Ended wait();
  Ended wait_well();  // throws unless it exits with 0
  Ended stop_well();  // by SIGTERM
  void kill();        // by SIGKILL

 private:
  std::string last_lines() const;

  std::string command_;
  Clock::time_point started_;
  int talk_ = -1;
  int process_ = -1;  // -1: waited for
};

}  // namespace driftcast::bench
