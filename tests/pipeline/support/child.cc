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

  // False: nothing has ended within this time.
  bool wait(int us) const {
    const timespec limit{us / 1'000'000, us % 1'000'000 * 1000L};
    return sigtimedwait(&set_, nullptr, &limit) == SIGCHLD;
  }

 private:
  sigset_t set_{}, before_{};
};

[[noreturn]] void become(const std::vector<std::string>& arguments, const std::string& kill_at, int output) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::vector<char*> argv{const_cast<char*>(DRIFTCAST_BINARY)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  if (!kill_at.empty()) ::setenv("DRIFTCAST_KILL_AT", kill_at.c_str(), 1);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(DRIFTCAST_BINARY, argv.data());
  ::_exit(127);
}

}  // namespace

Child::Child(const std::vector<std::string>& arguments, const std::string& kill_at) {
  char name[] = "/tmp/driftcast-talk-XXXXXX";
  talk_ = ::mkostemp(name, O_CLOEXEC);
  DRIFTCAST_CHECK(talk_ >= 0);
  ::unlink(name);
  process_ = ::fork();
  DRIFTCAST_CHECK(process_ >= 0);
  if (process_ == 0) become(arguments, kill_at, talk_);
}

Child::~Child() {
  if (process_ >= 0) {
    send(SIGKILL);
    wait();
  }
  ::close(talk_);
}

// Without moving the place in the file, which the child writes at.
std::string Child::talk() const {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::pread(talk_, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

void Child::send(int signal) const { ::kill(process_, signal); }

bool Child::runs() {
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT);
  return ended.si_pid == 0;
}

Ended Child::wait() {
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  Ended ended;
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.talk = talk();
  return ended;
}

Ended run_child(const std::vector<std::string>& arguments, const std::string& kill_at,
                std::optional<Interruption> interruption) {
  const ChildSignal child_signal;
  Child child(arguments, kill_at);
  if (interruption && !child_signal.wait(interruption->after_us)) child.send(interruption->signal);
  return child.wait();
}

}  // namespace driftcast
