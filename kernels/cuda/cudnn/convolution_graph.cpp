// Tensor and operation descriptors of each pass. cuDNN counts dimensions as N, C, H, W whatever the
// layout is; strides say NHWC.
#include "kernels/cuda/cudnn/convolution_graph.h"

#include <array>

#include "kernels/check.h"

namespace gramgrad::cuda::cudnn {
namespace {

constexpr std::int64_t byte_alignment = 16;  // of all tensors; the device's pool aligns wider

cudnnDataType_t element_type(DType dtype) {
  check(dtype == DType::f32 || dtype == DType::bf16, "cuDNN's convolutions are for f32 and bf16");
  return dtype == DType::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;
}

// [n, h, w, c] in memory.
struct Extent {
  std::int64_t n, c, h, w;
};

// An intermediate result is virtual: it has no memory, and is f32.
Descriptor make_tensor(std::int64_t id, const Extent& extent, cudnnDataType_t type,
                       bool is_virtual = false) {
  const auto& [n, c, h, w] = extent;
  Descriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, is_virtual ? CUDNN_DATA_FLOAT : type);
  tensor.set(CUDNN_ATTR_TENSOR_DIMENSIONS, std::array{n, c, h, w});
  tensor.set(CUDNN_ATTR_TENSOR_STRIDES, std::array{h * w * c, std::int64_t{1}, w * c, c});
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
  tensor.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, byte_alignment);
  tensor.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, is_virtual);
  tensor.finalize();
  return tensor;
}

Descriptor make_convolution(const ConvolutionKey& key) {
  const std::array<std::int64_t, 2> ones{1, 1};
  const std::array<std::int64_t, 2> strides{key.stride, key.stride};
  const std::array<std::int64_t, 2> paddings{key.padding, key.padding};
  Descriptor convolution(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  convolution.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION);
  convolution.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2});
  convolution.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, ones);
  convolution.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, strides);
  convolution.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, paddings);
  convolution.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, paddings);
  convolution.finalize();
  return convolution;
}

// The names of a pass's attributes, and which tensors they are.
struct PassAttributes {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, x, w, y, alpha, beta;
};

PassAttributes attributes(ConvolutionPass pass) {
  switch (pass) {
    case ConvolutionPass::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case ConvolutionPass::backward_input:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case ConvolutionPass::backward_weight:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
  }
  fail("no such pass of a convolution");
}

Descriptor make_pass(ConvolutionPass pass, const Descriptor& convolution, const Descriptor& x,
                     const Descriptor& w, const Descriptor& y, bool accumulate) {
  const PassAttributes names = attributes(pass);
  Descriptor operation(names.type);
  operation.set(names.convolution, convolution);
  operation.set(names.x, x);
  operation.set(names.w, w);
  operation.set(names.y, y);
  operation.set(names.alpha, 1.0F);
  operation.set(names.beta, accumulate ? 1.0F : 0.0F);
  operation.finalize();
  return operation;
}

Descriptor make_mode(cudnnPointwiseMode_t mode) {
  Descriptor pointwise(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  pointwise.set(CUDNN_ATTR_POINTWISE_MODE, mode);
  pointwise.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
  pointwise.finalize();
  return pointwise;
}

// y = mode(x, b), or mode(x) without b.
Descriptor make_pointwise(const Descriptor& mode, const Descriptor& x, const Descriptor* b,
                          const Descriptor& y) {
  Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, mode);
  operation.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
  if (b != nullptr) {
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
  }
  operation.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  operation.finalize();
  return operation;
}

}  // namespace

ConvolutionGraph::ConvolutionGraph(const ConvolutionKey& key, cudnnHandle_t handle)
    : graph_(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) {
  const cudnnDataType_t type = element_type(key.dtype);
  const Extent x{key.batch, key.in_channels, key.height, key.width};
  const Extent w{key.out_channels, key.in_channels, key.kernel_height, key.kernel_width};
  const Extent y{key.batch, key.out_channels, key.out_height(), key.out_width()};
  const bool fused = key.pass == ConvolutionPass::forward && (key.bias || key.relu);
  std::int64_t next_virtual = id_bias + 1;
  const auto result = [&](bool last) {
    return last ? make_tensor(id_y, y, type) : make_tensor(next_virtual++, y, type, true);
  };
  parts_.reserve(9);  // what follows points into it
  const Descriptor& in = parts_.emplace_back(make_tensor(id_x, x, type));
  const Descriptor& weights = parts_.emplace_back(make_tensor(id_w, w, type));
  const Descriptor* out = &parts_.emplace_back(result(!fused));
  const Descriptor& convolution = parts_.emplace_back(make_convolution(key));
  operations_.push_back(make_pass(key.pass, convolution, in, weights, *out, key.accumulate));
  if (fused && key.bias) {
    const Descriptor& mode = parts_.emplace_back(make_mode(CUDNN_POINTWISE_ADD));
    const Descriptor& bias =
        parts_.emplace_back(make_tensor(id_bias, {1, key.out_channels, 1, 1}, type));
    const Descriptor& sum = parts_.emplace_back(result(!key.relu));
    operations_.push_back(make_pointwise(mode, *out, &bias, sum));
    out = &sum;
  }
  if (fused && key.relu) {
    const Descriptor& mode = parts_.emplace_back(make_mode(CUDNN_POINTWISE_RELU_FWD));
    const Descriptor& clipped = parts_.emplace_back(result(true));
    operations_.push_back(make_pointwise(mode, *out, nullptr, clipped));
  }
  graph_.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations_);
  if (handle != nullptr) {
    graph_.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle);
  }
  graph_.finalize();
}

}  // namespace gramgrad::cuda::cudnn
