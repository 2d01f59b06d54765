// NumPy's `.npz`: a zip archive, stored or deflated, of `.npy` arrays.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gramgrad {

// The members by array name ("conv1_1.weight" for the member conv1_1.weight.npy), unpacked, their
// checksums verified, to be given to parse_npy. Throws Error, beginning with the path.
std::map<std::string, std::vector<std::byte>> read_npz(const std::filesystem::path& path);

}  // namespace gramgrad
