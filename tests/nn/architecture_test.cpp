// Weights files against the networks that they claim to be.
#include "nn/architecture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <numeric>

#include "kernels/check.h"
#include "nn/weights_writer.h"
#include "tests/nn/weights_samples.h"

namespace gramgrad::nn {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// A file of `convs` convolutions with 2, 3, 4, … channels, all zero.
struct Network {
  std::string architecture = "vgg16";
  std::vector<TensorView> tensors;

  Network(std::string name, std::size_t convs) : architecture(std::move(name)) {
    std::int64_t in = 3;
    const auto names = conv_names(find_architecture(architecture), "conv5_2");
    for (std::size_t i = 0; i < convs; ++i) {
      const auto out = static_cast<std::int64_t>(i) + 2;
      tensors.push_back({names.at(i) + ".weight", DType::f16, {out, 3, 3, in}, {}});
      tensors.push_back({names.at(i) + ".bias", DType::f32, {out}, {}});
      in = out;
    }
  }

  Bytes encode() const {
    const Bytes zeros(100'000);
    std::vector<TensorView> filled = tensors;
    for (TensorView& tensor : filled) {
      const auto count = std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1},
                                         std::multiplies<>());
      tensor.data = std::span(zeros).first(static_cast<std::size_t>(count) * size_of(tensor.dtype));
    }
    WeightsDescription description = make_sample().description;
    description.architecture = architecture;
    return encode_weights(description, filled);
  }
};

TEST(Architecture, Names) {
  EXPECT_EQ(architectures().size(), 4u);
  const auto count = [](std::string_view name) {
    const auto& convs = find_architecture(name).convs;
    return std::accumulate(convs.begin(), convs.end(), 0);
  };
  // The names count the weight layers: the convolutions and three dense ones.
  EXPECT_EQ(count("vgg11"), 8);
  EXPECT_EQ(count("vgg13"), 10);
  EXPECT_EQ(count("vgg16"), 13);
  EXPECT_EQ(count("vgg19"), 16);
  EXPECT_THAT(conv_names(find_architecture("vgg13"), "conv2_2"),
              ElementsAre("conv1_1", "conv1_2", "conv2_1", "conv2_2"));
  EXPECT_EQ(conv_names(find_architecture("vgg19"), "conv5_4").size(), 16u);
  EXPECT_THROW(conv_names(find_architecture("vgg16"), "conv5_4"), Error);
  EXPECT_THROW(find_architecture("resnet50"), Error);
}

TEST(Architecture, TakesEveryPrefixOfANetwork) {
  for (std::size_t convs = 1; convs <= 12; ++convs) {
    const Bytes bytes = Network("vgg16", convs).encode();
    const auto file = WeightsFile::from_memory(bytes, "net.ggw");
    const auto layers = conv_layers(file);
    ASSERT_EQ(layers.size(), convs);
    std::int64_t channels = 3;
    for (const ConvLayer& layer : layers) {
      EXPECT_EQ(layer.name, fmt::format("conv{}_{}", layer.block, layer.index));
      EXPECT_EQ(layer.in_channels, channels);
      channels = layer.out_channels;
      EXPECT_EQ(layer.weight, file.find(layer.name + ".weight"));
      EXPECT_EQ(layer.bias, file.find(layer.name + ".bias"));
    }
  }
}

// All of vgg16, and three fully connected layers.
Network with_classifier() {
  Network network("vgg16", 12);
  network.tensors.push_back({"conv5_3.weight", DType::f16, {4, 3, 3, 13}, {}});
  network.tensors.push_back({"conv5_3.bias", DType::f32, {4}, {}});
  network.tensors.push_back({"fc6.weight", DType::f16, {7, 2, 2, 4}, {}});
  network.tensors.push_back({"fc6.bias", DType::f32, {7}, {}});
  network.tensors.push_back({"fc7.weight", DType::f16, {6, 1, 1, 7}, {}});
  network.tensors.push_back({"fc7.bias", DType::f32, {6}, {}});
  network.tensors.push_back({"fc8.weight", DType::f16, {5, 1, 1, 6}, {}});
  network.tensors.push_back({"fc8.bias", DType::f32, {5}, {}});
  return network;
}

TEST(Architecture, ClassifierFollowsAWholeNetwork) {
  const Bytes bytes = with_classifier().encode();
  const auto file = WeightsFile::from_memory(bytes, "net.ggw");
  EXPECT_EQ(conv_layers(file).size(), 13u);
  const auto layers = classifier_layers(file);
  ASSERT_EQ(layers.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(layers[i].name, fmt::format("fc{}", 6 + i));
    EXPECT_EQ(layers[i].weight, file.find(layers[i].name + ".weight"));
    EXPECT_EQ(layers[i].bias, file.find(layers[i].name + ".bias"));
  }
  const Bytes without = Network("vgg16", 3).encode();
  EXPECT_TRUE(classifier_layers(WeightsFile::from_memory(without, "net.ggw")).empty());
}

TEST(Architecture, RefusesAWrongClassifier) {
  const auto answer = [](const std::function<void(std::vector<TensorView>&)>& change) {
    Network network = with_classifier();
    change(network.tensors);
    const Bytes bytes = network.encode();
    try {
      conv_layers(WeightsFile::from_memory(bytes, "net.ggw"));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  using Tensors = std::vector<TensorView>;
  EXPECT_EQ(answer([](Tensors&) {}), "");
  EXPECT_THAT(answer([](Tensors& t) { t.pop_back(); }), HasSubstr("lacks tensor fc8.bias"));
  EXPECT_THAT(answer([](Tensors& t) { t[26].shape = {7, 2, 2, 5}; }), HasSubstr("fc6.weight"));
  EXPECT_THAT(answer([](Tensors& t) { t[26].shape = {7, 2, 3, 4}; }), HasSubstr("side, side, 4"));
  EXPECT_THAT(answer([](Tensors& t) { t[28].shape = {6, 2, 2, 7}; }), HasSubstr("1, 1, 7"));
  EXPECT_THAT(answer([](Tensors& t) { t[31].shape = {6}; }), HasSubstr("fc8.bias has shape [6]"));
  EXPECT_THAT(answer([](Tensors& t) {
                t.push_back({"fc9.bias", DType::f32, {1}, {}});
              }),
              HasSubstr("tensors after fc8"));
  EXPECT_THAT(answer([](Tensors& t) { t.erase(t.begin() + 24, t.begin() + 26); }),
              HasSubstr("classifier after conv5_2"));
}

TEST(Architecture, RefusesWhatIsNotTheNetwork) {
  const auto answer = [](const std::function<void(Network&)>& change) {
    Network network("vgg16", 4);
    change(network);
    const Bytes bytes = network.encode();
    const auto file = WeightsFile::from_memory(bytes, "net.ggw");
    try {
      conv_layers(file);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), StartsWith("net.ggw: "));
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(answer([](Network&) {}), "");
  EXPECT_THAT(answer([](Network& n) { n.architecture = "vgg17"; }), HasSubstr("\"vgg17\""));
  EXPECT_THAT(answer([](Network& n) { n.architecture = "vgg11"; }),
              AllOf(HasSubstr("conv1_2.weight where conv2_1.weight")));
  EXPECT_THAT(answer([](Network& n) { n.tensors.pop_back(); }),
              HasSubstr("lacks tensor conv2_2.bias"));
  EXPECT_THAT(answer([](Network& n) { n.tensors.erase(n.tensors.begin(), n.tensors.begin() + 2); }),
              HasSubstr("conv1_2.weight where conv1_1.weight"));
  EXPECT_THAT(answer([](Network& n) { std::swap(n.tensors[0], n.tensors[1]); }),
              HasSubstr("conv1_1.bias where conv1_1.weight"));
  EXPECT_THAT(answer([](Network& n) {
                n.tensors[0].shape = {2, 3, 3, 4};
              }),
              HasSubstr("takes 4 channels, but 3 come"));
  EXPECT_THAT(answer([](Network& n) { n.tensors[2].shape[3] = 5; }),
              HasSubstr("takes 5 channels, but 2 come"));
  EXPECT_THAT(answer([](Network& n) {
                n.tensors[2].shape = {3, 5, 5, 2};
              }),
              HasSubstr("[3, 5, 5, 2]"));
  EXPECT_THAT(answer([](Network& n) { n.tensors[2].shape = {3, 18}; }), HasSubstr("[3, 18]"));
  EXPECT_THAT(answer([](Network& n) { n.tensors[3].shape = {4}; }),
              HasSubstr("conv1_2.bias has shape [4]"));
  EXPECT_THAT(answer([](Network& n) { n.tensors[3].shape = {1, 3}; }), HasSubstr("[1, 3]"));
  EXPECT_THAT(answer([](Network& n) {
                for (int i = 0; i < 20; ++i) {
                  n.tensors.push_back({fmt::format("more{}", i), DType::f32, {1}, {}});
                }
              }),
              HasSubstr("has 28 tensors"));
}

}  // namespace
}  // namespace gramgrad::nn
