// Finds a VGG in a graph of operations: what ONNX, Caffe and TensorFlow.js files have in common
// once their nodes are translated to `Step`s.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

// What a node does to the picture or feature map that passes through it.
enum class Op {
  pass,        // nothing, as far as features go: Identity, Cast, Dropout
  conv,        // convolves with constant weights
  bias,        // adds one constant for each channel
  arithmetic,  // adds, subtracts, multiplies or divides by some other constant
  batch_norm,
  relu,
  pool,
  to_channels_first,  // [N, H, W, C] to [N, C, H, W]
  to_channels_last,   // and back
  flatten,            // one row of numbers for each picture
  linear,             // multiplies by a constant matrix
  softmax,            // makes probabilities of the last layer's outputs
  other,
};

// How a convolution or a pooling steps over the picture.
struct Window {
  std::int64_t rows = 0, columns = 0;
  std::int64_t row_stride = 1, column_stride = 1;
  std::vector<std::int64_t> pads;  // top, left, bottom, right
  std::int64_t dilation = 1;       // the greater of both
  std::int64_t groups = 1;
};

struct Step {
  Op op = Op::other;
  std::string name;  // for messages, such as "conv1_1 (Convolution)"
  std::string input;
  std::vector<std::string> outputs;  // may name the input again: from here on it is the new value
  std::int64_t channels = 0;         // of conv, linear, bias and batch_norm: of what comes out
  SourceLayer layer;                 // of conv and linear
  Window window;                     // of conv and pool
  BatchNorm batch_norm;              // of batch_norm
  std::size_t bias = 0;              // of bias: index into the tensors
};

struct Walk {
  std::vector<SourceLayer> layers;  // 3×3 convolutions with their ReLUs, then linear layers
  FlattenOrder flatten = FlattenOrder::chw;
  bool fed_channels_last = false;  // the input is [N, H, W, C]
  std::vector<std::string> notes;  // where and why the walk ended, if before the end of the graph
};

// Follows the steps, which must stand in the order in which they can be computed, from the values
// in `starts`, wherever the graph branches, and returns the path with the most convolutions of a
// VGG: 3×3, one pixel of padding, stride 1, each followed by a ReLU, 2×2 pooling in between.
// Takes linear time and no recursion, whatever the graph.
Walk find_vgg(const std::vector<Step>& steps, const std::vector<std::string>& starts);

}  // namespace gramgrad::converter
