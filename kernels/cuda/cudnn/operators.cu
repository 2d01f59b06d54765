// conv2d and its gradients through cuDNN. What cuDNN does not fuse (masks of one bit, pooling with
// winners, the gradient through both) is left to the hand-written kernels.
#include <memory>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/conv2d.cuh"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/cudnn/convolutions.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/tensor_cores.h"

namespace gramgrad::cuda {
namespace cudnn {
namespace {

ConvolutionKey key_of(ConvolutionPass pass, const Conv2dParams& params, const Shape& x,
                      const Shape& w) {
  return {.pass = pass,
          .batch = x[0],
          .height = x[1],
          .width = x[2],
          .in_channels = x[3],
          .out_channels = w[0],
          .kernel_height = w[1],
          .kernel_width = w[2],
          .stride = params.stride,
          .padding = params.padding};
}

// cuDNN reads through pointers that it does not promise to leave alone.
void* address(const float* data) {
  return const_cast<float*>(data);
}

// On the device of `like`.
void run(const ConvolutionKey& key, const ConvolutionTensors& tensors, const Tensor& like) {
  stream_of(like);  // makes the GPU current
  Convolutions& convolutions = *like.device().state().backend<Backend>().convolutions;
  const Scratch<std::byte> workspace(like, convolutions.workspace_bytes(key));
  convolutions.run(key, tensors, workspace.data());
}

void conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
            const Conv2dOutputs& outputs) {
  check_conv2d(params, x, w, bias, outputs);
  const Shape full = conv2d_output_shape(params, x.shape(), w.shape());
  expect_small(full);
  ConvolutionKey key = key_of(ConvolutionPass::forward, params, x.shape(), w.shape());
  key.bias = bias.defined();
  key.relu = params.relu;
  float* y = data_or_null<float>(outputs.y);
  const Scratch<float> unwanted(x, y == nullptr ? full.size() : 0);
  y = y == nullptr ? unwanted.data() : y;
  run(key,
      {.x = address(x.data<float>()),
       .w = address(w.data<float>()),
       .y = y,
       .bias = address(data_or_null<float>(&bias))},
      x);
  write_masks_and_pool(params, full, stream_of(x), y, outputs);
}

void conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                           const Tensor& w, Tensor& dx, WriteMode mode) {
  check_conv2d_backward_input(params, gradients, w, dx);
  const OutputGradient dz(params, gradients, conv2d_output_shape(params, dx.shape(), w.shape()), w);
  ConvolutionKey key = key_of(ConvolutionPass::backward_input, params, dx.shape(), w.shape());
  key.accumulate = adds(mode);
  run(key, {.x = dx.data<float>(), .w = address(w.data<float>()), .y = address(dz.data())}, dx);
}

void conv2d_backward_weight(const Conv2dParams& params, const Conv2dGradients& gradients,
                            const Tensor& x, Tensor& dw, Tensor& dbias, WriteMode mode) {
  check_conv2d_backward_weight(params, gradients, x, dw, dbias);
  const OutputGradient dz(params, gradients, conv2d_output_shape(params, x.shape(), dw.shape()), x);
  ConvolutionKey key = key_of(ConvolutionPass::backward_weight, params, x.shape(), dw.shape());
  key.accumulate = adds(mode);
  run(key, {.x = address(x.data<float>()), .w = dw.data<float>(), .y = address(dz.data())}, dw);
  if (dbias.defined()) {
    add_bias_gradient(dz, dbias, mode);
  }
}

}  // namespace
}  // namespace cudnn

Ops tf32_ops(Backend& backend, CudaPlans plans) {
  const CurrentGpu current(backend.ordinal());
  backend.convolutions =
      std::make_shared<cudnn::Convolutions>(backend.stream(), cudnn::Math::tf32, plans);
  Ops ops = cuda_ops();
  ops.conv2d = cudnn::conv2d;
  ops.conv2d_backward_input = cudnn::conv2d_backward_input;
  ops.conv2d_backward_weight = cudnn::conv2d_backward_weight;
  int major = 0;
  expect_success(
      cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, backend.ordinal()),
      "asking for the compute capability");
  if (major >= 8) {
    use_tensor_cores(ops);
  }
  return ops;
}

}  // namespace gramgrad::cuda
