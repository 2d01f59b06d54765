// VGG as a frozen feature extractor.
// Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
// arXiv 1409.1556: blocks of 3x3 convolutions with padding 1 and ReLU, a 2x2 pooling after each.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/variable.h"
#include "kernels/ops.h"
#include "nn/tap.h"
#include "nn/weights_file.h"

namespace gramgrad::nn {

// Feature maps by the names of their taps, each [N, H / 2^(block-1), W / 2^(block-1), C].
using Features = std::map<std::string, autograd::Variable>;

class Vgg {
 public:
  // Converts the file's weights to `dtype` on `device`: f32, f64, or bf16 for weights and features
  // in bf16, with pictures in f32. Convolutions after `last_tap` are not loaded (empty: all are).
  // `pooling` is max (as trained) or average (smoother gradients: Gatys et al. 2016, section 2).
  // Throws Error if the file is not such a network or ends before `last_tap`.
  Vgg(const WeightsFile& file, const Device& device, DType dtype, PoolKind pooling,
      std::string_view last_tap = {});

  // Features of a picture [N, H, W, 3]: sRGB-encoded RGB, in [0, 1] (values outside are fine). The
  // weights' feeding contract is applied here. Runs as far as the deepest of the taps `names`.
  // Throws Error for a tap that the network does not have or whose map would be empty at this size.
  Features operator()(const autograd::Variable& image, std::span<const std::string> names) const;

  const Architecture& architecture() const { return architecture_; }
  const Device& device() const { return device_; }
  DType dtype() const { return dtype_; }                    // of features
  DType picture_dtype() const { return sum_type(dtype_); }  // of pictures
  PoolKind pooling() const { return pooling_; }

  // Checks that a tap exists and that the loaded part reaches it. Throws Error, naming the nearest
  // or what to do.
  Tap require_tap(std::string_view name) const;

 private:
  struct Layer {
    int block;
    int index;
    autograd::Variable weight;  // [out, 3, 3, in]
    autograd::Variable bias;    // [out]
  };

  std::vector<Tap> required_taps(std::span<const std::string> names, const Shape& image) const;

  Architecture architecture_;
  Device device_;
  DType dtype_;
  PoolKind pooling_;
  std::string file_name_;
  ChannelAffineParams feeding_;
  std::vector<Layer> layers_;
};

// The affine map from RGB in [0, 1] to what the network was trained on.
ChannelAffineParams feeding_params(const Feeding& feeding);

// The shortest side that a picture must have for a tap's map to have a pixel.
std::int64_t smallest_side(const Tap& tap);

// Throws Error unless `tap` lies within the convolutions that a file has.
void check_tap_in_file(const Tap& tap, const WeightsFile& file);

}  // namespace gramgrad::nn
