// Proof that a weights file is what it says it is.
#pragma once

#include <string>
#include <vector>

#include "kernels/device.h"
#include "weights_converter/convert.h"

namespace gramgrad::converter {

struct Verification {
  std::vector<std::string> lines;  // what was checked and found, for people
  std::vector<std::string> notes;  // what the user should know
};

// Checks checksums and numbers (as every reader does), shapes, and that the device in use computes
// the golden activations; looks at each layer's statistics. Throws Error, beginning with the path,
// for what is wrong.
Verification verify(const std::string& path, const Device& device);

// Checks that converting `against` once more gives the same tensors bit for bit. Throws Error that
// names the first difference.
std::string verify_against(const std::string& path, const std::string& against,
                           const ConvertOptions& options);

}  // namespace gramgrad::converter
