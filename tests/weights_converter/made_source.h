// Sources made in memory, and small helpers that the converter's tests share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

struct Numbers {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// Random numbers, the same for the same seed.
Numbers random_numbers(std::vector<std::int64_t> shape, unsigned seed);

SourceTensor made_tensor(std::string name, const Numbers& numbers,
                         ElementType type = ElementType::f32);

// Convolutions [out, in, 3, 3] of these numbers of output channels, with biases; fed like
// torchvision's. Linear layers [out, in] follow, one for each number of `linear`; the first takes
// `side`² inputs for each channel.
Source made_source(const std::vector<std::int64_t>& widths,
                   const std::vector<std::int64_t>& linear = {}, std::int64_t side = 1);

// Numbers of channels of a whole network, two in the first block.
std::vector<std::int64_t> small_widths(const std::string& architecture);

// A file on disk that a source can say it comes from.
InputFilePtr any_file();

// The message of the Error that `action` throws, or "".
template <typename Action>
std::string message_of(Action action) {
  try {
    action();
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

// Features as tests/weights_converter/features.py writes them: PyTorch's, of network_picture().
struct Features {
  std::string layer;
  std::int64_t height = 0, width = 0, channels = 0;
  std::vector<double> values;
};
std::vector<Features> read_features(const std::string& path);

// features.py's picture, [24, 20, 3].
std::vector<double> network_picture();

}  // namespace gramgrad::converter
