// ICC profiles for tests, built with Little CMS and given as the bytes of a profile file.
#pragma once

#include <lcms2.h>

#include <string>

namespace gramgrad::apps {

// x, y of sRGB's primaries: IEC 61966-2-1.
inline constexpr cmsCIExyY red = {0.64, 0.33, 1.0};
inline constexpr cmsCIExyY green = {0.30, 0.60, 1.0};
inline constexpr cmsCIExyY blue = {0.15, 0.06, 1.0};

std::string srgb_profile_of_lcms();

// White is D65; `gamma` 1 is linear light. `copyright` makes the profile as long as wanted.
std::string rgb_profile(const cmsCIExyYTRIPLE& primaries, double gamma,
                        const std::string& copyright = "none");

std::string grey_profile(double gamma);

// L* = black + (100 - black)(1 - K)(1 - (C + M + Y) / 3) at the corners of the ink cube, linear
// between; a* = b* = 0. A black above 0 comes with the table from L* to ink that Little CMS needs
// to find it out.
std::string cmyk_profile(double black = 0);

}  // namespace gramgrad::apps
