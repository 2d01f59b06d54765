// Finds everything that lies in an HDF5 file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weights_converter/containers/hdf5_handle.h"

namespace gramgrad::converter {

// What hard links lead to from the root, by their names from there: "block1/kernel:0".
struct Hdf5Contents {
  std::vector<std::string> datasets;
  std::vector<std::string> other_links;             // soft and external ones, not followed
  std::map<std::uint64_t, std::string> by_address;  // groups and datasets, what references name
};

// Throws Error, beginning with `path`, for damaged groups, and beyond limits that leave room for
// every real model: 32 groups deep, 20 000 links, names of 1024 bytes without control characters.
Hdf5Contents walk_hdf5(hid_t file, const std::string& path);

}  // namespace gramgrad::converter
