// Processes for tests.
#include "tests/apps/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/apps/picture_files.h"

namespace gramgrad::apps {

Program::Program(std::vector<std::string> words, const std::string& directory)
    : out_path_(directory + "/.stdout"), err_path_(directory + "/.stderr") {
  std::vector<char*> pointers;
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, out_path_.c_str(), flags, 0666);
  posix_spawn_file_actions_addopen(&files, 2, err_path_.c_str(), flags, 0666);
  // Test runners may ignore signals that the program is to see.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);
  sigaddset(&defaults, SIGTERM);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int error =
      posix_spawn(&id_, pointers.front(), &files, &attributes, pointers.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    throw std::runtime_error("cannot start " + words.front());
  }
}

Program::~Program() {
  if (!ended()) {
    kill(id_, SIGKILL);
    waitpid(id_, &status_, 0);
  }
}

void Program::send(int signal) const {
  kill(id_, signal);
}

bool Program::ended() {
  ended_ = ended_ || waitpid(id_, &status_, WNOHANG) == id_;
  return ended_;
}

bool Program::wait_until(const std::function<bool()>& condition) {
  while (!ended() && !condition()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

bool Program::wait_for_lines(int count) {
  return wait_until([&] {
    const std::string out = read_bytes(out_path_);
    return std::count(out.begin(), out.end(), '\n') >= count;
  });
}

Outcome Program::wait() {
  if (!ended_) {
    waitpid(id_, &status_, 0);
    ended_ = true;
  }
  const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  return {code, read_bytes(out_path_), read_bytes(err_path_)};
}

std::vector<std::string> gramgrad_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{GRAMGRAD_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace gramgrad::apps
