// The tag is read by libexif; the eight cases are one table of index maps.
#include "apps/support/exif_orientation.h"

#include <libexif/exif-data.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace gramgrad::apps {
namespace {

struct UnrefExif {
  void operator()(ExifData* data) const { exif_data_unref(data); }
};

struct Position {
  int x;
  int y;
};

// Where, in a stored picture of `width` x `height`, the upright picture's pixel (x, y) lies.
Position stored_position(int orientation, int width, int height, int x, int y) {
  switch (orientation) {
    case 2:
      return {width - 1 - x, y};  // mirrored
    case 3:
      return {width - 1 - x, height - 1 - y};  // upside down
    case 4:
      return {x, height - 1 - y};  // mirrored upside down
    case 5:
      return {y, x};  // transposed
    case 6:
      return {y, height - 1 - x};  // to be turned clockwise
    case 7:
      return {width - 1 - y, height - 1 - x};  // transposed along the other diagonal
    case 8:
      return {width - 1 - y, x};  // to be turned anticlockwise
    default:
      return {x, y};
  }
}

// `plane` is [height, width, channels]; the result is upright.
std::vector<float> upright(const std::vector<float>& plane, int width, int height,
                           std::size_t channels, int orientation) {
  const bool swapped = orientation >= 5;
  const int out_width = swapped ? height : width;
  const int out_height = swapped ? width : height;
  std::vector<float> out(plane.size());
  auto to = out.begin();
  for (int y = 0; y < out_height; ++y) {
    for (int x = 0; x < out_width; ++x) {
      const Position from = stored_position(orientation, width, height, x, y);
      const std::size_t pixel = static_cast<std::size_t>(from.y) * static_cast<std::size_t>(width) +
                                static_cast<std::size_t>(from.x);
      to = std::copy_n(plane.data() + pixel * channels, channels, to);
    }
  }
  return out;
}

}  // namespace

int exif_orientation(const std::vector<unsigned char>& exif) {
  constexpr std::string_view header("Exif\0\0", 6);  // PNG's eXIf chunk leaves it out
  std::vector<unsigned char> block = exif;
  if (!std::equal(header.begin(), header.end(), block.begin(),
                  block.begin() + static_cast<long>(std::min(header.size(), block.size())))) {
    block.insert(block.begin(), header.begin(), header.end());
  }
  const std::unique_ptr<ExifData, UnrefExif> data(
      exif_data_new_from_data(block.data(), static_cast<unsigned int>(block.size())));
  if (data == nullptr) {
    return 1;
  }
  const ExifEntry* entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) {
    return 1;
  }
  const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

void make_upright(Image& image, int orientation) {
  if (orientation <= 1 || orientation > 8) {
    return;
  }
  image.pixels = upright(image.pixels, image.width, image.height, 3, orientation);
  if (!image.alpha.empty()) {
    image.alpha = upright(image.alpha, image.width, image.height, 1, orientation);
  }
  if (orientation >= 5) {
    std::swap(image.width, image.height);
  }
}

}  // namespace gramgrad::apps
