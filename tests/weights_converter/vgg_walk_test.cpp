// The walk through a graph: which paths are a VGG, and what is said where one ends.
#include "weights_converter/graphs/vgg_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Step step(Op op, const std::string& input, const std::string& output) {
  Step made;
  made.op = op;
  made.name = output;
  made.input = input;
  made.outputs = {output};
  return made;
}

Step conv(const std::string& input, const std::string& output) {
  Step made = step(Op::conv, input, output);
  made.layer.name = output;
  made.channels = 8;
  made.window = {3, 3, 1, 1, {1, 1, 1, 1}, 1, 1};
  return made;
}

Step pool(const std::string& input, const std::string& output, std::int64_t size = 2) {
  Step made = step(Op::pool, input, output);
  made.window = {size, size, 2, 2, {0, 0, 0, 0}, 1, 1};
  return made;
}

Step linear(const std::string& input, const std::string& output) {
  Step made = step(Op::linear, input, output);
  made.layer.kind = LayerKind::linear;
  made.layer.name = output;
  made.channels = 5;
  return made;
}

Step bias(const std::string& input, const std::string& output, std::int64_t channels,
          std::size_t index) {
  Step made = step(Op::bias, input, output);
  made.channels = channels;
  made.bias = index;
  return made;
}

std::vector<std::string> names(const Walk& walk) {
  std::vector<std::string> layers;
  for (const SourceLayer& layer : walk.layers) {
    layers.push_back(layer.name);
  }
  return layers;
}

TEST(VggWalk, TakesAllLayersOfAVgg) {
  const Walk walk =
      find_vgg({conv("x", "c1"), step(Op::relu, "c1", "r1"), pool("r1", "p1"), conv("p1", "c2"),
                step(Op::relu, "c2", "r2"), step(Op::flatten, "r2", "f"), linear("f", "l1"),
                step(Op::relu, "l1", "r3"), step(Op::pass, "r3", "d"), linear("d", "l2"),
                step(Op::softmax, "l2", "s")},
               {"x"});
  EXPECT_THAT(names(walk), ElementsAre("c1", "c2", "l1", "l2"));
  EXPECT_TRUE(walk.notes.empty());
  EXPECT_EQ(walk.flatten, FlattenOrder::chw);
  EXPECT_FALSE(walk.fed_channels_last);
}

TEST(VggWalk, WorksInPlace) {
  const Walk walk = find_vgg({conv("data", "c1"), step(Op::relu, "c1", "c1"), conv("c1", "c2"),
                              step(Op::relu, "c2", "c2"), pool("c2", "p")},
                             {"data"});
  EXPECT_THAT(names(walk), ElementsAre("c1", "c2"));
}

TEST(VggWalk, WhatIsReplacedInPlaceByAStrangerIsGone) {
  const Walk walk = find_vgg(
      {conv("x", "c1"), step(Op::relu, "c1", "c1"), step(Op::other, "c1", "c1"), conv("c1", "c2")},
      {"x"});
  EXPECT_THAT(names(walk), ElementsAre("c1"));
  EXPECT_THAT(walk.notes, ElementsAre(HasSubstr("c1: is not known in a VGG")));
}

TEST(VggWalk, TakesTheBranchWithMostConvolutions) {
  const Walk walk = find_vgg(
      {conv("x", "c1"), step(Op::relu, "c1", "r1"), step(Op::flatten, "r1", "f"), linear("f", "l"),
       conv("r1", "c2"), step(Op::relu, "c2", "r2"), step(Op::other, "r1", "side")},
      {"x"});
  EXPECT_THAT(names(walk), ElementsAre("c1", "c2"));
}

TEST(VggWalk, StartsFromAnyInput) {
  const Walk walk =
      find_vgg({step(Op::relu, "label", "l"), conv("image", "c1")}, {"label", "image"});
  EXPECT_THAT(names(walk), ElementsAre("c1"));
  EXPECT_TRUE(find_vgg({conv("image", "c1")}, {}).layers.empty());
  EXPECT_TRUE(find_vgg({}, {"x"}).layers.empty());
}

TEST(VggWalk, AddsBiasAndNormalisation) {
  Step norm = step(Op::batch_norm, "b1", "n1");
  norm.channels = 8;
  norm.batch_norm = {1, 2, 3, 4, 0.5};
  const Walk walk =
      find_vgg({conv("x", "c1"), bias("c1", "b1", 8, 9), norm, step(Op::relu, "n1", "r1"),
                step(Op::flatten, "r1", "f"), linear("f", "l"), bias("l", "lb", 5, 6)},
               {"x"});
  ASSERT_EQ(walk.layers.size(), 2U);
  EXPECT_EQ(walk.layers[0].bias, 9U);
  ASSERT_TRUE(walk.layers[0].batch_norm.has_value());
  EXPECT_EQ(walk.layers[0].batch_norm->epsilon, 0.5);
  EXPECT_EQ(walk.layers[1].bias, 6U);
}

TEST(VggWalk, RefusesArithmeticThatIsNoBias) {
  const auto note = [](const std::vector<Step>& middle) {
    std::vector<Step> steps = {conv("x", "c")};
    steps.insert(steps.end(), middle.begin(), middle.end());
    const Walk walk = find_vgg(steps, {"x"});
    return walk.notes.size() == 1 ? walk.notes[0] : "";
  };
  EXPECT_THAT(note({bias("c", "b", 7, 0)}), HasSubstr("b: does arithmetic"));  // 8 channels
  EXPECT_THAT(note({bias("c", "b", 8, 0), bias("b", "b2", 8, 0)}), HasSubstr("b2: does"));
  EXPECT_THAT(note({step(Op::relu, "c", "r"), bias("r", "b", 8, 0)}), HasSubstr("b: does"));
  EXPECT_THAT(note({step(Op::arithmetic, "c", "a")}), HasSubstr("a: does"));
  EXPECT_EQ(note({bias("c", "b", 8, 0)}), "");
}

TEST(VggWalk, KeepsTrackOfTheOrderOfAxes) {
  const std::vector<Step> steps = {step(Op::to_channels_first, "x", "t"),
                                   conv("t", "c"),
                                   step(Op::relu, "c", "r"),
                                   step(Op::to_channels_last, "r", "u"),
                                   step(Op::flatten, "u", "f"),
                                   linear("f", "l")};
  const Walk walk = find_vgg(steps, {"x"});
  EXPECT_EQ(walk.layers.size(), 2U);
  EXPECT_TRUE(walk.fed_channels_last);
  EXPECT_EQ(walk.flatten, FlattenOrder::hwc);

  const Walk wrong = find_vgg({conv("x", "c"), step(Op::relu, "c", "r"),
                               step(Op::to_channels_last, "r", "u"), conv("u", "c2")},
                              {"x"});
  EXPECT_THAT(names(wrong), ElementsAre("c"));
  EXPECT_THAT(wrong.notes, ElementsAre(HasSubstr("c2: convolves a transposed feature map")));
}

TEST(VggWalk, ForeignPoolingEndsTheConvolutions) {
  const std::vector<Step> trunk = {conv("x", "c1"), step(Op::relu, "c1", "r1"), pool("r1", "p", 3)};
  std::vector<Step> more = trunk;
  more.push_back(conv("p", "c2"));
  EXPECT_THAT(find_vgg(more, {"x"}).notes,
              ElementsAre(HasSubstr("c2: a convolution follows the end of the VGG")));
  std::vector<Step> head = trunk;  // pooled over the whole map, and at once linear
  head.push_back(linear("p", "l"));
  EXPECT_THAT(names(find_vgg(head, {"x"})), ElementsAre("c1", "l"));
}

TEST(VggWalk, LinearLayersNeedTheirRelu) {
  const Walk walk = find_vgg({conv("x", "c"), step(Op::relu, "c", "r"), step(Op::flatten, "r", "f"),
                              linear("f", "l1"), linear("l1", "l2")},
                             {"x"});
  EXPECT_THAT(names(walk), ElementsAre("c", "l1"));
  EXPECT_THAT(walk.notes, ElementsAre(HasSubstr("l2: a linear layer follows no flattening")));
}

TEST(VggWalk, LongGraphsTakeLinearTime) {
  std::vector<Step> steps;
  std::string value = "x";
  for (int i = 0; i < 100'000; ++i) {
    const std::string next = std::to_string(i);
    steps.push_back(step(Op::pass, value, next));
    value = next;
  }
  steps.push_back(conv(value, "c"));
  EXPECT_EQ(find_vgg(steps, {"x"}).layers.size(), 1U);
}

}  // namespace
}  // namespace gramgrad::converter
