// One connection to a web server that brings the rest of a file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "kernels/check.h"

namespace gramgrad::converter {

struct Download {
  std::string url;
  std::uint64_t offset = 0;  // bytes that are there already
  std::uint64_t total = 0;   // length that the file must have
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds stall_timeout{60};

  // Called before the first byte if the server begins at the start though `offset` was asked for.
  std::function<void()> restart;
  // Bytes as they come. What these two throw ends the download and comes out of `download`.
  std::function<void(std::span<const std::byte>)> receive;
};

// The server's file is not as long as the published one.
class WrongLength : public Error {
 public:
  using Error::Error;
};

// How a connection ended.
struct DownloadResult {
  bool complete = false;  // the server sent all that it wanted to send
  std::string trouble;    // otherwise why it broke, as "the connection was lost (…)"
};

// Throws Error for what will not be better the next time: addresses that are not https (or on this
// machine), errors of the server (404 and its like), web pages; WrongLength.
DownloadResult download(const Download& request);

}  // namespace gramgrad::converter
