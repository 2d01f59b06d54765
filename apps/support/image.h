// A picture in memory, as every part of the program exchanges it.
//
// Values are sRGB-encoded (not linear light), f32 in [0, 1], channels interleaved: the layout and
// encoding that VGG was trained on and that PNG and JPEG store.
//
// Transparency. `alpha` is carried beside the colours and never multiplied into them. The policy of
// the program: the alpha of a content picture is copied to the output, and a style picture is
// composited over mid grey (0.5, 0.5, 0.5) before its statistics are taken, so that the colours
// hidden under transparent pixels do not become style. Callers do both; this header provides
// `composite_over`.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gramgrad::apps {

struct Image {
  int width = 0;   // in pixels
  int height = 0;  // in pixels
  int channels = 3;
  std::vector<float> pixels;  // [height, width, channels], RGB
  std::vector<float> alpha;   // [height, width], 1 = opaque; empty when every pixel is opaque

  std::size_t pixel_count() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
};

// The largest pictures that are read or written: any side, and all pixels together.
inline constexpr long max_image_side = 65535;
inline constexpr long max_image_pixels = 1L << 28;  // 268 million

// Throws Error, naming `path`, if no picture of `width` x `height` may be read or written.
void check_image_size(const std::string& path, long width, long height);

// Throws Error, naming `path`, unless `image` has three channels, vectors of the sizes that its
// width and height ask for, and finite values only.
void check_image(const std::string& path, const Image& image);

// Lays `image` over the opaque colour (red, green, blue), given in [0, 1] and sRGB-encoded, and
// drops its alpha: out = alpha * colour + (1 - alpha) * background. Mixes encoded values, as
// browsers and picture editors do. Does nothing to an opaque picture.
void composite_over(Image& image, float red, float green, float blue);

}  // namespace gramgrad::apps
