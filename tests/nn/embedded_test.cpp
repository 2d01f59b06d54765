// The network that is part of the program is the one that it is said to be.
#include "nn/networks/embedded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "nn/architecture.h"
#include "nn/weights_file.h"
#include "tests/nn/weights_samples.h"

namespace gramgrad::nn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<float> values_of(const TensorView& tensor) {
  std::vector<float> values(tensor.element_count());
  expand_to_f32(tensor, values);
  return values;
}

TEST(EmbeddedVgg16, IsThePinnedFile) {
  const auto file = WeightsFile::from_memory(embedded_vgg16(), "embedded vgg16");
  EXPECT_EQ(file.sha256(), "0b87afc71809a5bcbbc69b30e20d8f132f2070cb793c945ef8c1fe968b426c43");
  EXPECT_EQ(file.description().provenance.licence, "CC-BY-4.0");
  EXPECT_THAT(file.provenance().attribution, HasSubstr("Visual Geometry Group"));
  EXPECT_THAT(file.provenance().attribution, HasSubstr("arXiv 1409.1556"));
  EXPECT_EQ(file.feeding(),
            (Feeding{ChannelOrder::bgr, 255, {103.939, 116.779, 123.68}, {1, 1, 1}}));
}

TEST(EmbeddedVgg16, HasTheLayersToConv51) {
  const auto file = WeightsFile::from_memory(embedded_vgg16(), "embedded vgg16");
  EXPECT_EQ(file.architecture(), "vgg16");
  std::vector<std::int64_t> channels;
  for (const ConvLayer& layer : conv_layers(file)) {
    channels.push_back(layer.out_channels);
    EXPECT_EQ(layer.weight->dtype, DType::f16);
    EXPECT_EQ(layer.bias->dtype, DType::f32);
  }
  EXPECT_THAT(channels, ElementsAre(64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512));
}

TEST(EmbeddedVgg16, HasTheNumbersOfThePublishedNetwork) {
  const auto file = WeightsFile::from_memory(embedded_vgg16(), "embedded vgg16");
  const std::vector<float> bias = values_of(*file.find("conv1_1.bias"));
  EXPECT_EQ(bias[0], 0.73429835f);
  EXPECT_EQ(bias[1], 0.093403675f);
  EXPECT_EQ(bias[2], 0.06775674f);
  EXPECT_EQ(bias[3], 0.8862966f);
  // [out 0, row 0, column 0] by input channel B, G, R, then the next column, as f16 rounds them.
  const TensorView* weight = file.find("conv1_1.weight");
  EXPECT_EQ(weight->shape, (std::vector<std::int64_t>{64, 3, 3, 3}));
  const std::vector<float> first = values_of(*weight);
  EXPECT_THAT(
      std::vector<float>(first.begin(), first.begin() + 6),
      ElementsAre(0.42944336f, 0.55029297f, 0.47998047f, 0.37353516f, 0.44018555f, 0.40844727f));
  // The last of the file: [511, 2, 2, 510].
  const std::vector<float> last = values_of(*file.find("conv5_1.weight"));
  EXPECT_EQ(last[last.size() - 2], -0.0049209595f);
}

// Mapped with the program: on a page of its own, which is what lets the system share it.
TEST(EmbeddedVgg16, BeginsOnAPage) {
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(embedded_vgg16().data()) % 4096, 0u);
}

TEST(EmbeddedVgg16, TruncatedAnywhereIsRefused) {
  const auto whole = embedded_vgg16();
  for (std::size_t i = 0; i < 97; ++i) {
    const std::size_t size = whole.size() / 97 * i + i;
    EXPECT_THAT(refusal(whole.first(size)), StartsWith("sample.ggw: ")) << size;
  }
  EXPECT_THAT(refusal(whole.first(whole.size() - 1)), HasSubstr("is cut short"));
}

TEST(EmbeddedVgg16, DamagedAnywhereIsRefused) {
  const auto whole = embedded_vgg16();
  Bytes copy(whole.begin(), whole.end());
  for (std::size_t i = 0; i < 23; ++i) {
    std::byte& byte = copy[copy.size() / 23 * i + 40 * i];
    byte ^= std::byte{0x10};
    EXPECT_THAT(refusal(copy), StartsWith("sample.ggw: ")) << i;
    byte ^= std::byte{0x10};
  }
}

}  // namespace
}  // namespace gramgrad::nn
