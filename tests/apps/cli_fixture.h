// A directory with two small pictures, and shorthands to run the program on them.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "apps/support/image_file.h"
#include "tests/apps/picture_files.h"
#include "tests/apps/program.h"

namespace gramgrad::apps {

// Smooth colours with some detail: the same on every platform.
inline Image test_picture(int width, int height, int kind) {
  Image image;
  image.width = width;
  image.height = height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int wave = (x * (3 + kind) + y * (5 - 2 * kind)) % 17;
      image.pixels.push_back(static_cast<float>(x) / static_cast<float>(width));
      image.pixels.push_back(static_cast<float>(wave) / 17.0F);
      image.pixels.push_back(static_cast<float>(y + kind) / static_cast<float>(height + kind));
    }
  }
  return image;
}

inline Image constant_picture(int width, int height, float red, float green, float blue) {
  Image image;
  image.width = width;
  image.height = height;
  for (std::size_t i = 0; i < image.pixel_count(); ++i) {
    for (const float value : {red, green, blue}) {
      image.pixels.push_back(value);
    }
  }
  return image;
}

class Cli : public testing::Test {
 protected:
  Cli() {
    write_image(content, test_picture(40, 32, 0));
    write_image(style, test_picture(36, 36, 1));
  }

  using Words = std::vector<std::string>;

  Outcome run(const Words& words) const {
    return Program(gramgrad_command(words), directory.path()).wait();
  }

  // stylize content style -o output, few iterations
  Words stylize(const std::string& output, const Words& more = {}) const {
    Words words{"stylize", content, style, "-o", output, "--iterations", "3", "--scales", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // The same as a command for Program.
  Words command(const std::string& output, const Words& more) const {
    return gramgrad_command(stylize(output, more));
  }

  // One line on stderr with that in it, exit code 2, nothing written and no traces left.
  void expect_error(const Words& words, const std::string& message) const {
    const std::string before = "old bytes";
    write_bytes(out, before);
    const std::vector<std::string> names = files();
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 2) << testing::PrintToString(words) << outcome.err;
    EXPECT_THAT(outcome.err, testing::StartsWith("gramgrad: "));
    EXPECT_THAT(outcome.err, testing::HasSubstr(message));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_THAT(outcome.err, testing::EndsWith("\n"));
    EXPECT_EQ(read_bytes(out), before);
    EXPECT_EQ(files(), names);
  }

  // Names in the directory, but for the program's own output.
  std::vector<std::string> files() const {
    std::vector<std::string> names = directory.names();
    std::erase_if(names, [](const std::string& name) { return name.starts_with(".std"); });
    return names;
  }

  TemporaryDirectory directory;
  std::string content = directory / "content.png";
  std::string style = directory / "style.png";
  std::string out = directory / "out.png";
};

}  // namespace gramgrad::apps
