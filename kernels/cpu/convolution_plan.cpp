// How a convolution is described to oneDNN.
#include "kernels/cpu/convolution_plan.h"

#include "kernels/check.h"

namespace gramgrad::cpu {
namespace {

using dnnl::memory;

memory::desc described(const memory::dims& dims, memory::format_tag format) {
  return {dims, memory::data_type::f32, format};
}

// The descriptions that both kinds share, in oneDNN's order of dimensions: N, C, H, W. Weights may
// be packed in any format.
struct Description {
  explicit Description(const ConvolutionKey& key)
      : in(described({1, key.in_channels, key.in_height, key.in_width}, memory::format_tag::nhwc)),
        weights(described({key.out_channels, key.in_channels, key.kernel_height, key.kernel_width},
                          memory::format_tag::any)),
        bias(key.bias ? described({key.out_channels}, memory::format_tag::x) : memory::desc()),
        out(described({1, key.out_channels, key.out_height, key.out_width},
                      memory::format_tag::nhwc)),
        strides{key.stride, key.stride},
        before{key.pad_top, key.pad_left},
        after{key.pad_bottom, key.pad_right} {}

  dnnl::convolution_forward::desc forward(dnnl::prop_kind kind) const {
    return {kind, dnnl::algorithm::convolution_direct, in, weights, bias, out, strides, before,
            after};
  }
  dnnl::convolution_backward_data::desc backward() const {
    return {dnnl::algorithm::convolution_direct, in, weights, out, strides, before, after};
  }

  memory::desc in, weights, bias, out;
  memory::dims strides, before, after;
};

dnnl::primitive_attr attributes(const ConvolutionKey& key) {
  dnnl::post_ops after;
  if (key.accumulate) {
    after.append_sum();
  }
  dnnl::primitive_attr result;
  result.set_post_ops(after);
  result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return result;
}

ConvolutionPlan forward_plan(const ConvolutionKey& key, const dnnl::engine& engine) {
  const dnnl::convolution_forward::primitive_desc chosen(
      Description(key).forward(dnnl::prop_kind::forward_inference), attributes(key), engine);
  return {.primitive = dnnl::convolution_forward(chosen),
          .from_argument = DNNL_ARG_SRC,
          .to_argument = DNNL_ARG_DST,
          .from = chosen.src_desc(),
          .weights = chosen.weights_desc(),
          .bias = chosen.bias_desc(),
          .to = chosen.dst_desc(),
          .scratchpad = chosen.scratchpad_desc()};
}

ConvolutionPlan backward_plan(const ConvolutionKey& key, const dnnl::engine& engine) {
  const Description description(key);
  const dnnl::convolution_forward::primitive_desc hint(
      description.forward(dnnl::prop_kind::forward_training), engine);
  const dnnl::convolution_backward_data::primitive_desc chosen(description.backward(),
                                                               attributes(key), engine, hint);
  return {.primitive = dnnl::convolution_backward_data(chosen),
          .from_argument = DNNL_ARG_DIFF_DST,
          .to_argument = DNNL_ARG_DIFF_SRC,
          .from = chosen.diff_dst_desc(),
          .weights = chosen.weights_desc(),
          .bias = {},
          .to = chosen.diff_src_desc(),
          .scratchpad = chosen.scratchpad_desc()};
}

}  // namespace

ConvolutionPlan make_convolution_plan(const ConvolutionKey& key, const dnnl::engine& engine) {
  try {
    return key.kind == ConvolutionKind::forward ? forward_plan(key, engine)
                                                : backward_plan(key, engine);
  } catch (const dnnl::error& error) {
    fail("convolution {}x{} of a {}x{} map, {} to {} channels, stride {}: oneDNN cannot: {}",
         key.kernel_height, key.kernel_width, key.in_height, key.in_width, key.in_channels,
         key.out_channels, key.stride, error.what());
  }
}

}  // namespace gramgrad::cpu
