// Colours of any profile to sRGB, through Little CMS.
//
// Intent: relative colorimetric with black point compensation. Colours that sRGB can show stay
// exactly what they were, white stays white, and the black of paper becomes the screen's black
// rather than grey. Perceptual would move every colour of a print profile, and matrix profiles
// (nearly every photograph) have no perceptual table, so the intent is the same one for all.
#pragma once

#include <string>
#include <vector>

#include "apps/support/decoded_picture.h"
#include "apps/support/image.h"

namespace gramgrad::apps {

// Converts `picture`, freeing its samples, to sRGB values clamped to [0, 1]. Without a profile grey
// and RGB are taken to be sRGB, and CMYK is converted by (1 - ink)(1 - black). A profile that is
// broken or belongs to another colour model is ignored, with a line in `picture.warnings`: the
// picture is more useful slightly off than not at all. An alpha that is 1 everywhere is dropped.
Image to_srgb(DecodedPicture& picture);

// An ICC profile of sRGB; the same bytes at every call.
std::vector<unsigned char> srgb_profile();

}  // namespace gramgrad::apps
