// Turning a photograph upright: cameras store the sensor's rows and note how they were held.
#pragma once

#include <vector>

#include "apps/support/image.h"

namespace gramgrad::apps {

// The orientation, 1 to 8, in an EXIF block with or without its leading "Exif\0\0"; 1 (upright)
// when the block is absent, damaged or says nothing.
int exif_orientation(const std::vector<unsigned char>& exif);

// Turns and mirrors `image` so that it is upright. `orientation` as in EXIF 2.32, tag 0x0112.
void make_upright(Image& image, int orientation);

}  // namespace gramgrad::apps
