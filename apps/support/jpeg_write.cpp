// Image to JPEG.
#include <cstddef>

#include "apps/support/colour_profile.h"
#include "apps/support/jpeg_errors.h"
#include "apps/support/jpeg_file.h"
#include "apps/support/quantise.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

constexpr std::size_t max_marker_bytes = 65533;

// libjpeg's writing structures, freed in any case.
struct JpegWriter {
  JpegWriter() {
    codec.err = use_trap(manager);
    codec.client_data = &trap;
  }
  ~JpegWriter() { jpeg_destroy_compress(&codec); }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  CErrorTrap trap;
  jpeg_error_mgr manager{};
  jpeg_compress_struct codec{};
};

std::vector<std::string> comments_of(const std::map<std::string, std::string>& text) {
  std::vector<std::string> comments;
  for (const auto& [key, value] : text) {
    std::string comment = key;
    comment.append(": ").append(value);
    if (comment.size() <= max_marker_bytes) {
      comments.push_back(std::move(comment));
    }
  }
  return comments;
}

void start(jpeg_compress_struct& codec, std::FILE* file, const Image& image, int quality) {
  jpeg_create_compress(&codec);
  jpeg_stdio_dest(&codec, file);
  codec.image_width = static_cast<JDIMENSION>(image.width);
  codec.image_height = static_cast<JDIMENSION>(image.height);
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, quality, TRUE);
  codec.optimize_coding = TRUE;
  codec.comp_info[0].h_samp_factor = 1;  // 4:4:4: luma sampled as the chroma is
  codec.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&codec, TRUE);
}

void write_rows(jpeg_compress_struct& codec, const Image& image, JSAMPLE* row) {
  const std::size_t stride = 3 * static_cast<std::size_t>(image.width);
  JSAMPLE* rows[1] = {row};
  for (int y = 0; y < image.height; ++y) {
    const float* from = image.pixels.data() + static_cast<std::size_t>(y) * stride;
    for (std::size_t i = 0; i < stride; ++i) {
      row[i] = static_cast<JSAMPLE>(quantise(from[i], 255));
    }
    jpeg_write_scanlines(&codec, rows, 1);
  }
}

}  // namespace

void encode_jpeg(const std::string& path, std::FILE* file, const Image& image, int quality,
                 const std::map<std::string, std::string>& text) {
  check(quality >= 1 && quality <= 100, "{}: the JPEG quality is {}, but must be from 1 to 100",
        path, quality);
  check(image.width <= JPEG_MAX_DIMENSION && image.height <= JPEG_MAX_DIMENSION,
        "{}: JPEG holds at most {} pixels a side, not {} x {}; write a .png instead", path,
        JPEG_MAX_DIMENSION, image.width, image.height);
  const std::vector<unsigned char> profile = srgb_profile();
  const std::vector<std::string> comments = comments_of(text);
  std::vector<JSAMPLE> row_bytes(3 * static_cast<std::size_t>(image.width));
  JSAMPLE* const row = row_bytes.data();
  JpegWriter writer;
  const bool written = writer.trap.run([&writer, &image, &profile, &comments, file, quality, row] {
    start(writer.codec, file, image, quality);
    jpeg_write_icc_profile(&writer.codec, profile.data(), static_cast<unsigned>(profile.size()));
    for (const std::string& comment : comments) {
      jpeg_write_marker(&writer.codec, JPEG_COM, reinterpret_cast<const JOCTET*>(comment.data()),
                        static_cast<unsigned>(comment.size()));
    }
    write_rows(writer.codec, image, row);
    jpeg_finish_compress(&writer.codec);
  });
  check(written, "{}: cannot be written ({}); free some space or choose another path", path,
        writer.trap.message());
}

}  // namespace gramgrad::apps
