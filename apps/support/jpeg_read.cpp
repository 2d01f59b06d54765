// JPEG to DecodedPicture.
#include <cstddef>
#include <cstdlib>

#include "apps/support/jpeg_errors.h"
#include "apps/support/jpeg_file.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

constexpr unsigned marker_length = 0xFFFF;  // whole markers
constexpr int exif_marker = JPEG_APP0 + 1;
constexpr int profile_marker = JPEG_APP0 + 2;

// Owns libjpeg's reading structures.
class JpegReader {
 public:
  explicit JpegReader(const std::string& path) : path_(path) {
    codec_.err = use_trap(manager_);
    codec_.client_data = &trap_;
    run([this] { jpeg_create_decompress(&codec_); });
  }
  ~JpegReader() { jpeg_destroy_decompress(&codec_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  // Runs `step`, which calls libjpeg and owns nothing (c_error_trap.h); throws Error if it fails.
  template <typename Step>
  void run(Step step) {
    check(trap_.run(step),
          "{}: the JPEG file is damaged, cut off or of an unusual kind ({}); copy or export the "
          "picture again",
          path_, trap_.message());
  }

  jpeg_decompress_struct& codec() { return codec_; }
  const char* warning() const { return trap_.warning(); }

 private:
  const std::string& path_;
  CErrorTrap trap_;
  jpeg_error_mgr manager_{};
  jpeg_decompress_struct codec_{};
};

void read_header(JpegReader& reader, std::span<const unsigned char> bytes) {
  reader.run([&reader, bytes] {
    jpeg_decompress_struct& codec = reader.codec();
    jpeg_mem_src(&codec, bytes.data(), static_cast<unsigned long>(bytes.size()));
    jpeg_save_markers(&codec, exif_marker, marker_length);
    jpeg_save_markers(&codec, profile_marker, marker_length);
    jpeg_read_header(&codec, TRUE);
  });
}

// Huffman coding spends at least one bit on each block of 8 x 8 pixels (its DC coefficient), so a
// small file that claims a huge picture is found out before memory is taken for it.
void check_plausible(const std::string& path, const jpeg_decompress_struct& codec,
                     std::size_t file_bytes) {
  const std::size_t pixels = std::size_t{codec.image_width} * codec.image_height;
  check(codec.arith_code != 0 || pixels / (64 * 8) <= file_bytes,
        "{}: the JPEG file is damaged or cut off ({} bytes cannot hold such a large picture); copy "
        "or export the picture again",
        path, file_bytes);
}

// What libjpeg can decode the file's colour space to without loss.
ColourModel choose_model(const std::string& path, jpeg_decompress_struct& codec) {
  switch (codec.jpeg_color_space) {
    case JCS_GRAYSCALE:
      codec.out_color_space = JCS_GRAYSCALE;
      return ColourModel::grey;
    case JCS_YCbCr:
    case JCS_RGB:
      codec.out_color_space = JCS_RGB;
      return ColourModel::rgb;
    case JCS_CMYK:
    case JCS_YCCK:
      codec.out_color_space = JCS_CMYK;
      return ColourModel::cmyk;
    default:
      fail("{}: the JPEG file has {} channels of no known colour model; convert it to RGB first",
           path, codec.num_components);
  }
}

void read_markers(JpegReader& reader, DecodedPicture& picture) {
  JOCTET* profile = nullptr;
  unsigned length = 0;
  reader.run(
      [&reader, &profile, &length] { jpeg_read_icc_profile(&reader.codec(), &profile, &length); });
  if (profile != nullptr) {
    picture.profile.assign(profile, profile + length);
    std::free(profile);
  }
  constexpr std::string_view exif_header("Exif\0\0", 6);
  for (auto* marker = reader.codec().marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (marker->marker == exif_marker && data.starts_with(exif_header) && picture.exif.empty()) {
      picture.exif.assign(data.begin(), data.end());
    }
  }
}

// Decodes into picture.samples.
void read_samples(JpegReader& reader, DecodedPicture& picture) {
  // Adobe's programs, which mark their files, store the paper left free instead of the ink.
  const bool inverted = picture.model == ColourModel::cmyk && reader.codec().saw_Adobe_marker != 0;
  const std::size_t stride =
      static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.model);
  std::vector<JSAMPLE> row_bytes(stride);
  picture.samples.resize(stride * static_cast<std::size_t>(picture.height));
  JSAMPLE* row = row_bytes.data();
  float* to = picture.samples.data();
  reader.run([&reader, inverted, stride, row, to] {
    jpeg_decompress_struct& codec = reader.codec();
    jpeg_start_decompress(&codec);
    float* next = to;
    JSAMPLE* rows[1] = {row};
    while (codec.output_scanline < codec.output_height) {
      if (jpeg_read_scanlines(&codec, rows, 1) == 1) {
        for (std::size_t i = 0; i < stride; ++i) {
          *next++ = static_cast<float>(inverted ? 255 - row[i] : row[i]) / 255.0F;
        }
      }
    }
    jpeg_finish_decompress(&codec);
  });
}

}  // namespace

bool is_jpeg(std::span<const unsigned char> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
}

DecodedPicture decode_jpeg(const std::string& path, std::span<const unsigned char> bytes) {
  JpegReader reader(path);
  read_header(reader, bytes);
  check_image_size(path, reader.codec().image_width, reader.codec().image_height);
  check_plausible(path, reader.codec(), bytes.size());
  DecodedPicture picture;
  picture.width = static_cast<int>(reader.codec().image_width);
  picture.height = static_cast<int>(reader.codec().image_height);
  picture.model = choose_model(path, reader.codec());
  read_markers(reader, picture);
  read_samples(reader, picture);
  if (*reader.warning() != '\0') {
    picture.warnings.push_back(fmt::format("the JPEG file has a flaw: {}", reader.warning()));
  }
  return picture;
}

}  // namespace gramgrad::apps
