// conv2d and its gradients through cuDNN. What cuDNN does not fuse (masks of one bit, pooling with
// winners, the gradient through both) is left to the hand-written kernels, and so is the whole
// convolution where cuDNN has no engine for it, such as for bf16 before compute capability 8.0.
#include <memory>

#include "kernels/check.h"
#include "kernels/cuda/backend.h"
#include "kernels/cuda/conv2d.cuh"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/cudnn/convolutions.h"
#include "kernels/cuda/mixed_gradient.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/tensor_cores.h"

namespace gramgrad::cuda {
namespace cudnn {
namespace {

ConvolutionKey key_of(ConvolutionPass pass, const Conv2dParams& params, DType dtype, const Shape& x,
                      const Shape& w) {
  return {.pass = pass,
          .dtype = dtype,
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
template <typename T>
void* address(const T* data) {
  return const_cast<T*>(data);
}

Convolutions& convolutions_of(const Tensor& tensor) {
  stream_of(tensor);  // makes the GPU current
  return *tensor.device().state().backend<Backend>().convolutions;
}

// On the device of `like`.
void run(const ConvolutionKey& key, const ConvolutionTensors& tensors, const Tensor& like) {
  Convolutions& convolutions = convolutions_of(like);
  const Scratch<std::byte> workspace(like, convolutions.workspace_bytes(key));
  convolutions.run(key, tensors, workspace.data());
}

void conv2d(const Conv2dParams& params, const Tensor& x, const Tensor& w, const Tensor& bias,
            const Conv2dOutputs& outputs) {
  check_conv2d(params, x, w, bias, outputs);
  const Shape full = conv2d_output_shape(params, x.shape(), w.shape());
  expect_small(full);
  ConvolutionKey key = key_of(ConvolutionPass::forward, params, x.dtype(), x.shape(), w.shape());
  key.bias = bias.defined();
  key.relu = params.relu;
  if (!convolutions_of(x).has_plan(key)) {
    cuda::conv2d(params, x, w, bias, outputs);
    return;
  }
  with_map_type(x, [&]<typename T>(T) {
    T* y = data_or_null<T>(outputs.y);
    const Scratch<T> unwanted(x, y == nullptr ? full.size() : 0);
    y = y == nullptr ? unwanted.data() : y;
    run(key,
        {.x = address(x.data<T>()),
         .w = address(w.data<T>()),
         .y = y,
         .bias = address(data_or_null<T>(&bias))},
        x);
    write_masks_and_pool(params, full, stream_of(x), y, outputs);
  });
}

void conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                           const Tensor& w, Tensor& dx, WriteMode mode) {
  check_conv2d_backward_input(params, gradients, w, dx);
  ConvolutionKey key =
      key_of(ConvolutionPass::backward_input, params, dx.dtype(), dx.shape(), w.shape());
  key.accumulate = adds(mode);
  if (!convolutions_of(dx).has_plan(key)) {
    cuda::conv2d_backward_input(params, gradients, w, dx, mode);
    return;
  }
  const Shape full = conv2d_output_shape(params, dx.shape(), w.shape());
  with_map_type(dx, [&]<typename T>(T) {
    const OutputGradient<T> dz(params, gradients, full, w);
    run(key, {.x = dx.data<T>(), .w = address(w.data<T>()), .y = address(dz.data())}, dx);
  });
}

void conv2d_backward_weight(const Conv2dParams& params, const Conv2dGradients& gradients,
                            const Tensor& x, Tensor& dw, Tensor& dbias, WriteMode mode) {
  check_conv2d_backward_weight(params, gradients, x, dw, dbias);
  ConvolutionKey key =
      key_of(ConvolutionPass::backward_weight, params, x.dtype(), x.shape(), dw.shape());
  key.accumulate = adds(mode);
  if (!convolutions_of(x).has_plan(key)) {
    cuda::conv2d_backward_weight(params, gradients, x, dw, dbias, mode);
    return;
  }
  const OutputGradient<float> dz(params, gradients,
                                 conv2d_output_shape(params, x.shape(), dw.shape()), x);
  run(key, {.x = address(x.data<float>()), .w = dw.data<float>(), .y = address(dz.data())}, dw);
  if (dbias.defined()) {
    add_bias_gradient(dz, dbias, mode);
  }
}

void mixed_conv2d_backward_input(const Conv2dParams& params, const Conv2dGradients& gradients,
                                 const Tensor& w, Tensor& dx, WriteMode mode) {
  cuda::mixed_conv2d_backward_input(conv2d_backward_input, params, gradients, w, dx, mode);
}

}  // namespace
}  // namespace cudnn

Ops tensor_core_ops(Backend& backend, Math math, CudaPlans plans) {
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
  if (math == Math::mixed) {
    check(major >= 8,
          "device cuda:{}: mixed needs compute capability 8.0, where GPUs begin to multiply bf16; "
          "use tf32 or f32",
          backend.ordinal());
    ops.conv2d_backward_input = cudnn::mixed_conv2d_backward_input;
  }
  return ops;
}

}  // namespace gramgrad::cuda
