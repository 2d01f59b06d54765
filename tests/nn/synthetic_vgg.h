// Pictures and networks from one integer hash, as tests/golden/synthetic.py makes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/tensor.h"
#include "nn/weights_file.h"

namespace gramgrad::nn {

// Steele, Lea, Flood 2014: the index-th output of SplitMix64 with seed 0.
inline std::uint64_t splitmix64(std::uint64_t index) {
  std::uint64_t z = (index + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// `count` numbers in [0, 1) of an own stream: 53 bits of the hash of stream * 2^32 + i.
std::vector<double> synthetic_uniform(std::uint64_t stream, std::int64_t count);

// [1, H, W, 3]: a bilinear surface over 4 x 4 random knots, and noise; from -0.15 to 1.15.
Tensor synthetic_picture(std::uint64_t stream, std::int64_t height, std::int64_t width,
                         const Device& device, DType dtype);

// The bytes of a weights file of VGG19 to conv5_1 with `width` channels in its first block:
// He-scaled uniform numbers in f32, fed like the original networks (BGR, 0-255, minus the mean).
std::vector<std::byte> synthetic_vgg19(int width = 64);

}  // namespace gramgrad::nn
