// Names of layers, and schedules.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>

#include "kernels/check.h"
#include "nn/schedule.h"
#include "nn/suggest.h"
#include "nn/tap.h"
#include "nn/vgg.h"

namespace gramgrad::nn {
namespace {

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Suggest, FindsTheNearest) {
  const std::vector<std::string> names{"relu1_1", "relu4_2", "pool4"};
  EXPECT_EQ(nearest("relu42", names), "relu4_2");
  EXPECT_EQ(nearest("pol4", names), "pool4");
  EXPECT_EQ(nearest("", names), "pool4");
  EXPECT_EQ(nearest("x", {}), "");
}

TEST(Tap, KnowsEveryNameOfTheLiterature) {
  const Architecture& vgg19 = find_architecture("vgg19");
  EXPECT_EQ(all_taps(vgg19).size(), 2 * 16 + 5U);
  const Tap tap = find_tap(vgg19, "relu4_4");
  EXPECT_EQ(tap.stage, Stage::relu);
  EXPECT_EQ(tap.block, 4);
  EXPECT_EQ(tap.index, 4);
  EXPECT_EQ(find_tap(vgg19, "conv1_2").stage, Stage::conv);
  EXPECT_EQ(find_tap(vgg19, "pool3").index, 4);
}

TEST(Tap, SuggestsTheNearestForAMistypedName) {
  const Architecture& vgg16 = find_architecture("vgg16");
  EXPECT_EQ(error_of([&] { find_tap(vgg16, "relu4-2"); }),
            "vgg16 has no layer 'relu4-2'; did you mean 'relu4_2'?");
  EXPECT_NE(error_of([&] { find_tap(vgg16, "relu4_4"); }).find("has no layer"), std::string::npos);
}

TEST(Tap, NeedsAPixelAfterEachPooling) {
  const Architecture& vgg16 = find_architecture("vgg16");
  EXPECT_EQ(smallest_side(find_tap(vgg16, "relu1_2")), 1);
  EXPECT_EQ(smallest_side(find_tap(vgg16, "pool1")), 2);
  EXPECT_EQ(smallest_side(find_tap(vgg16, "relu4_2")), 8);
  EXPECT_EQ(smallest_side(find_tap(vgg16, "pool5")), 32);
}

TEST(Schedule, HalvesDownToAbout128) {
  EXPECT_EQ(default_scale_count(96, 128), 1);
  EXPECT_EQ(default_scale_count(256, 192), 2);
  EXPECT_EQ(default_scale_count(384, 512), 3);
  EXPECT_EQ(default_scale_count(1024, 1024), 4);
  EXPECT_EQ(default_scale_count(1, 1), 1);
}

TEST(Schedule, EndsAtTheSizeThatWasAskedFor) {
  const std::vector<Scale> scales = make_schedule(383, 511, 3, {});
  ASSERT_EQ(scales.size(), 3U);
  EXPECT_EQ(scales[0].width, 128);
  EXPECT_EQ(scales[0].height, 96);
  EXPECT_EQ(scales[2].width, 511);
  EXPECT_EQ(scales[2].height, 383);
  EXPECT_EQ(scales[0].iterations, 100);
  EXPECT_EQ(scales[1].iterations, 80);
  EXPECT_EQ(scales[2].iterations, 60);
}

TEST(Schedule, KeepsAPixelOfThinPictures) {
  const std::vector<Scale> scales = make_schedule(1, 512, 3, std::array{5});
  EXPECT_EQ(scales[0].height, 1);
  EXPECT_EQ(scales[0].width, 128);
  EXPECT_EQ(scales[0].iterations, 5);
}

TEST(Schedule, RefusesWhatDoesNotFit) {
  EXPECT_EQ(error_of([] {
              make_schedule(8, 8, 2, std::array{1, 2, 3});
            }),
            "3 numbers of iterations for 2 scales; give one, or one for each scale");
  EXPECT_NE(error_of([] { make_schedule(8, 8, 0, {}); }), "no error");
  EXPECT_NE(error_of([] { make_schedule(8, 8, 5, {}); }), "no error");
  EXPECT_NE(error_of([] { make_schedule(8, 8, 1, std::array{-1}); }), "no error");
}

}  // namespace
}  // namespace gramgrad::nn
