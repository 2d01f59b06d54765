// Convolutions as products of matrices whose elements lie in the maps themselves (implicit GEMM).
#pragma once

#include "kernels/cuda/map_gradient.cuh"
#include "kernels/cuda/matmul.cuh"

namespace gramgrad::cuda {

struct Conv2dGeometry {
  int stride, padding;
  int batch, in_height, in_width, in_channels;
  int out_channels, kernel_height, kernel_width;
  int out_height, out_width;

  int in_pixels() const { return batch * in_height * in_width; }
  int out_pixels() const { return batch * out_height * out_width; }
  // Terms of one output element.
  int patch() const { return kernel_height * kernel_width * in_channels; }
};

Conv2dGeometry conv2d_geometry(const Conv2dParams& params, const Shape& x, const Shape& w);

// Masks and pooling of the map `y` [full], which has been clipped where params.relu. T: float or
// Bf16, here and below.
template <typename T>
void write_masks_and_pool(const Conv2dParams& params, const Shape& full, Stream stream, T* y,
                          const Conv2dOutputs& outputs);

// Where an element lies in a window.
struct KernelPosition {
  int kh, kw, channel;
};
__device__ inline KernelPosition kernel_position(int k, int kernel_width, int channels) {
  return {k / channels / kernel_width, k / channels % kernel_width, k % channels};
}

// The input pixels that output pixels see: patch(pixel, k), with k = (kh, kw, channel). Zero in the
// padding.
template <typename T>
struct Patches {
  Conv2dGeometry g;
  const T* x;

  struct Corner {  // of an output pixel's window; may lie in the padding
    int image, top, left;
  };
  __device__ Corner corner(int out_pixel) const {
    return {out_pixel / g.out_width / g.out_height,
            out_pixel / g.out_width % g.out_height * g.stride - g.padding,
            out_pixel % g.out_width * g.stride - g.padding};
  }
  __device__ float at(const Corner& corner, const KernelPosition& position) const {
    const int h = corner.top + position.kh;
    const int w = corner.left + position.kw;
    if (h < 0 || h >= g.in_height || w < 0 || w >= g.in_width) {
      return 0;
    }
    const Index pixel = (static_cast<Index>(corner.image) * g.in_height + h) * g.in_width + w;
    return to_f32(x[pixel * g.in_channels + position.channel]);
  }
};

// What flows back to the map y that the convolution made.
template <typename T>
MapGradient<T> map_gradient(const Conv2dGradients& gradients, const Shape& y);

// dz = relu_mask * (dy + unpool(dpooled)): dy itself where there is neither mask nor pool, else
// scratch memory that lives as long as this object.
template <typename T>
class OutputGradient {
 public:
  OutputGradient(const Conv2dParams& params, const Conv2dGradients& gradients, const Shape& y,
                 const Tensor& like);
  const T* data() const { return dz_; }
  const Shape& shape() const { return shape_; }

 private:
  Shape shape_;
  Scratch<T> scratch_;
  const T* dz_;
};

// dbias (+)= dz summed over images and pixels.
void add_bias_gradient(const OutputGradient<float>& dz, Tensor& dbias, WriteMode mode);

}  // namespace gramgrad::cuda
