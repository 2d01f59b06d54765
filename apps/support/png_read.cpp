// PNG to DecodedPicture.
#include <png.h>

#include <algorithm>
#include <cstddef>

#include "apps/support/png_file.h"
#include "apps/support/png_reader.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

constexpr std::size_t signature_bytes = 8;

// Text is not wanted here, and compressed text could be made to fill the memory.
void ignore_text(png_structp png) {
  static constexpr png_byte names[] = "tEXt\0zTXt\0iTXt";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, 3);
}

// Reads the chunks before the pixels and asks libpng for 8 or 16 bits of grey, grey and alpha, RGB
// or RGBA; returns the number of interlacing passes.
int read_header(PngReader& reader) {
  int passes = 1;
  reader.run([&reader, &passes] {
    ignore_text(reader.png());
    png_read_info(reader.png(), reader.info());
    png_set_expand(reader.png());  // palettes, less than 8 bits, tRNS
    passes = png_set_interlace_handling(reader.png());
  });
  return passes;
}

// Deflate shortens by at most 1032 (zlib's documentation), so a small file that claims a huge
// picture is found out before memory is taken for it.
void check_plausible(const std::string& path, std::size_t pixel_bytes, std::size_t file_bytes) {
  constexpr std::size_t best_ratio = 1032;
  check(pixel_bytes / best_ratio <= file_bytes,
        "{}: the PNG file is damaged or cut off ({} bytes cannot hold such a large picture); copy "
        "or export the picture again",
        path, file_bytes);
}

void read_colour_fields(PngReader& reader, DecodedPicture& picture) {
  png_structp png = reader.png();
  png_infop info = reader.info();
  png_charp name = nullptr;
  png_bytep profile = nullptr;
  png_uint_32 length = 0;
  int method = 0;
  if (png_get_iCCP(png, info, &name, &method, &profile, &length) != 0) {
    picture.profile.assign(profile, profile + length);
    return;
  }
  int intent = 0;
  if (png_get_sRGB(png, info, &intent) != 0) {
    return;
  }
  double gamma = 0;
  if (png_get_gAMA(png, info, &gamma) != 0 && gamma > 0) {
    picture.file_gamma = gamma;
  }
  std::array<double, 8> xy{};
  if (png_get_cHRM(png, info, &xy[0], &xy[1], &xy[2], &xy[3], &xy[4], &xy[5], &xy[6], &xy[7]) !=
      0) {
    picture.chromaticities = xy;
  }
}

float sample(const png_byte* bytes, std::size_t index, bool wide) {
  if (!wide) {
    return static_cast<float>(bytes[index]) / 255.0F;
  }
  const int value = 256 * bytes[2 * index] + bytes[2 * index + 1];  // PNG is big-endian
  return static_cast<float>(value) / 65535.0F;
}

// The rows as libpng leaves them, [height, row_bytes]; all at once, as interlacing needs them.
std::vector<png_byte> read_rows(PngReader& reader, int passes, std::size_t row_bytes, int height) {
  std::vector<png_byte> bytes(row_bytes * static_cast<std::size_t>(height));
  png_byte* const start = bytes.data();
  reader.run([&reader, passes, row_bytes, height, start] {
    for (int pass = 0; pass < passes; ++pass) {
      for (int y = 0; y < height; ++y) {
        png_read_row(reader.png(), start + static_cast<std::size_t>(y) * row_bytes, nullptr);
      }
    }
    png_read_end(reader.png(), reader.info());
  });
  return bytes;
}

void split_samples(const std::vector<png_byte>& bytes, bool wide, bool has_alpha,
                   DecodedPicture& picture) {
  const auto colours = static_cast<std::size_t>(picture.model);
  const std::size_t stride = colours + (has_alpha ? 1 : 0);
  const std::size_t count = bytes.size() / (stride * (wide ? 2 : 1));
  picture.samples.resize(count * colours);
  picture.alpha.resize(has_alpha ? count : 0);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t c = 0; c < colours; ++c) {
      picture.samples[i * colours + c] = sample(bytes.data(), i * stride + c, wide);
    }
    if (has_alpha) {
      picture.alpha[i] = sample(bytes.data(), i * stride + colours, wide);
    }
  }
}

}  // namespace

bool is_png(std::span<const unsigned char> bytes) {
  return bytes.size() >= signature_bytes && png_sig_cmp(bytes.data(), 0, signature_bytes) == 0;
}

DecodedPicture decode_png(const std::string& path, std::span<const unsigned char> bytes) {
  constexpr png_alloc_size_t max_chunk_bytes = 64 << 20;
  PngReader reader(path, bytes, max_chunk_bytes, /*max_chunks=*/16);
  const int passes = read_header(reader);
  const png_uint_32 width = png_get_image_width(reader.png(), reader.info());
  const png_uint_32 height = png_get_image_height(reader.png(), reader.info());
  check_image_size(path, width, height);
  check_plausible(path,
                  png_get_rowbytes(reader.png(), reader.info()) * static_cast<std::size_t>(height),
                  bytes.size());
  reader.run([&reader] { png_read_update_info(reader.png(), reader.info()); });

  DecodedPicture picture;
  picture.width = static_cast<int>(width);
  picture.height = static_cast<int>(height);
  const png_byte type = png_get_color_type(reader.png(), reader.info());
  picture.model = (type & PNG_COLOR_MASK_COLOR) != 0 ? ColourModel::rgb : ColourModel::grey;
  const std::size_t row_bytes = png_get_rowbytes(reader.png(), reader.info());
  const bool wide = png_get_bit_depth(reader.png(), reader.info()) == 16;
  split_samples(read_rows(reader, passes, row_bytes, picture.height), wide,
                (type & PNG_COLOR_MASK_ALPHA) != 0, picture);

  read_colour_fields(reader, picture);
  png_bytep exif = nullptr;
  png_uint_32 exif_bytes = 0;
  if (png_get_eXIf_1(reader.png(), reader.info(), &exif_bytes, &exif) != 0) {
    picture.exif.assign(exif, exif + exif_bytes);
  }
  if (*reader.warning() != '\0') {
    picture.warnings.push_back(fmt::format("the PNG file has a flaw: {}", reader.warning()));
  }
  return picture;
}

}  // namespace gramgrad::apps
