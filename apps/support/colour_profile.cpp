// All transforms run in float, so 16-bit files keep their precision.
#include "apps/support/colour_profile.h"

#include <lcms2.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

struct DeleteContext {
  void operator()(cmsContext context) const { cmsDeleteContext(context); }
};
struct CloseProfile {
  void operator()(cmsHPROFILE profile) const { cmsCloseProfile(profile); }
};
struct DeleteTransform {
  void operator()(cmsHTRANSFORM transform) const { cmsDeleteTransform(transform); }
};
struct FreeCurve {
  void operator()(cmsToneCurve* curve) const { cmsFreeToneCurve(curve); }
};
using Context = std::unique_ptr<std::remove_pointer_t<cmsContext>, DeleteContext>;
using Profile = std::unique_ptr<void, CloseProfile>;
using Transform = std::unique_ptr<void, DeleteTransform>;
using Curve = std::unique_ptr<cmsToneCurve, FreeCurve>;

// sRGB's x, y of white (D65), red, green, blue: IEC 61966-2-1.
constexpr std::array<double, 8> srgb_chromaticities = {0.3127, 0.3290, 0.64, 0.33,
                                                       0.30,   0.60,   0.15, 0.06};

// PNG writers round, and use gamma 1/2.2 to mean sRGB; a twentieth is libpng's own threshold.
bool is_srgb_gamma(double gamma) {
  return std::abs(gamma * 2.2 - 1.0) <= 0.05;
}

bool are_srgb_chromaticities(const std::array<double, 8>& values) {
  return std::equal(values.begin(), values.end(), srgb_chromaticities.begin(),
                    [](double a, double b) { return std::abs(a - b) <= 0.001; });
}

// The profile that PNG's gAMA and cHRM describe; what is not given is sRGB's. Null: sRGB itself.
Profile profile_of_png_fields(cmsContext context, const DecodedPicture& picture) {
  const bool own_gamma = picture.file_gamma && !is_srgb_gamma(*picture.file_gamma);
  const bool own_colours = picture.model == ColourModel::rgb && picture.chromaticities &&
                           !are_srgb_chromaticities(*picture.chromaticities);
  if (!own_gamma && !own_colours) {
    return nullptr;
  }
  // Parametric curve 4: y = (a x + b)^g for x >= d, else c x.
  const double srgb_curve[5] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
  const Curve curve(own_gamma ? cmsBuildGamma(context, 1.0 / *picture.file_gamma)
                              : cmsBuildParametricToneCurve(context, 4, srgb_curve));
  if (picture.model == ColourModel::grey) {
    return Profile(cmsCreateGrayProfileTHR(context, cmsD50_xyY(), curve.get()));
  }
  const auto& xy = own_colours ? *picture.chromaticities : srgb_chromaticities;
  const cmsCIExyY white = {xy[0], xy[1], 1.0};
  const cmsCIExyYTRIPLE primaries = {{xy[2], xy[3], 1.0}, {xy[4], xy[5], 1.0}, {xy[6], xy[7], 1.0}};
  cmsToneCurve* const curves[3] = {curve.get(), curve.get(), curve.get()};
  return Profile(cmsCreateRGBProfileTHR(context, &white, &primaries, curves));
}

// The embedded profile, or null with a warning if it cannot describe this picture.
Profile embedded_profile(cmsContext context, DecodedPicture& picture) {
  const auto size = static_cast<cmsUInt32Number>(picture.profile.size());
  Profile profile(cmsOpenProfileFromMemTHR(context, picture.profile.data(), size));
  if (profile == nullptr) {
    picture.warnings.emplace_back("the embedded colour profile is damaged and was ignored");
    return nullptr;
  }
  const cmsColorSpaceSignature space = cmsGetColorSpace(profile.get());
  const bool fits = picture.model == ColourModel::cmyk ? space == cmsSigCmykData
                    : picture.model == ColourModel::rgb
                        ? space == cmsSigRgbData
                        : space == cmsSigGrayData || space == cmsSigRgbData;
  if (!fits) {
    picture.warnings.emplace_back(
        "the embedded colour profile is for another kind of picture and was ignored");
    return nullptr;
  }
  return profile;
}

// Grey to RGB with equal channels, CMYK to RGB by (1 - ink)(1 - black).
void expand_to_rgb(DecodedPicture& picture) {
  if (picture.model == ColourModel::rgb) {
    return;
  }
  const auto channels = static_cast<std::size_t>(picture.model);
  const std::size_t count = picture.samples.size() / channels;
  std::vector<float> rgb(3 * count);
  for (std::size_t i = 0; i < count; ++i) {
    const float* from = picture.samples.data() + i * channels;
    for (std::size_t c = 0; c < 3; ++c) {
      rgb[3 * i + c] =
          picture.model == ColourModel::grey ? from[0] : (1.0F - from[c]) * (1.0F - from[3]);
    }
  }
  picture.samples = std::move(rgb);
  picture.model = ColourModel::rgb;
}

// The transform to sRGB, or null if the profile lacks what it needs.
Transform transform_to_srgb(cmsContext context, cmsHPROFILE profile, ColourModel model) {
  const Profile srgb(cmsCreate_sRGBProfileTHR(context));
  const cmsUInt32Number input = model == ColourModel::cmyk  ? TYPE_CMYK_FLT
                                : model == ColourModel::rgb ? TYPE_RGB_FLT
                                                            : TYPE_GRAY_FLT;
  return Transform(cmsCreateTransformTHR(context, profile, input, srgb.get(), TYPE_RGB_FLT,
                                         INTENT_RELATIVE_COLORIMETRIC,
                                         cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE));
}

// Most profiles are sRGB's own in one of many spellings. True if `transform` moves no colour of a
// grid by as much as a quarter of an 8-bit level: then the samples are better left as they are.
bool changes_nothing(cmsHTRANSFORM transform) {
  constexpr std::size_t side = 13;
  constexpr float tolerance = 0.25F / 255.0F;
  std::vector<float> grid;
  for (std::size_t i = 0; i < side * side * side; ++i) {
    for (const std::size_t step : {std::size_t{1}, side, side * side}) {
      grid.push_back(static_cast<float>(i / step % side) / static_cast<float>(side - 1));
    }
  }
  std::vector<float> moved(grid.size());
  cmsDoTransform(transform, grid.data(), moved.data(),
                 static_cast<cmsUInt32Number>(grid.size() / 3));
  return std::equal(grid.begin(), grid.end(), moved.begin(),
                    [](float a, float b) { return std::abs(a - b) < tolerance; });
}

// `from` is [count, channels], `to` is [count, 3]. Little CMS needs about half a microsecond for
// each pixel in float, so the pixels are shared among all processors.
void transform_pixels(cmsHTRANSFORM transform, const float* from, std::size_t channels, float* to,
                      std::size_t count) {
  constexpr std::size_t worth_a_thread = 1 << 16;
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t parts = std::min(processors, count / worth_a_thread + 1);
  std::vector<std::jthread> threads;  // joined when they are destroyed
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t begin = count * part / parts;
    const std::size_t end = count * (part + 1) / parts;
    threads.emplace_back([=] {
      cmsDoTransform(transform, from + begin * channels, to + begin * 3,
                     static_cast<cmsUInt32Number>(end - begin));
    });
  }
}

// Replaces the samples by sRGB ones; false, samples untouched, if `profile` cannot be used.
bool convert_with(cmsContext context, const Profile& profile, DecodedPicture& picture) {
  if (picture.model == ColourModel::grey && cmsGetColorSpace(profile.get()) == cmsSigRgbData) {
    expand_to_rgb(picture);  // a grey JPEG with an RGB profile: equal channels in that profile
  }
  const Transform transform = transform_to_srgb(context, profile.get(), picture.model);
  if (transform == nullptr) {
    return false;
  }
  if (picture.model == ColourModel::rgb && changes_nothing(transform.get())) {
    return true;
  }
  if (picture.model == ColourModel::cmyk) {  // Little CMS counts float ink in per cent
    std::transform(picture.samples.begin(), picture.samples.end(), picture.samples.begin(),
                   [](float ink) { return 100.0F * ink; });
  }
  const auto channels = static_cast<std::size_t>(picture.model);
  const std::size_t count = picture.samples.size() / channels;
  std::vector<float> rgb(3 * count);
  transform_pixels(transform.get(), picture.samples.data(), channels, rgb.data(), count);
  picture.samples = std::move(rgb);
  picture.model = ColourModel::rgb;
  return true;
}

float clamped(float value) {
  return value > 0.0F ? std::min(value, 1.0F) : 0.0F;  // NaN, from a bad table, becomes 0
}

}  // namespace

Image to_srgb(DecodedPicture& picture) {
  const Context context(cmsCreateContext(nullptr, nullptr));
  check(context != nullptr, "Little CMS cannot start: out of memory");
  const Profile profile = picture.profile.empty() ? profile_of_png_fields(context.get(), picture)
                                                  : embedded_profile(context.get(), picture);
  if (profile != nullptr && !convert_with(context.get(), profile, picture)) {
    picture.warnings.emplace_back("the embedded colour profile is incomplete and was ignored");
  }
  if (picture.model == ColourModel::cmyk) {
    picture.warnings.emplace_back(
        "the CMYK picture has no usable colour profile, so its colours are approximate");
  }
  expand_to_rgb(picture);

  Image image;
  image.width = picture.width;
  image.height = picture.height;
  image.pixels = std::move(picture.samples);
  std::transform(image.pixels.begin(), image.pixels.end(), image.pixels.begin(), clamped);
  const auto opaque = [](float alpha) { return alpha == 1.0F; };
  if (!std::all_of(picture.alpha.begin(), picture.alpha.end(), opaque)) {
    image.alpha = std::move(picture.alpha);
  }
  return image;
}

std::vector<unsigned char> srgb_profile() {
  const Profile profile(cmsCreate_sRGBProfile());
  cmsUInt32Number size = 0;
  check(profile != nullptr && cmsSaveProfileToMem(profile.get(), nullptr, &size) && size >= 128,
        "Little CMS cannot make an sRGB profile");
  std::vector<unsigned char> bytes(size);
  check(cmsSaveProfileToMem(profile.get(), bytes.data(), &size),
        "Little CMS cannot make an sRGB profile");
  // Bytes 24 to 35 of the header (ICC.1:2010, 7.2.1) are the time of creation, which would make
  // every output differ: year, month, day, hour, minute, second, each 16 bits, big-endian.
  const unsigned char fixed_time[12] = {0x07, 0xD0, 0, 1, 0, 1};  // 1 January 2000
  std::copy(std::begin(fixed_time), std::end(fixed_time), bytes.begin() + 24);
  return bytes;
}

}  // namespace gramgrad::apps
