// Running in a child process. No threads have been started when it is forked.
#include "weights_converter/guard.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "kernels/check.h"
#include "nn/atomic_file.h"

namespace gramgrad::converter {
namespace {

constexpr int exit_error = 2;

// Seconds of the processor's time, many times what the largest VGG takes: a damaged file can keep a
// library busy without end. The system then ends the child with SIGXCPU.
constexpr rlim_t most_seconds = 600;

void limit_time() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CPU, &limit) == 0) {
    limit.rlim_cur = std::min(limit.rlim_max, most_seconds);
    setrlimit(RLIMIT_CPU, &limit);
  }
}

volatile std::sig_atomic_t child_id = 0;

// An interrupt of the parent alone is passed on; the terminal sends its own to both.
void pass_on(int signal) {
  if (child_id > 0) {
    kill(static_cast<pid_t>(child_id), signal);
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    check(errno == EINTR, "cannot wait for its child process ({})", std::strerror(errno));
  }
  return status;
}

}  // namespace

int run_guarded(const std::function<int()>& action, const std::string& subject,
                const std::string& output) {
  std::fflush(stdout);
  std::fflush(stderr);
  const pid_t child = fork();
  check(child >= 0, "no child process can be started ({})", std::strerror(errno));
  if (child == 0) {
    limit_time();
    const int code = action();
    std::fflush(stdout);
    std::fflush(stderr);
    _exit(code);  // what the parent registered for exit is the parent's
  }
  child_id = child;
  const auto before_interrupt = std::signal(SIGINT, pass_on);
  const auto before_terminate = std::signal(SIGTERM, pass_on);
  const int status = wait_for(child);
  std::signal(SIGINT, before_interrupt);
  std::signal(SIGTERM, before_terminate);
  child_id = 0;
  if (WIFEXITED(status)) {
    return WEXITSTATUS(status);
  }
  const int signal = WTERMSIG(status);
  if (!output.empty()) {
    nn::remove_abandoned(output, child);
  }
  if (signal == SIGINT || signal == SIGTERM) {
    return 128 + signal;
  }
  std::fputs(
      fmt::format("weights_converter: {}: cannot be read: the reader was ended by the signal "
                  "'{}'; the file is damaged, or memory or time ran out\n",
                  subject, strsignal(signal))
          .c_str(),
      stderr);
  return exit_error;
}

}  // namespace gramgrad::converter
