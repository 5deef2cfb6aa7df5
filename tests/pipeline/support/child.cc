#include "tests/pipeline/support/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include "core/check.h"

namespace driftcast {
namespace {

// Blocks SIGCHLD as long as it lives, so that a child's end can be waited for with a limit.
class ChildSignal {
 public:
  ChildSignal() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ChildSignal(const ChildSignal&) = delete;
  ChildSignal& operator=(const ChildSignal&) = delete;
  ~ChildSignal() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  const sigset_t& before() const { return before_; }

  // False: nothing has ended within this time.
  bool wait(int us) const {
    const timespec limit{us / 1'000'000, us % 1'000'000 * 1000L};
    return sigtimedwait(&set_, nullptr, &limit) == SIGCHLD;
  }

 private:
  sigset_t set_{}, before_{};
};

[[noreturn]] void become(const std::vector<std::string>& arguments, const std::string& kill_at, int output) {
  std::vector<char*> argv{const_cast<char*>(DRIFTCAST_BINARY)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  if (!kill_at.empty()) ::setenv("DRIFTCAST_KILL_AT", kill_at.c_str(), 1);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(DRIFTCAST_BINARY, argv.data());
  ::_exit(127);
}

std::string take_all(int file) {
  std::string text;
  char buffer[4096];
  ::lseek(file, 0, SEEK_SET);
  for (ssize_t n = 0; (n = ::read(file, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  ::close(file);
  return text;
}

}  // namespace

Ended run_child(const std::vector<std::string>& arguments, const std::string& kill_at,
                std::optional<Interruption> interruption) {
  const ChildSignal child_signal;
  char name[] = "/tmp/driftcast-talk-XXXXXX";
  const int talk = ::mkostemp(name, O_CLOEXEC);
  DRIFTCAST_CHECK(talk >= 0);
  ::unlink(name);
  const pid_t child = ::fork();
  DRIFTCAST_CHECK(child >= 0);
  if (child == 0) {
    sigprocmask(SIG_SETMASK, &child_signal.before(), nullptr);
    become(arguments, kill_at, talk);
  }
  if (interruption && !child_signal.wait(interruption->after_us)) ::kill(child, interruption->signal);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  Ended ended;
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.talk = take_all(talk);
  return ended;
}

}  // namespace driftcast
