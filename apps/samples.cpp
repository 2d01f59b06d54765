// `gramgrad samples`: the two pictures of the demonstration.
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "apps/commands.h"
#include "apps/support/image_file.h"
#include "apps/support/sample_pictures.h"
#include "apps/support/values.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

struct SampleArguments {
  std::string directory;
  int size = 768;  // pixels, of the longer side
  std::uint64_t seed = 1;
};

int write_samples(const SampleArguments& arguments) {
  const int height = std::max(1, arguments.size * 2 / 3);
  const std::filesystem::path directory(arguments.directory);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  check(!error, "{}: cannot be created ({})", arguments.directory, error.message());
  const std::string content = (directory / "content.png").string();
  const std::string style = (directory / "style.png").string();
  check_image_output(content);
  check_image_output(style);
  write_image(content, sample_landscape(arguments.size, height));
  write_image(style, sample_painting(arguments.size, height, arguments.seed));
  fmt::print("wrote {} and {} ({}x{})\n", content, style, arguments.size, height);
  return 0;
}

}  // namespace

void add_samples(CLI::App& program, Action& action) {
  CLI::App& command =
      *program.add_subcommand("samples", "Draw a landscape and a painting to try stylize with.");
  command.footer(
      "Examples:\n"
      "  gramgrad samples pictures\n"
      "      pictures/content.png and pictures/style.png\n"
      "  gramgrad samples pictures --size 1536 --seed 3\n"
      "      larger, and another painting");
  const auto arguments = std::make_shared<SampleArguments>();
  command.add_option("directory", arguments->directory, "Where to write them.")
      ->type_name("DIR")
      ->required();
  command
      .add_option_function<std::string>(
          "--size",
          [arguments](const std::string& text) {
            constexpr int largest = 8192;
            try {
              arguments->size = static_cast<int>(parse_integer(text, 1, largest));
            } catch (const Error& wrong) {
              fail("--size: {}", wrong.what());
            }
          },
          fmt::format("Longer side in pixels. Default: {}.", arguments->size))
      ->type_name("N")
      ->take_last();
  command
      .add_option_function<std::string>(
          "--seed",
          [arguments](const std::string& text) {
            try {
              arguments->seed = parse_seed(text);
            } catch (const Error& wrong) {
              fail("--seed: {}", wrong.what());
            }
          },
          fmt::format("Which painting. Default: {}.", arguments->seed))
      ->type_name("N")
      ->take_last();
  command.callback(
      [&action, arguments] { action = [arguments] { return write_samples(*arguments); }; });
}

}  // namespace gramgrad::apps
