// ReLU, and the bit mask that its gradient needs: bit (c % 8) of byte c/8 of a pixel is y > 0.
#include "kernels/cuda/relu.cuh"

#include "kernels/cuda/cuda_ops.h"

namespace gramgrad::cuda {
namespace {

constexpr unsigned warps_per_block = threads_per_block / warp_size;

// A warp takes 32 channels of one pixel; its vote is four bytes of the mask. Bits beyond the last
// channel are 0. The comparison is false for NaN, which therefore stays.
template <typename T>
__global__ void relu_kernel(const T* x, T* y, std::uint8_t* mask, Index pixels, unsigned channels) {
  const unsigned lane = threadIdx.x % warp_size;
  const Index stride = static_cast<Index>(gridDim.x) * warps_per_block;
  const unsigned bytes = ceil_div(channels, 8U);
  for (Index pixel = static_cast<Index>(blockIdx.x) * warps_per_block + threadIdx.x / warp_size;
       pixel < pixels; pixel += stride) {
    for (unsigned first = 0; first < channels; first += warp_size) {
      const unsigned channel = first + lane;
      float value = 0;
      if (channel < channels) {
        value = to_f32(x[pixel * channels + channel]);
        value = value <= 0 ? 0 : value;
        store(y[pixel * channels + channel], value, false);
      }
      const unsigned bits = __ballot_sync(all_lanes, value > 0);
      const unsigned byte = first / 8 + lane;
      if (mask != nullptr && lane < 4 && byte < bytes) {
        mask[pixel * bytes + byte] = static_cast<std::uint8_t>(bits >> (8 * lane));
      }
    }
  }
}

}  // namespace

template <typename T>
void launch_relu(Stream stream, const T* x, T* y, std::uint8_t* mask, Index pixels,
                 Index channels) {
  if (pixels > 0 && channels > 0) {
    launch(relu_kernel<T>, blocks_for(pixels * warp_size), threads_per_block, stream, x, y, mask,
           pixels, static_cast<unsigned>(channels));
  }
}

template void launch_relu(Stream, const float*, float*, std::uint8_t*, Index, Index);
template void launch_relu(Stream, const Bf16*, Bf16*, std::uint8_t*, Index, Index);

void relu(const Tensor& x, Tensor& y, Tensor* mask) {
  check_relu(x, y, mask);
  const Shape& shape = x.shape();
  with_map_type(x, [&]<typename T>(T) {
    launch_relu(stream_of(x), x.data<T>(), y.data<T>(), data_or_null<std::uint8_t>(mask),
                shape[0] * shape[1] * shape[2], shape[3]);
  });
}

}  // namespace gramgrad::cuda
