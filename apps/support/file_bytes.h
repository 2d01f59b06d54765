// A whole file as bytes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gramgrad::apps {

// Reads all of the file at `path`. Throws Error when it is missing, unreadable, a directory, empty
// or larger than `max_bytes`. Pipes may be read, so `max_bytes` also bounds what never ends.
std::vector<unsigned char> read_file(const std::string& path, std::size_t max_bytes);

}  // namespace gramgrad::apps
