// Profiles that Little CMS writes; failures are reported as test failures.
#include "test_profiles.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gramgrad::apps {
namespace {

// Closes `profile`.
std::string serialised(cmsHPROFILE profile) {
  cmsUInt32Number size = 0;
  EXPECT_TRUE(cmsSaveProfileToMem(profile, nullptr, &size));
  std::string bytes(size, '\0');
  EXPECT_TRUE(cmsSaveProfileToMem(profile, bytes.data(), &size));
  cmsCloseProfile(profile);
  return bytes;
}

cmsInt32Number grey_inks(const cmsUInt16Number in[], cmsUInt16Number out[], void* black) {
  const auto left_free = [in](int ink) { return 1.0 - in[ink] / 65535.0; };
  const double white = left_free(3) * (left_free(0) + left_free(1) + left_free(2)) / 3.0;
  const double darkest = *static_cast<const double*>(black) / 100.0;
  const double lightness = darkest + (1.0 - darkest) * white;
  out[0] = static_cast<cmsUInt16Number>(std::lround(65535.0 * lightness));
  out[1] = out[2] = 0x8080;  // 0 in ICC v4's encoding of a* and b*
  return TRUE;
}

// The way back, from which Little CMS finds out how dark the paper can be.
cmsInt32Number black_ink(const cmsUInt16Number in[], cmsUInt16Number out[], void* /*unused*/) {
  out[0] = out[1] = out[2] = 0;
  out[3] = static_cast<cmsUInt16Number>(65535 - in[0]);
  return TRUE;
}

// Writes a table of two points a side between `inputs` and `outputs` channels.
void write_table(cmsHPROFILE profile, cmsTagSignature tag, unsigned inputs, unsigned outputs,
                 cmsSAMPLER16 sampler, void* cargo) {
  cmsStage* table = cmsStageAllocCLut16bit(nullptr, 2, inputs, outputs, nullptr);
  EXPECT_TRUE(cmsStageSampleCLut16bit(table, sampler, cargo, 0));
  cmsPipeline* pipeline = cmsPipelineAlloc(nullptr, inputs, outputs);
  // The format asks for curves on both sides of the table; these are identities.
  for (cmsStage* stage : {cmsStageAllocToneCurves(nullptr, inputs, nullptr), table,
                          cmsStageAllocToneCurves(nullptr, outputs, nullptr)}) {
    EXPECT_TRUE(cmsPipelineInsertStage(pipeline, cmsAT_END, stage));
  }
  EXPECT_TRUE(cmsWriteTag(profile, tag, pipeline));
  cmsPipelineFree(pipeline);
}

}  // namespace

std::string srgb_profile_of_lcms() {
  return serialised(cmsCreate_sRGBProfile());
}

std::string rgb_profile(const cmsCIExyYTRIPLE& primaries, double gamma,
                        const std::string& copyright) {
  const cmsCIExyY d65 = {0.3127, 0.3290, 1.0};
  cmsToneCurve* curve = cmsBuildGamma(nullptr, gamma);
  cmsToneCurve* curves[3] = {curve, curve, curve};
  cmsHPROFILE profile = cmsCreateRGBProfile(&d65, &primaries, curves);
  cmsFreeToneCurve(curve);
  cmsMLU* text = cmsMLUalloc(nullptr, 1);
  EXPECT_TRUE(cmsMLUsetASCII(text, "en", "US", copyright.c_str()));
  EXPECT_TRUE(cmsWriteTag(profile, cmsSigCopyrightTag, text));
  cmsMLUfree(text);
  return serialised(profile);
}

std::string grey_profile(double gamma) {
  cmsToneCurve* curve = cmsBuildGamma(nullptr, gamma);
  cmsHPROFILE profile = cmsCreateGrayProfile(cmsD50_xyY(), curve);
  cmsFreeToneCurve(curve);
  return serialised(profile);
}

std::string cmyk_profile(double black) {
  cmsHPROFILE profile = cmsCreateProfilePlaceholder(nullptr);
  cmsSetProfileVersion(profile, 4.3);
  cmsSetDeviceClass(profile, cmsSigOutputClass);
  cmsSetColorSpace(profile, cmsSigCmykData);
  cmsSetPCS(profile, cmsSigLabData);
  write_table(profile, cmsSigAToB0Tag, 4, 3, grey_inks, &black);
  if (black > 0) {
    write_table(profile, cmsSigBToA0Tag, 3, 4, black_ink, nullptr);
  }
  EXPECT_TRUE(cmsWriteTag(profile, cmsSigMediaWhitePointTag, cmsD50_XYZ()));
  return serialised(profile);
}

}  // namespace gramgrad::apps
