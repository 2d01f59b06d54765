// oneDNN's convolutions, one image or strip of an image at a time: what to compute (a plain struct,
// the key of the plan cache), and the primitive that computes it.
#pragma once

#include <compare>
#include <cstdint>
#include <oneapi/dnnl/dnnl.hpp>

namespace gramgrad::cpu {

enum class ConvolutionKind { forward, backward_input };

// Of the convolution itself, for both kinds: backward_input computes its input's gradient.
struct ConvolutionKey {
  ConvolutionKind kind = ConvolutionKind::forward;
  std::int64_t in_height, in_width, in_channels;
  std::int64_t out_height, out_width, out_channels;
  std::int64_t kernel_height, kernel_width, stride;
  std::int64_t pad_top, pad_bottom, pad_left, pad_right;
  bool bias = false;
  bool accumulate = false;  // forward only: out += the convolution

  friend auto operator<=>(const ConvolutionKey&, const ConvolutionKey&) = default;
};

struct ConvolutionPlan {
  dnnl::primitive primitive;
  int from_argument, to_argument;  // oneDNN's names of the two maps
  dnnl::memory::desc from;         // x, or the output's gradient
  dnnl::memory::desc weights;      // packed as the primitive likes it
  dnnl::memory::desc bias;
  dnnl::memory::desc to;  // y, or the input's gradient
  dnnl::memory::desc scratchpad;
};

// Throws Error where oneDNN does not know such a convolution.
ConvolutionPlan make_convolution_plan(const ConvolutionKey& key, const dnnl::engine& engine);

}  // namespace gramgrad::cpu
