// Options and reports of the subcommands.
#include "weights_converter/command_options.h"

#include <array>
#include <cstdio>

#include "apps/support/values.h"
#include "kernels/check.h"
#include "nn/weights_file.h"
#include "weights_converter/guard.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {
namespace {

constexpr std::array dtypes = {apps::Choice<DType>{"f32", DType::f32},
                               apps::Choice<DType>{"f16", DType::f16},
                               apps::Choice<DType>{"bf16", DType::bf16}};
constexpr std::array feedings = {
    apps::Choice<nn::Feeding (*)()>{"torchvision", torchvision_feeding},
    apps::Choice<nn::Feeding (*)()>{"caffe", caffe_feeding}};

// parse_choice with the option's name before what is wrong.
template <typename Value, std::size_t count>
Value parse_option(const char* name, const std::string& text,
                   const std::array<apps::Choice<Value>, count>& choices) {
  try {
    return apps::parse_choice(text, choices);
  } catch (const Error& error) {
    fail("{}: {}", name, error.what());
  }
}

}  // namespace

void add_reading_options(CLI::App& command, const std::shared_ptr<ConvertOptions>& options) {
  command
      .add_option("--architecture", options->architecture,
                  "The network, where the shapes of its layers do not say it.")
      ->type_name("vgg11|vgg13|vgg16|vgg19");
  command
      .add_option_function<std::string>(
          "--feeding",
          [options](const std::string& text) {
            options->feeding = parse_option("--feeding", text, feedings)();
          },
          "How the network was trained to be fed, where the file does not say it: torchvision "
          "(RGB, 0 to 1, normalised) or caffe (BGR, 0 to 255, minus the mean; also Keras).")
      ->type_name("torchvision|caffe");
}

void add_storing_options(CLI::App& command, const std::shared_ptr<ConvertOptions>& options) {
  command
      .add_option_function<std::string>(
          "--dtype",
          [options](const std::string& text) {
            options->dtype = parse_option("--dtype", text, dtypes);
          },
          "How weights are stored, rounded to nearest; biases are f32. Default: as in the source.")
      ->type_name("f32|f16|bf16");
  command
      .add_option("--upto", options->upto,
                  "Last layer to take, such as relu5_1. Default: all convolutions.")
      ->type_name("LAYER");
  command.add_flag("--with-classifier", options->with_classifier,
                   "Take the three fully connected layers too.");
  command
      .add_option(
          "--normalize-with", options->normalize_with,
          "Scale every filter to mean activation 1 over these pictures (Gatys et al. 2016).")
      ->type_name("IMAGE...");
}

apps::Action guarded(const std::function<void()>& body, const std::string& subject,
                     const std::string& output) {
  return [=] {
    const auto reported = [&body] {
      return apps::report_errors("weights_converter", "close other programs", [&body] {
        body();
        return 0;
      });
    };
    return run_guarded(reported, subject, output);
  };
}

void print_notes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) {
    fmt::print(stderr, "weights_converter: note: {}\n", note);
  }
}

void convert_and_report(const std::string& input, const ConvertOptions& options,
                        const std::string& output) {
  const Conversion conversion = convert(input, options, output);
  print_notes(conversion.notes);
  const auto written = nn::WeightsFile::open(output);
  fmt::print("{}: {} to {}, {}, of {}\nSHA-256 {}\n", output, written.architecture(),
             conversion.last_layer, name_of(written.tensors().front().dtype),
             written.provenance().source, written.sha256());
}

}  // namespace gramgrad::converter
