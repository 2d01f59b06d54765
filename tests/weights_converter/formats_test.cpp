// Every file of the table in README.md becomes the network that it was: its features are
// PyTorch's.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "nn/sha256.h"
#include "nn/vgg.h"
#include "tests/apps/picture_files.h"
#include "tests/weights_converter/made_source.h"
#include "weights_converter/convert.h"
#include "weights_converter/verify.h"

namespace gramgrad::converter {
namespace {

namespace fs = std::filesystem;

const fs::path data = fs::path(GRAMGRAD_SOURCE_DIR) / "tests/weights_converter/data";

// The files that have features beside them.
std::vector<std::string> converted_files() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(data)) {
    const fs::path& path = entry.path();
    fs::path features = path;
    features.replace_extension(".features");
    if (entry.is_regular_file() && path != features && path.extension() != ".f32" &&
        fs::exists(features)) {
      names.push_back(fs::relative(path, data).string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Largest difference, as a fraction of the largest feature of the layer.
double difference(const Features& expected, const Tensor& actual) {
  const std::vector<double> values = actual.to_host<double>();
  EXPECT_EQ(actual.shape(), (Shape{1, expected.height, expected.width, expected.channels}));
  double largest = 0;
  double farthest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    largest = std::max(largest, std::abs(expected.values.at(i)));
    const double distance = std::abs(values[i] - expected.values[i]);
    farthest = distance <= farthest ? farthest : distance;  // a NaN comes through
  }
  EXPECT_GT(largest, 0) << expected.layer;
  return farthest / largest;
}

void expect_features(const nn::WeightsFile& file, const std::vector<Features>& expected,
                     const Device& device, DType dtype, double tolerance) {
  const nn::Vgg vgg(file, device, dtype, PoolKind::max);
  const Tensor picture =
      Tensor::from_host<double>(device, {1, 24, 20, 3}, dtype, network_picture());
  std::vector<std::string> taps;
  for (const Features& layer : expected) {
    taps.push_back(layer.layer);
  }
  const nn::Features found = vgg(autograd::Variable(picture), taps);
  for (const Features& layer : expected) {
    EXPECT_LE(difference(layer, found.at(layer.layer).value()), tolerance)
        << layer.layer << " on " << device.name();
  }
}

class Format : public testing::TestWithParam<std::string> {};

TEST_P(Format, GivesPyTorchsFeatures) {
  const apps::TemporaryDirectory directory;
  const std::string input = (data / GetParam()).string();
  const std::string output = directory / "out.ggw";
  convert(input, {}, output);
  const auto file = nn::WeightsFile::open(output);
  fs::path features = input;
  features.replace_extension(".features");
  const std::vector<Features> expected = read_features(features);
  ASSERT_EQ(expected.size(), 5u);
  // Where batch normalisation is folded or f64 is rounded, weights have f32's rounding.
  expect_features(file, expected, Device::reference(), DType::f64, 1e-6);
  expect_features(file, expected, Device::cpu(2), DType::f32, 1e-5);
  // The golden activations come out, and so does the same file.
  verify(output, Device::cpu(1));
  verify_against(output, input, {});
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Format, testing::ValuesIn(converted_files()), test_name);

// What the provenance calls the source is all of its files, one after the other.
TEST(Formats, ShardsArePartOfTheSource) {
  const apps::TemporaryDirectory directory;
  std::string all;
  for (const char* name : {"model.json", "group1-shard1of4.bin", "group1-shard2of4.bin",
                           "group1-shard3of4.bin", "group1-shard4of4.bin"}) {
    fs::copy_file(data / "tfjs_vgg16" / name, directory / name);
    all += apps::read_bytes(directory / name);
  }
  const std::string output = directory / "out.ggw";
  const Conversion first = convert(directory / "model.json", {}, output);
  EXPECT_EQ(first.description.provenance.source_sha256,
            nn::sha256_hex(std::as_bytes(std::span(all))));
  const std::string shard = directory / "group1-shard2of4.bin";
  std::string changed = apps::read_bytes(shard);
  changed[8] ^= 1;
  apps::write_bytes(shard, changed);
  EXPECT_THAT(message_of([&] { verify_against(output, directory / "model.json", {}); }),
              testing::HasSubstr("was made of another file"));
}

// Of every row of the table in README.md there is a file.
TEST(Formats, AllAreThere) {
  const std::vector<std::string> names = converted_files();
  for (const char* beginning : {"torchvision_vgg11.pth",
                                "torchvision_vgg16_stream",
                                "torchvision_vgg19_bn",
                                "gatys",
                                "adain",
                                "keras1",
                                "keras2_vgg16_notop",
                                "keras2_vgg19.h5",
                                "keras3",
                                "caffe_vgg19",
                                "matconvnet_vgg19",
                                "matconvnet_vgg11_73",
                                "machrisaa",
                                "frossard",
                                "torchvision_vgg13.safetensors",
                                "onnx_zoo",
                                "onnx_keras",
                                "onnx_tf2onnx",
                                "onnx_torch",
                                "tfjs_vgg16/model.json"}) {
    EXPECT_TRUE(std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name.starts_with(beginning);
    })) << beginning;
  }
}

}  // namespace
}  // namespace gramgrad::converter
