// Pictures as tensors and back.
#pragma once

#include "apps/support/image.h"
#include "kernels/tensor.h"

namespace gramgrad::apps {

// The colours, [1, height, width, 3], values as they are.
Tensor colour_tensor(const Image& image, const Device& device, DType dtype);
// The alpha, [1, height, width, 1]; undefined where the image is opaque.
Tensor alpha_tensor(const Image& image, const Device& device, DType dtype);

// A picture from colours [1, H, W, 3] and, unless undefined, alpha [1, H, W, 1], both cut to
// [0, 1]. Synchronises.
Image to_image(const Tensor& colours, const Tensor& alpha);

}  // namespace gramgrad::apps
