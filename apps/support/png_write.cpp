// Image to PNG.
#include <png.h>

#include <cerrno>
#include <cstring>

#include "apps/support/c_error_trap.h"
#include "apps/support/png_file.h"
#include "apps/support/quantise.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

void on_error(png_structp png, png_const_charp message) {
  static_cast<CErrorTrap*>(png_get_error_ptr(png))->raise(message);
}

void on_warning(png_structp png, png_const_charp message) {
  static_cast<CErrorTrap*>(png_get_error_ptr(png))->warn(message);
}

void on_write(png_structp png, png_bytep from, png_size_t count) {
  if (std::fwrite(from, 1, count, static_cast<std::FILE*>(png_get_io_ptr(png))) != count) {
    png_error(png, std::strerror(errno));
  }
}

void on_flush(png_structp /*png*/) {}  // AtomicFile::commit flushes

// libpng's writing structures, freed in any case.
struct PngWriter {
  explicit PngWriter(std::FILE* file) {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &trap, on_error, on_warning);
    info = png == nullptr ? nullptr : png_create_info_struct(png);
    if (png != nullptr) {
      png_set_write_fn(png, file, on_write, on_flush);
    }
  }
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;

  CErrorTrap trap;
  png_structp png = nullptr;
  png_infop info = nullptr;
};

void check_key(const std::string& path, const std::string& key) {
  const bool printable = std::all_of(key.begin(), key.end(),
                                     [](char letter) { return letter >= ' ' && letter <= '~'; });
  check(printable && !key.empty() && key.size() <= 79 && key.front() != ' ' && key.back() != ' ' &&
            key.find("  ") == std::string::npos,
        "{}: '{}' cannot name a PNG text; use 1 to 79 printable ASCII characters", path, key);
}

// The chunks point into `text`, which must outlive them.
std::vector<png_text> text_chunks(const std::string& path,
                                  const std::map<std::string, std::string>& text) {
  constexpr std::size_t compress_above = 1024;
  static char no_language[] = "";
  std::vector<png_text> chunks;
  for (const auto& [key, value] : text) {
    check_key(path, key);
    check(value.find('\0') == std::string::npos, "{}: the PNG text '{}' holds a zero byte", path,
          key);
    png_text chunk{};
    chunk.compression =
        value.size() > compress_above ? PNG_ITXT_COMPRESSION_zTXt : PNG_ITXT_COMPRESSION_NONE;
    chunk.key = const_cast<char*>(key.c_str());  // libpng's structure is for reading as well
    chunk.text = const_cast<char*>(value.c_str());
    chunk.lang = no_language;
    chunk.lang_key = no_language;
    chunks.push_back(chunk);
  }
  return chunks;
}

png_byte* put(png_byte* to, float value, int bits) {
  if (bits == 16) {
    const unsigned wide = quantise(value, 65535);
    *to++ = static_cast<png_byte>(wide >> 8);
    *to++ = static_cast<png_byte>(wide & 0xFF);
  } else {
    *to++ = static_cast<png_byte>(quantise(value, 255));
  }
  return to;
}

void fill_row(const Image& image, int y, int bits, png_byte* to) {
  const auto width = static_cast<std::size_t>(image.width);
  const std::size_t first = static_cast<std::size_t>(y) * width;
  for (std::size_t pixel = first; pixel < first + width; ++pixel) {
    for (std::size_t c = 0; c < 3; ++c) {
      to = put(to, image.pixels[3 * pixel + c], bits);
    }
    if (!image.alpha.empty()) {
      to = put(to, image.alpha[pixel], bits);
    }
  }
}

}  // namespace

void encode_png(const std::string& path, std::FILE* file, const Image& image, int bits,
                const std::map<std::string, std::string>& text) {
  check(bits == 8 || bits == 16, "{}: PNG is written with 8 or 16 bits a channel, not {}", path,
        bits);
  const std::vector<png_text> chunks = text_chunks(path, text);
  const int channels = image.alpha.empty() ? 3 : 4;
  std::vector<png_byte> row_bytes(static_cast<std::size_t>(image.width * channels * bits / 8));
  png_byte* const row = row_bytes.data();
  PngWriter writer(file);
  check(writer.info != nullptr, "{}: libpng cannot start: out of memory", path);

  const bool written = writer.trap.run([&writer, &image, &chunks, bits, channels, row] {
    png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width),
                 static_cast<png_uint_32>(image.height), bits,
                 channels == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB_gAMA_and_cHRM(writer.png, writer.info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_set_text(writer.png, writer.info, chunks.data(), static_cast<int>(chunks.size()));
    png_write_info(writer.png, writer.info);
    for (int y = 0; y < image.height; ++y) {
      fill_row(image, y, bits, row);
      png_write_row(writer.png, row);
    }
    png_write_end(writer.png, writer.info);
  });
  check(written, "{}: cannot be written ({}); free some space or choose another path", path,
        writer.trap.message());
}

}  // namespace gramgrad::apps
