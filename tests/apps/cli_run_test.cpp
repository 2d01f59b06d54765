// Runs of the program that succeed.
#include <gtest/gtest.h>

#include <filesystem>

#include "apps/support/png_file.h"
#include "tests/apps/cli_fixture.h"

namespace gramgrad::apps {
namespace {

using testing::HasSubstr;

TEST_F(Cli, WritesAPicture) {
  const Outcome outcome = run(stylize(out));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Image picture = read_image(out).image;
  EXPECT_EQ(picture.width, 40);
  EXPECT_EQ(picture.height, 32);
  EXPECT_NE(picture.pixels, read_image(content).image.pixels);
  EXPECT_THAT(outcome.out, HasSubstr("wrote " + out + " (40x32)"));
  EXPECT_THAT(outcome.out, HasSubstr("peak memory"));
  EXPECT_THAT(outcome.err, HasSubstr("scale 1/1 40x32 3/3"));
}

TEST_F(Cli, WritesJpeg) {
  const std::string jpeg = directory / "out.jpg";
  ASSERT_EQ(run(stylize(jpeg)).code, 0);
  EXPECT_EQ(read_image(jpeg).image.width, 40);
}

TEST_F(Cli, IsQuietWhenAsked) {
  const Outcome outcome = run(stylize(out, {"--quiet"}));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Cli, SameCommandGivesSameBytes) {
  ASSERT_EQ(run(stylize(out, {"--threads", "1", "--init", "noise", "--seed", "5"})).code, 0);
  const std::string bytes = read_bytes(out);
  ASSERT_EQ(run(stylize(out, {"--threads", "1", "--init", "noise", "--seed", "5"})).code, 0);
  EXPECT_EQ(read_bytes(out), bytes);
  ASSERT_EQ(run(stylize(out, {"--threads", "2", "--init", "noise", "--seed", "5"})).code, 0);
  EXPECT_EQ(read_bytes(out), bytes);
  ASSERT_EQ(run(stylize(out, {"--init", "noise", "--seed", "6"})).code, 0);
  EXPECT_NE(read_image(out).image.pixels, std::vector<float>());
  EXPECT_NE(read_bytes(out), bytes);
}

TEST_F(Cli, EveryPresetRuns) {
  for (const char* preset :
       {"painterly", "gatys", "gatys-pytorch", "neural-style", "neural-style-pt"}) {
    const Outcome outcome = run(stylize(out, {"--preset", preset}));
    EXPECT_EQ(outcome.code, 0) << preset << ": " << outcome.err;
  }
}

TEST_F(Cli, EveryKindOfOptionRuns) {
  const std::vector<Words> cases{
      {"--optimizer", "adam", "--average", "0.9"},
      {"--optimizer", "sgd", "--learning-rate", "1e-5"},
      {"--pooling", "max", "--content-layers", "conv3_1=2,pool2", "--style-layers", "relu1_2"},
      {"--init", "style"},
      {"--init", style},
      {"--preserve-color", "luminance"},
      {"--preserve-color", "match"},
      {"--scales", "2", "--iterations", "2,1", "--style-scale", "1.5"},
      {"--content-weight", "0"},
      {"--style-weight", "0"},
      {"--tv-form", "nine_point", "--bits", "16", "--size", "48"},
      {"--device", "reference", "--precision", "f64", "--iterations", "1", "--style-layers",
       "relu1_1", "--content-layers", "relu1_2"},
  };
  for (const Words& words : cases) {
    const Outcome outcome = run(stylize(out, words));
    EXPECT_EQ(outcome.code, 0) << words[0] << " " << words[1] << ": " << outcome.err;
  }
}

// On the processor mixed and bf16 need instructions that not all have.
TEST_F(Cli, MixedAndBf16RunOrSayWhyNot) {
  for (const std::string precision : {"mixed", "bf16"}) {
    const Words words{"--device", "cpu", "--precision", precision, "--iterations", "1"};
    const Outcome outcome = run(stylize(out, words));
    if (__builtin_cpu_supports("avx512bf16")) {
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      const Outcome plan = run(stylize(out, {"--dry-run", words[0], words[1], words[2], words[3]}));
      EXPECT_THAT(plan.out, HasSubstr("precision " + precision));
    } else {
      EXPECT_NE(outcome.code, 0);
      EXPECT_THAT(outcome.err, HasSubstr("AVX512-BF16"));
      EXPECT_THAT(outcome.err, HasSubstr("use f32"));
    }
  }
}

TEST_F(Cli, BlendsStyles) {
  const Words words{
      "stylize", content, style, content, "-o", out, "--iterations", "2", "--style-blend-weights",
      "3,1"};
  EXPECT_EQ(run(words).code, 0);
}

TEST_F(Cli, KeepsTransparency) {
  Image picture = test_picture(40, 32, 0);
  picture.alpha.assign(picture.pixel_count(), 1.0F);
  picture.alpha[7] = 0.2F;
  write_image(content, picture);
  ASSERT_EQ(run(stylize(out)).code, 0);
  const Image result = read_image(out).image;
  ASSERT_EQ(result.alpha.size(), picture.pixel_count());
  EXPECT_NEAR(result.alpha[7], 0.2F, 0.5F / 255 + 1e-6F);
  EXPECT_EQ(result.alpha[8], 1.0F);
}

TEST_F(Cli, LuminanceKeepsChroma) {
  ASSERT_EQ(run(stylize(out, {"--preserve-color", "luminance"})).code, 0);
  const Image result = read_image(out).image;
  const Image source = read_image(content).image;
  for (std::size_t i = 0; i < result.pixels.size(); i += 3) {
    const auto inside = [&](std::size_t at) {
      return result.pixels[at] > 0 && result.pixels[at] < 1;
    };
    if (inside(i) && inside(i + 1) && inside(i + 2)) {
      const float red = result.pixels[i] - source.pixels[i];
      const float blue = result.pixels[i + 2] - source.pixels[i + 2];
      EXPECT_NEAR(red, blue, 1.5F / 255) << i;  // both have changed by the change of luma
    }
  }
}

TEST_F(Cli, ConstantAndGreyStylesGiveNumbers) {
  const Image grey = constant_picture(36, 36, 0.5F, 0.5F, 0.5F);
  const Image black = constant_picture(36, 36, 0, 0, 0);
  const Image red = constant_picture(36, 36, 1, 0, 0);
  const std::vector<std::pair<Image, std::string>> cases{
      {grey, "none"}, {black, "none"}, {black, "match"}, {red, "match"}, {red, "luminance"}};
  for (const auto& [flat, preserve] : cases) {
    write_image(style, flat);
    const Outcome outcome = run(stylize(out, {"--json", "--preserve-color", preserve}));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, testing::Not(HasSubstr("null")));  // NaN in JSON
  }
}

TEST_F(Cli, RecipeRunsAgainToTheSamePicture) {
  ASSERT_EQ(run(stylize(out, {"--preset", "photo", "--init", "noise", "--seed", "3"})).code, 0);
  const std::string again = directory / "again.png";
  const Outcome outcome = run({"stylize", "--from-recipe", out, "-o", again});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read_bytes(again), read_bytes(out));
  ASSERT_EQ(run({"stylize", "--from-recipe", out, "-o", again, "--seed", "4"}).code, 0);
  EXPECT_NE(read_bytes(again), read_bytes(out));
}

TEST_F(Cli, RecipeSaysWhatChanged) {
  ASSERT_EQ(run(stylize(out)).code, 0);
  const std::string recipe = directory / "recipe.png";
  std::filesystem::copy_file(out, recipe);
  write_image(style, test_picture(36, 36, 2));
  expect_error({"stylize", "--from-recipe", recipe, "-o", out}, style + ": is not the file");
  std::filesystem::remove(style);
  expect_error({"stylize", "--from-recipe", recipe, "-o", out}, style);
  expect_error({"stylize", "--from-recipe", content, "-o", out}, "no gramgrad recipe");
}

TEST_F(Cli, DryRunWritesNothing) {
  const Outcome outcome = run(stylize(out, {"--dry-run"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(out));
  for (const char* word : {"device", "vgg16", "40x32 (3 iterations)", "peak memory", "weights"}) {
    EXPECT_THAT(outcome.out, HasSubstr(word));
  }
}

TEST_F(Cli, OtherCommands) {
  EXPECT_THAT(run({"info"}).out, HasSubstr("CC-BY-4.0"));
  EXPECT_THAT(run({"info", "vgg16"}).out, HasSubstr("conv5_1.weight"));
  EXPECT_THAT(run({"devices"}).out, HasSubstr("reference"));
  EXPECT_THAT(run({"--version"}).out, HasSubstr("gramgrad 0."));
  EXPECT_THAT(run({"stylize", "--help"}).out, HasSubstr("Examples:"));
  EXPECT_THAT(run({"man"}).out, HasSubstr(".TH GRAMGRAD 1"));
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(run({"completion", shell}).out, HasSubstr("style-weight")) << shell;
  }
  const Outcome samples = run({"samples", directory / "pictures", "--size", "48"});
  EXPECT_EQ(samples.code, 0) << samples.err;
  EXPECT_EQ(read_image(directory / "pictures/content.png").image.width, 48);
  EXPECT_EQ(read_image(directory / "pictures/style.png").image.height, 32);
}

}  // namespace
}  // namespace gramgrad::apps
