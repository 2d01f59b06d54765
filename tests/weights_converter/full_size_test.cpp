// A VGG19 of the published size, 574 MB with its classifier, becomes a network whose features are
// PyTorch's: those that tests/golden/make_nst_goldens.py stored for the weights of synthetic_vgg.h.
#include <gtest/gtest.h>

#include <filesystem>

#include "nn/vgg.h"
#include "tests/apps/picture_files.h"
#include "tests/nn/golden.h"
#include "tests/nn/nst_pictures.h"
#include "tests/weights_converter/torch_writer.h"
#include "weights_converter/convert.h"

namespace gramgrad::converter {
namespace {

// Numbers one after the other.
TorchWriter::Fill pieces_of(std::vector<float> numbers) {
  return [numbers = std::move(numbers), at = std::size_t{0}](std::span<float> piece) mutable {
    std::copy_n(numbers.begin() + static_cast<std::ptrdiff_t>(at), piece.size(), piece.begin());
    at += piece.size();
  };
}

// What the features do not depend on: hashed numbers.
TorchWriter::Fill any_numbers() {
  return [index = std::uint64_t{0}](std::span<float> piece) mutable {
    for (float& value : piece) {
      value = static_cast<float>(nn::splitmix64(index++) >> 40) * 0x1p-30F;
    }
  };
}

// [out, row, column, in] to PyTorch's [out, in, row, column].
std::vector<float> torch_order(const nn::TensorView& weight) {
  std::vector<float> from(weight.element_count());
  nn::expand_to_f32(weight, from);
  const auto outputs = static_cast<std::size_t>(weight.shape[0]);
  const auto inputs = static_cast<std::size_t>(weight.shape[3]);
  std::vector<float> to(from.size());
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < inputs; ++i) {
      for (std::size_t k = 0; k < 9; ++k) {
        to[(o * inputs + i) * 9 + k] = from[(o * 9 + k) * inputs + i];
      }
    }
  }
  return to;
}

// torchvision's names: in `features` there is a ReLU after each convolution and a pooling layer
// after each block.
void write_vgg19(const std::string& path) {
  const std::vector<std::byte> bytes = nn::synthetic_vgg19();
  const auto synthetic = nn::WeightsFile::from_memory(bytes, "synthetic");
  TorchWriter out(path);
  std::int64_t inputs = 3;
  int position = 0;
  for (const std::string& name : nn::conv_names(nn::find_architecture("vgg19"), "")) {
    position += name.back() == '1' && name != "conv1_1" ? 1 : 0;
    const std::string layer = "features." + std::to_string(position);
    const std::int64_t outputs = 64 * std::min(1 << (name[4] - '1'), 8);
    const nn::TensorView* weight = synthetic.find(name + ".weight");
    const nn::TensorView* bias = synthetic.find(name + ".bias");
    std::vector<float> biases(static_cast<std::size_t>(outputs));
    if (bias != nullptr) {
      nn::expand_to_f32(*bias, biases);
    }
    out.add(layer + ".weight", {outputs, inputs, 3, 3},
            weight == nullptr ? any_numbers() : pieces_of(torch_order(*weight)));
    out.add(layer + ".bias", {outputs}, pieces_of(biases));
    inputs = outputs;
    position += 2;
  }
  inputs = std::int64_t{512} * 7 * 7;
  for (const auto& [layer, outputs] :
       {std::pair{"classifier.0", 4096}, {"classifier.3", 4096}, {"classifier.6", 1000}}) {
    out.add(std::string(layer) + ".weight", {outputs, inputs}, any_numbers());
    out.add(std::string(layer) + ".bias", {outputs}, any_numbers());
    inputs = outputs;
  }
  ASSERT_TRUE(out.finish()) << path << " cannot be written; 1.2 GB must be free";
}

TEST(FullSize, Vgg19GivesPyTorchsFeatures) {
  const apps::TemporaryDirectory directory;
  const std::string source = directory / "vgg19.pth";
  const std::string output = directory / "vgg19.ggw";
  write_vgg19(source);
  EXPECT_GT(std::filesystem::file_size(source), 574'600'000u);
  ConvertOptions options;
  options.feeding = nn::Feeding{nn::ChannelOrder::bgr, 255, {103.939, 116.779, 123.68}, {1, 1, 1}};
  const Conversion conversion = convert(source, options, output);
  EXPECT_EQ(conversion.description.architecture, "vgg19");
  EXPECT_EQ(conversion.last_layer, "relu5_4");

  const Device device = Device::cpu();
  const nn::Vgg vgg(nn::WeightsFile::open(output), device, DType::f32, PoolKind::max);
  std::vector<std::string> taps = nn::style_taps;
  taps.emplace_back("relu4_2");
  const nn::Features features =
      vgg(autograd::Variable(nn::Pictures(device, DType::f32).generated), taps);
  const nlohmann::json goldens = nn::read_golden("nst.json").at("features_max");
  for (const std::string& tap : taps) {
    EXPECT_EQ(nn::mismatch(features.at(tap).value(), goldens.at(tap), 1e-5), "") << tap;
  }
}

}  // namespace
}  // namespace gramgrad::converter
