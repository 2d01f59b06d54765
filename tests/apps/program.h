// Runs the program as people do: as a process of its own.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace gramgrad::apps {

struct Outcome {
  int code = -1;  // exit code; 128 + signal where a signal ended it
  std::string out;
  std::string err;
};

// A running program, its output going to files in `directory`.
class Program {
 public:
  // The first of `words` is the path of the executable.
  Program(std::vector<std::string> words, const std::string& directory);
  ~Program();  // ends it if it still runs
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(int signal) const;
  // Waits until `condition` holds; false if the program ends before.
  bool wait_until(const std::function<bool()>& condition);
  // Waits until that many lines are in stdout; likewise.
  bool wait_for_lines(int count);
  Outcome wait();

 private:
  bool ended();

  std::string out_path_, err_path_;
  pid_t id_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

// The command `gramgrad arguments...`.
std::vector<std::string> gramgrad_command(const std::vector<std::string>& arguments);

}  // namespace gramgrad::apps
