// Chooses the format; the formats know nothing of each other.
#include "apps/support/image_file.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <new>
#include <string_view>

#include "apps/support/colour_profile.h"
#include "apps/support/exif_orientation.h"
#include "apps/support/file_bytes.h"
#include "apps/support/jpeg_file.h"
#include "apps/support/png_file.h"
#include "kernels/check.h"
#include "nn/atomic_file.h"

namespace gramgrad::apps {
namespace {

using Bytes = std::vector<unsigned char>;

enum class Format { png, jpeg };

Format format_of_extension(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (extension == ".png") {
    return Format::png;
  }
  check(extension == ".jpg" || extension == ".jpeg",
        "{}: pictures are written as .png, .jpg or .jpeg; end the path in one of these", path);
  return Format::jpeg;
}

// The first bytes, made printable.
std::string beginning_of(const Bytes& bytes) {
  constexpr std::size_t shown = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, bytes.size()); ++i) {
    text += bytes[i] >= ' ' && bytes[i] <= '~' ? std::string(1, static_cast<char>(bytes[i]))
                                               : fmt::format("\\x{:02x}", bytes[i]);
  }
  return text;
}

// The names of formats that people are likely to try; "" for anything else.
std::string_view known_format(const Bytes& bytes) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                               std::min<std::size_t>(bytes.size(), 16));
  const auto at = [&](std::size_t offset, std::string_view word) {
    return start.size() >= offset && start.substr(offset).starts_with(word);
  };
  if (at(0, "RIFF") && at(8, "WEBP")) {
    return "WebP";
  }
  if (at(0, "GIF8")) {
    return "GIF";
  }
  if (at(0, "II*") || at(0, "MM")) {
    return "TIFF or raw";
  }
  if (at(4, "ftyp")) {
    return "HEIC or AVIF";
  }
  if (at(0, "BM")) {
    return "BMP";
  }
  return "";
}

[[noreturn]] void fail_unknown(const std::string& path, const Bytes& bytes) {
  const std::string_view name = known_format(bytes);
  check(name.empty(), "{}: is a {} picture; convert it to PNG or JPEG first", path, name);
  fail("{}: is not a PNG or JPEG picture: it starts with '{}'; name another file", path,
       beginning_of(bytes));
}

DecodedPicture decode(const std::string& path) {
  constexpr std::size_t max_file_bytes = std::size_t{4} << 30;
  const Bytes bytes = read_file(path, max_file_bytes);
  if (is_png(bytes)) {
    return decode_png(path, bytes);
  }
  if (is_jpeg(bytes)) {
    return decode_jpeg(path, bytes);
  }
  fail_unknown(path, bytes);
}

void encode(const std::string& path, std::FILE* file, const Image& image,
            const WriteOptions& options) {
  if (format_of_extension(path) == Format::png) {
    encode_png(path, file, image, options.bits, options.text);
  } else if (image.alpha.empty()) {
    encode_jpeg(path, file, image, options.jpeg_quality, options.text);
  } else {
    Image opaque = image;
    composite_over(opaque, 1.0F, 1.0F, 1.0F);
    encode_jpeg(path, file, opaque, options.jpeg_quality, options.text);
  }
}

}  // namespace

LoadedImage read_image(const std::string& path) try {
  DecodedPicture picture = decode(path);
  LoadedImage loaded;
  loaded.image = to_srgb(picture);
  make_upright(loaded.image, exif_orientation(picture.exif));
  for (const std::string& warning : picture.warnings) {
    loaded.warnings.push_back(fmt::format("{}: {}", path, warning));
  }
  return loaded;
} catch (const std::bad_alloc&) {
  fail("{}: too little memory for this picture; scale it down first", path);
}

void write_image(const std::string& path, const Image& image, const WriteOptions& options) {
  format_of_extension(path);
  check_image(path, image);
  nn::AtomicFile file(path);
  encode(path, file.stream(), image, options);
  file.commit();
}

void check_image_output(const std::string& path) {
  format_of_extension(path);
  nn::check_writable(path);
}

}  // namespace gramgrad::apps
