// The text chunks of a PNG file.
#include <png.h>

#include "apps/support/file_bytes.h"
#include "apps/support/png_file.h"
#include "apps/support/png_reader.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

// tEXt and zTXt are Latin-1, whose characters are the first 256 of Unicode.
std::string utf8_of_latin1(std::string_view text) {
  std::string utf8;
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (code < 0x80) {
      utf8 += character;
    } else {
      utf8 += static_cast<char>(0xC0 | (code >> 6));
      utf8 += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return utf8;
}

}  // namespace

std::map<std::string, std::string> read_png_text(const std::string& path) {
  constexpr std::size_t max_file_bytes = std::size_t{4} << 30;
  const std::vector<unsigned char> bytes = read_file(path, max_file_bytes);
  check(is_png(bytes), "{}: is not a PNG file, so it carries no recipe; name a PNG file", path);
  PngReader reader(path, bytes, /*max_chunk_bytes=*/8 << 20, /*max_chunks=*/32);
  reader.run([&reader] { png_read_info(reader.png(), reader.info()); });

  png_textp chunks = nullptr;
  int count = 0;
  png_get_text(reader.png(), reader.info(), &chunks, &count);
  std::map<std::string, std::string> text;
  for (int i = 0; i < count; ++i) {
    const png_text& chunk = chunks[i];
    const bool international = chunk.compression >= PNG_ITXT_COMPRESSION_NONE;
    const std::size_t length = international ? chunk.itxt_length : chunk.text_length;
    const std::string_view value(chunk.text, length);
    text.emplace(utf8_of_latin1(chunk.key),
                 international ? std::string(value) : utf8_of_latin1(value));
  }
  return text;
}

}  // namespace gramgrad::apps
