// A picture as its file stores it, between decoding (png_file, jpeg_file) and conversion to sRGB
// (colour_profile).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace gramgrad::apps {

// The values are the numbers of channels.
enum class ColourModel { grey = 1, rgb = 3, cmyk = 4 };

struct DecodedPicture {
  int width = 0;
  int height = 0;
  ColourModel model = ColourModel::rgb;
  std::vector<float> samples;  // [height, width, channels] in [0, 1]; CMYK: 1 = full ink
  std::vector<float> alpha;    // [height, width]; empty = opaque

  // What the file says about its colours. At most one of: an ICC profile, or PNG's gAMA and cHRM.
  // Nothing at all means sRGB.
  std::vector<unsigned char> profile;
  std::optional<double> file_gamma;                     // sample = light^file_gamma
  std::optional<std::array<double, 8>> chromaticities;  // x, y of white, red, green, blue

  std::vector<unsigned char> exif;  // empty = none
  std::vector<std::string> warnings;
};

}  // namespace gramgrad::apps
