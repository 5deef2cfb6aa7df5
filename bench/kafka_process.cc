#include "bench/kafka_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "pipeline/commands/cli.h"

namespace driftcast::bench {
namespace {

constexpr std::chrono::milliseconds kLook{2};
constexpr int kLastLines = 15;

[[noreturn]] void become(const std::vector<std::string>& command, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);  // Ctrl-C is for the one who measures
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void pause(std::chrono::milliseconds length) {
  constexpr std::chrono::milliseconds kMost{50};
  for (const auto end = Clock::now() + length; Clock::now() < end;) {
    if (stop_requested()) throw Interrupted();
    std::this_thread::sleep_for(std::min<Clock::duration>(kMost, end - Clock::now()));
  }
  if (stop_requested()) throw Interrupted();
}

void progress(const std::string& what) { fmt::print(stderr, "kafka_job: {}\n", what); }

Process::Process(const std::vector<std::string>& command) : started_(Clock::now()) {
  for (const std::string& argument : command) command_ += (command_.empty() ? "" : " ") + argument;
  char name[] = "/tmp/driftcast-talk-XXXXXX";
  talk_ = ::mkostemp(name, O_CLOEXEC);
  if (talk_ < 0) throw Failure("cannot make a file for what a program says");
  ::unlink(name);
  process_ = ::fork();
  if (process_ < 0) throw Failure("cannot start " + command_);
  if (process_ == 0) become(command, talk_);
}

Process::~Process() {
  kill();
  ::close(talk_);
}

void Process::send(int signal) const { ::kill(process_, signal); }

bool Process::runs() const {
  if (process_ < 0) return false;
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT);
  return ended.si_pid == 0;
}

void Process::check_runs() const {
  if (!runs()) throw Failure(command_ + "\nhas ended; its last lines:\n" + last_lines());
}

// Without moving the place in the file, which the child writes at.
std::string Process::talk() const {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::pread(talk_, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

std::string Process::last_lines() const {
  const std::string text = talk();
  std::size_t begin = text.size();
  for (int line = 0; line <= kLastLines && begin != std::string::npos && begin > 0; ++line) {
    begin = text.rfind('\n', begin - 1);
  }
  return begin == std::string::npos || begin == 0 ? text : text.substr(begin + 1);
}

void Process::await(const std::string& text, std::chrono::seconds limit) const {
  const auto deadline = Clock::now() + limit;
  while (talk().find(text) == std::string::npos) {
    check_runs();
    if (Clock::now() > deadline) {
      throw Failure(fmt::format("{}\nhas not said '{}' after {} s; its last lines:\n{}", command_, text, limit.count(),
                                last_lines()));
    }
    pause(kLook);
  }
}

double Process::rss_mib() const {
  std::ifstream statm(fmt::format("/proc/{}/statm", process_));
  std::int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

Ended Process::wait() {
  while (runs()) pause(kLook);
  int status = 0;
  rusage usage{};
  while (::wait4(process_, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  process_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) / 1024};
}

Ended Process::wait_well() {
  const Ended ended = wait();
  if (ended.code == 0) return ended;
  throw Failure(fmt::format("{}\nended with {}; its last lines:\n{}", command_, ended.code, last_lines()));
}

Ended Process::stop_well() {
  check_runs();
  send(SIGTERM);
  return wait_well();
}

void Process::kill() {
  if (process_ < 0) return;
  send(SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

}  // namespace driftcast::bench
