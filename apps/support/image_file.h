// Pictures from and to files: PNG and JPEG, recognised by content when read and by extension when
// written.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apps/support/image.h"

namespace gramgrad::apps {

struct LoadedImage {
  Image image;
  // Oddities of the file that the picture survived, such as an unusable colour profile: one line
  // each, beginning with the path.
  std::vector<std::string> warnings;
};

// Reads the picture at `path`: converted to sRGB, turned upright as its EXIF data say, alpha kept.
// Throws Error, one line beginning with the path, when the file is missing, is not a PNG or JPEG
// picture, is cut off or damaged, or is larger than the limits in image.h.
LoadedImage read_image(const std::string& path);

struct WriteOptions {
  int bits = 8;           // PNG: 8 or 16 bits a channel
  int jpeg_quality = 95;  // JPEG: 1 to 100
  // Remarks for the file, such as the recipe of the picture; see png_file.h and jpeg_file.h.
  std::map<std::string, std::string> text;
};

// Writes `image` to `path`, whole or not at all. The extension, in either case, chooses the format:
// .png, .jpg or .jpeg. JPEG has no alpha, so a picture with alpha is laid over white there, as
// viewers show it. Throws Error when the picture or the options are unfit or the disk refuses.
void write_image(const std::string& path, const Image& image, const WriteOptions& options = {});

// Throws the Error that writing a picture to `path` later would throw because of the extension or
// the directory. Does not touch an existing file. To be called before a long run.
void check_image_output(const std::string& path);

}  // namespace gramgrad::apps
