// JPEG files, through libjpeg-turbo.
//
// Reading: grey, YCbCr, RGB, CMYK and YCCK (Adobe's, which are stored inverted, too), baseline and
// progressive. Missing or undecodable data are an error: libjpeg would fill the rest with grey.
//
// Writing: quality 95 by default, 4:4:4 (a stylised picture is full of fine colour detail that
// chroma subsampling would smear), optimised Huffman tables, an sRGB profile.
#pragma once

#include <cstdio>
#include <map>
#include <span>
#include <string>

#include "apps/support/decoded_picture.h"
#include "apps/support/image.h"

namespace gramgrad::apps {

// True if `bytes` begin as every JPEG file does.
bool is_jpeg(std::span<const unsigned char> bytes);

// Throws Error, naming `path`, when `bytes` are not one whole, undamaged JPEG picture.
DecodedPicture decode_jpeg(const std::string& path, std::span<const unsigned char> bytes);

// Writes the colours of `image` (its alpha is not looked at) to `file`. `quality` is 1 to 100. Each
// entry of `text` becomes a comment "key: value"; those too long for a JPEG marker (65533 bytes)
// are left out. Throws Error, naming `path`.
void encode_jpeg(const std::string& path, std::FILE* file, const Image& image, int quality,
                 const std::map<std::string, std::string>& text);

}  // namespace gramgrad::apps
