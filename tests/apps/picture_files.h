// Picture files for tests, made without the code under test: PNG byte by byte over zlib, so that
// any field can be wrong, and JPEG by plain libjpeg calls.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <cstdio>
// jpeglib.h needs FILE and does not include it.
#include <jpeglib.h>

namespace gramgrad::apps {

// A directory that is removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  std::vector<std::string> names() const;  // of the files in it, sorted

 private:
  std::string path_;
};

std::string read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::string& bytes);

// The message of the Error that reading `path` throws; "" if it is read.
std::string reading_error(const std::string& path);

struct PngChunk {
  std::string type;  // four letters
  std::string data;
};

struct PngSpec {
  int width = 0;
  int height = 0;
  int bits = 8;
  int colour_type = 2;  // 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
  bool interlaced = false;
  std::vector<unsigned> samples;        // [height, width, channels], below 2^bits
  std::vector<PngChunk> before_pixels;  // in the order given
};

std::string deflate(const std::string& data);  // a zlib stream
std::string big_endian(std::uint32_t value, int bytes);
std::string png_chunk(const PngChunk& chunk);  // with length and CRC
std::string png_file(const std::vector<PngChunk>& chunks);
std::string png_file(const PngSpec& spec);
std::vector<PngChunk> parse_png(const std::string& bytes);

// An EXIF block, "Exif\0\0" included, with nothing but the orientation.
std::string exif_block(int orientation, bool little_endian);

struct JpegSpec {
  int width = 0;
  int height = 0;
  J_COLOR_SPACE given = JCS_RGB;  // of `samples`
  J_COLOR_SPACE stored = JCS_YCbCr;
  int quality = 100;
  bool progressive = false;
  bool adobe_marker = false;
  std::string samples;  // [height, width, channels], as they go to libjpeg
  std::string exif;
  std::string profile;
};

std::string jpeg_file(const JpegSpec& spec);

}  // namespace gramgrad::apps
