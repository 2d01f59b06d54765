// The two pictures that the demonstration runs on, drawn by code so that nobody has to find (or to
// license) any: a landscape as content and an oil painting as style.
//
// Both are pure functions of their arguments: own random numbers and own noise, so that the picture
// does not depend on the standard library, the number of threads or the time. Any size of at least
// 1×1 pixels is allowed; the composition is made for 3:2 and covers other shapes by cropping.
#pragma once

#include <cstdint>

#include "apps/support/image.h"

namespace gramgrad::apps {

// A mountain lake in evening light, as a photograph: RGB in [0, 1], sRGB-encoded, no alpha.
// Throws Error where a side is smaller than 1.
Image sample_landscape(int width, int height);

// A swirling sky over fields in thick brush strokes. The seed chooses where the swirls lie and how
// every stroke falls; RGB in [0, 1], sRGB-encoded, no alpha. Throws Error as above.
Image sample_painting(int width, int height, std::uint64_t seed);

}  // namespace gramgrad::apps
