// Builders of picture files; errors of the libraries end the test program.
#include "picture_files.h"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "apps/support/image_file.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

const std::string png_signature = "\x89PNG\r\n\x1a\n";

int channels_of(int colour_type) {
  return colour_type == 2 ? 3 : colour_type == 4 ? 2 : colour_type == 6 ? 4 : 1;
}

// One pass of Adam7 (PNG specification, 8.2), or all pixels: {x0, y0, step x, step y}.
using Pass = std::array<int, 4>;

// The filter byte and the packed samples of each row of the pass.
std::string packed_pass(const PngSpec& spec, const Pass& pass) {
  const int channels = channels_of(spec.colour_type);
  std::string out;
  for (int y = pass[1]; y < spec.height && pass[0] < spec.width; y += pass[3]) {
    out += '\0';
    unsigned pending = 0;
    int pending_bits = 0;
    for (int x = pass[0]; x < spec.width; x += pass[2]) {
      for (int c = 0; c < channels; ++c) {
        const auto index = static_cast<std::size_t>((y * spec.width + x) * channels + c);
        pending = (pending << spec.bits) | spec.samples.at(index);
        pending_bits += spec.bits;
        while (pending_bits >= 8) {
          pending_bits -= 8;
          out += static_cast<char>((pending >> pending_bits) & 0xFF);
        }
      }
    }
    if (pending_bits > 0) {
      out += static_cast<char>((pending << (8 - pending_bits)) & 0xFF);
    }
  }
  return out;
}

std::string packed_pixels(const PngSpec& spec) {
  if (!spec.interlaced) {
    return packed_pass(spec, {0, 0, 1, 1});
  }
  const Pass adam7[7] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                         {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  std::string out;
  for (const Pass& pass : adam7) {
    out += packed_pass(spec, pass);
  }
  return out;
}

const JOCTET* octets(const std::string& data) {
  return reinterpret_cast<const JOCTET*>(data.data());
}

void set_colours(jpeg_compress_struct& codec, const JpegSpec& spec) {
  codec.in_color_space = spec.given;
  codec.input_components = spec.given == JCS_GRAYSCALE ? 1 : spec.given == JCS_CMYK ? 4 : 3;
  jpeg_set_defaults(&codec);
  jpeg_set_colorspace(&codec, spec.stored);
  codec.write_Adobe_marker = spec.adobe_marker ? TRUE : FALSE;
  jpeg_set_quality(&codec, spec.quality, TRUE);
  for (int c = 0; c < codec.num_components; ++c) {
    codec.comp_info[c].h_samp_factor = 1;
    codec.comp_info[c].v_samp_factor = 1;
  }
  if (spec.progressive) {
    jpeg_simple_progression(&codec);
  }
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "gramgrad_test_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make a temporary directory");
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TemporaryDirectory::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);  // some file systems flush a file that is overwritten: slow
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string reading_error(const std::string& path) try {
  read_image(path);
  return "";
} catch (const Error& error) {
  return error.what();
}

std::string deflate(const std::string& data) {
  uLongf size = compressBound(static_cast<uLong>(data.size()));
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(data.data()),
           static_cast<uLong>(data.size()));
  out.resize(size);
  return out;
}

std::string big_endian(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) {
    out += static_cast<char>((value >> (8 * i)) & 0xFF);
  }
  return out;
}

std::string png_chunk(const PngChunk& chunk) {
  const std::string body = chunk.type + chunk.data;
  const uLong crc =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(chunk.data.size()), 4) + body +
         big_endian(static_cast<std::uint32_t>(crc), 4);
}

std::string png_file(const std::vector<PngChunk>& chunks) {
  std::string out = png_signature;
  for (const PngChunk& chunk : chunks) {
    out += png_chunk(chunk);
  }
  return out;
}

std::string png_file(const PngSpec& spec) {
  std::string header = big_endian(static_cast<std::uint32_t>(spec.width), 4) +
                       big_endian(static_cast<std::uint32_t>(spec.height), 4);
  header += static_cast<char>(spec.bits);
  header += static_cast<char>(spec.colour_type);
  header += std::string(2, '\0');
  header += static_cast<char>(spec.interlaced ? 1 : 0);
  std::vector<PngChunk> chunks = {{"IHDR", header}};
  chunks.insert(chunks.end(), spec.before_pixels.begin(), spec.before_pixels.end());
  chunks.push_back({"IDAT", deflate(packed_pixels(spec))});
  chunks.push_back({"IEND", ""});
  return png_file(chunks);
}

std::vector<PngChunk> parse_png(const std::string& bytes) {
  std::vector<PngChunk> chunks;
  for (std::size_t at = png_signature.size(); at + 12 <= bytes.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      length = 256 * length + static_cast<unsigned char>(bytes[at + i]);
    }
    chunks.push_back({bytes.substr(at + 4, 4), bytes.substr(at + 8, length)});
    at += 12 + length;
  }
  return chunks;
}

std::string exif_block(int orientation, bool little_endian) {
  const auto number = [little_endian](std::uint32_t value, int bytes) {
    std::string text = big_endian(value, bytes);
    if (little_endian) {
      std::reverse(text.begin(), text.end());
    }
    return text;
  };
  return std::string("Exif\0\0", 6) + (little_endian ? "II" : "MM") + number(42, 2) +
         number(8, 4) +                                     // where the directory is
         number(1, 2) +                                     // it has one entry
         number(0x0112, 2) + number(3, 2) + number(1, 4) +  // orientation, one short
         number(static_cast<std::uint32_t>(orientation), 2) + number(0, 2) + number(0, 4);
}

std::string jpeg_file(const JpegSpec& spec) {
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &buffer, &size);
  codec.image_width = static_cast<JDIMENSION>(spec.width);
  codec.image_height = static_cast<JDIMENSION>(spec.height);
  set_colours(codec, spec);
  jpeg_start_compress(&codec, TRUE);
  if (!spec.exif.empty()) {
    jpeg_write_marker(&codec, JPEG_APP0 + 1, octets(spec.exif),
                      static_cast<unsigned>(spec.exif.size()));
  }
  if (!spec.profile.empty()) {
    jpeg_write_icc_profile(&codec, octets(spec.profile),
                           static_cast<unsigned>(spec.profile.size()));
  }
  std::string samples = spec.samples;
  const std::size_t stride = samples.size() / static_cast<std::size_t>(spec.height);
  for (std::size_t y = 0; y < static_cast<std::size_t>(spec.height); ++y) {
    JSAMPLE* rows[1] = {reinterpret_cast<JSAMPLE*>(samples.data() + y * stride)};
    jpeg_write_scanlines(&codec, rows, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  std::string out(reinterpret_cast<const char*>(buffer), size);
  std::free(buffer);
  return out;
}

}  // namespace gramgrad::apps
