// PNG files, through libpng.
//
// Reading: every colour type and bit depth, interlaced too; 16-bit samples keep their precision.
// Colours: iCCP, else sRGB, else gAMA and cHRM (turned into a profile by colour_profile), else
// sRGB. A gAMA of about 1/2.2 means sRGB, as nearly all files with it intend.
//
// Writing: 8 or 16 bits, rounded to nearest without dithering; RGBA if the image has alpha. Colours
// are marked by an sRGB chunk, with the gAMA and cHRM that the PNG specification asks for beside
// it, and not by an iCCP chunk: a file may have one of the two, and sRGB says exactly what the
// values are in one byte, without any colour engine to interpret it. No time is written: the same
// picture gives the same bytes.
#pragma once

#include <cstdio>
#include <map>
#include <span>
#include <string>

#include "apps/support/decoded_picture.h"
#include "apps/support/image.h"

namespace gramgrad::apps {

// True if `bytes` begin as every PNG file does.
bool is_png(std::span<const unsigned char> bytes);

// Throws Error, naming `path`, when `bytes` are not one whole, undamaged PNG picture.
DecodedPicture decode_png(const std::string& path, std::span<const unsigned char> bytes);

// Writes `image` to `file`. `bits` is 8 or 16. `text` becomes iTXt chunks, those above 1 KB
// compressed: keys are 1 to 79 printable ASCII characters without leading, trailing or double
// spaces, values are UTF-8. Throws Error, naming `path`.
void encode_png(const std::string& path, std::FILE* file, const Image& image, int bits,
                const std::map<std::string, std::string>& text);

// The text chunks (tEXt, zTXt, iTXt) that come before the pixels, where gramgrad writes them, as
// UTF-8; of equal keys the first. Reads at most 31 chunks of at most 8 MB. Throws Error when `path`
// is not a PNG file or is damaged before its pixels.
std::map<std::string, std::string> read_png_text(const std::string& path);

}  // namespace gramgrad::apps
