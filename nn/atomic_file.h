// Files that appear whole or not at all.
//
// Bytes go to a temporary file in the directory of the target; `commit` flushes it to the disk and
// renames it over the target in one step. Whatever fails before leaves the old file as it was.
#pragma once

#include <cstdio>
#include <string>

namespace gramgrad::nn {

class AtomicFile {
 public:
  // Opens a temporary file beside `path`; a symbolic link is followed. Throws Error when `path`
  // cannot be written: missing directory, no permission, a directory or a device in its place.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();  // removes the temporary file unless committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Where to write. Belongs to this object; errors of writing to it are found by `commit`.
  std::FILE* stream() { return stream_; }

  // Makes the bytes written so far the content of the target, permissions of an existing file kept.
  // Throws Error, the target untouched, when the disk refuses. At most once.
  void commit();

 private:
  std::string path_;       // as the user gave it, for messages
  std::string target_;     // symbolic links followed
  std::string temporary_;  // empty once committed
  std::FILE* stream_ = nullptr;
};

// Throws the Error that writing `path` later would throw, so that a long run fails at its start.
// Does not touch an existing file.
void check_writable(const std::string& path);

// Removes what a process that has died left of AtomicFiles for `path`.
void remove_abandoned(const std::string& path, int process_id) noexcept;

}  // namespace gramgrad::nn
