// Makes a `.ggw` weights file of a VGG network from an `.npz` file and a description:
//
//   ggw_from_npz weights.npz --description vgg16_provenance.json --last conv5_1 --output vgg16.ggw
//
// The description is the file's JSON header without the list of tensors (FORMAT.md). This is how
// nn/networks/vgg16.ggw was made; the same input gives the same bytes.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <string>

#include "kernels/check.h"
#include "nn/architecture.h"
#include "nn/mapped_file.h"
#include "nn/weights_file.h"
#include "nn/weights_header.h"
#include "nn/weights_writer.h"
#include "weights_converter/vgg_from_npz.h"

namespace gramgrad {
namespace {

struct Options {
  std::string input;
  std::string description;
  std::string last_conv;
  std::string output;
};

nn::WeightsDescription read_description(const std::string& path) {
  const nn::MappedFile file(path);
  try {
    return nn::parse_description(
        {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
  } catch (const Error& error) {
    fail("{}: {}", path, error.what());
  }
}

void convert(const Options& options) {
  const nn::WeightsDescription description = read_description(options.description);
  const OwnedTensors tensors =
      vgg_from_npz(options.input, description.architecture, options.last_conv);
  nn::write_weights(options.output, description, tensors.views);
  const auto written = nn::WeightsFile::open(options.output);
  const auto layers = nn::conv_layers(written);
  fmt::print("{}: {} to {}, SHA-256 {}\n", options.output, written.architecture(),
             layers.back().name, written.sha256());
}

}  // namespace
}  // namespace gramgrad

int main(int argc, char** argv) try {
  gramgrad::Options options;
  CLI::App app("Makes a .ggw weights file of a VGG network from an .npz file");
  app.add_option("input", options.input,
                 "arrays convX_Y.weight [out, in, 3, 3], convX_Y.bias [out]")
      ->required();
  app.add_option("--description", options.description, "JSON: architecture, provenance, feeding")
      ->required();
  app.add_option("--last", options.last_conv, "last convolution to take, such as conv5_1")
      ->required();
  app.add_option("--output", options.output, "the .ggw file to write")->required();
  CLI11_PARSE(app, argc, argv);
  gramgrad::convert(options);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "ggw_from_npz: %s\n", error.what());
  return 2;
}
