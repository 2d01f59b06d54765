// Pictures as tensors and back.
#include "apps/support/picture_tensor.h"

#include <algorithm>

namespace gramgrad::apps {
namespace {

Tensor to_tensor(const std::vector<float>& values, const Image& image, std::int64_t channels,
                 const Device& device, DType dtype) {
  return Tensor::from_host<float>(device, {1, image.height, image.width, channels}, dtype, values);
}

std::vector<float> clamped(const Tensor& tensor) {
  std::vector<float> values = tensor.to_host<float>();
  for (float& value : values) {
    value = std::clamp(value, 0.0F, 1.0F);
  }
  return values;
}

}  // namespace

Tensor colour_tensor(const Image& image, const Device& device, DType dtype) {
  return to_tensor(image.pixels, image, 3, device, dtype);
}

Tensor alpha_tensor(const Image& image, const Device& device, DType dtype) {
  return image.alpha.empty() ? Tensor() : to_tensor(image.alpha, image, 1, device, dtype);
}

Image to_image(const Tensor& colours, const Tensor& alpha) {
  Image image;
  image.height = static_cast<int>(colours.shape()[1]);
  image.width = static_cast<int>(colours.shape()[2]);
  image.pixels = clamped(colours);
  if (alpha.defined()) {
    image.alpha = clamped(alpha);
  }
  return image;
}

}  // namespace gramgrad::apps
