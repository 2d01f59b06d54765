// From a source's layers to stored ones: recognition, layouts, batch normalisation, rounding.
#include <cmath>
#include <limits>

#include "kernels/check.h"
#include "tests/weights_converter/made_source.h"
#include "weights_converter/layer_weights.h"
#include "weights_converter/narrow.h"
#include "weights_converter/recognise.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using Widths = std::vector<std::int64_t>;

Widths first(const Widths& widths, std::size_t count) {
  return {widths.begin(), widths.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::string recognised(const Widths& widths, const std::string& given = "") {
  return std::string(recognise(made_source(widths), given).architecture.name);
}

TEST(Recognise, WholeNetworksOfAnyWidth) {
  for (const char* name : {"vgg11", "vgg13", "vgg16", "vgg19"}) {
    EXPECT_EQ(recognised(small_widths(name)), name);
  }
  // A pruned network: no two layers alike. Its number of layers says what it is.
  const Widths pruned{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
  const Recognised result = recognise(made_source(pruned), "");
  EXPECT_EQ(result.architecture.name, "vgg16");
  EXPECT_THAT(result.notes, ElementsAre(HasSubstr("widths are unusual")));
}

TEST(Recognise, CutNetworksWhereOnlyOneBeginsSo) {
  const Widths vgg16 = small_widths("vgg16");
  const Widths vgg19 = small_widths("vgg19");
  for (std::size_t count = 8; count <= 13; ++count) {
    EXPECT_EQ(recognised(first(vgg16, count)), "vgg16") << count;
  }
  for (std::size_t count = 8; count <= 16; ++count) {
    EXPECT_EQ(recognised(first(vgg19, count)), "vgg19") << count;
  }
  EXPECT_EQ(recognised(first(small_widths("vgg11"), 2)), "vgg11");
  const auto refusal = [&](std::size_t count) {
    return message_of([&] { recognised(first(vgg16, count)); });
  };
  EXPECT_THAT(refusal(6), HasSubstr("vgg13 or vgg16 or vgg19; name it by --architecture"));
  EXPECT_THAT(refusal(7), HasSubstr("vgg16 or vgg19"));
  EXPECT_EQ(recognised(first(vgg16, 7), "vgg16"), "vgg16");
}

TEST(Recognise, WhatIsNoVgg) {
  const auto refusal = [](const Source& source) {
    return message_of([&] { recognise(source, ""); });
  };
  EXPECT_THAT(refusal(Source{}), HasSubstr("no VGG in it"));
  EXPECT_THAT(refusal(made_source({4, 4, 4, 4})), HasSubstr("are no VGG11, 13, 16 or 19"));
  Source source = made_source(small_widths("vgg11"));
  source.tensors[0].shape = {2, 3, 11, 11};
  EXPECT_THAT(refusal(source), HasSubstr("layer0 is 11×11; VGG begins with a 3×3"));
  source = made_source(small_widths("vgg11"));
  source.tensors[2].shape = {3, 4, 3, 3};
  EXPECT_THAT(refusal(source), HasSubstr("layer1 takes 4 channels, but 2 come to it"));
  source.tensors[2].shape = {3, 18};
  EXPECT_THAT(refusal(source), HasSubstr("4 dimensions are needed"));
  EXPECT_THAT(message_of([] { recognised(small_widths("vgg11"), "vgg12"); }), HasSubstr("vgg12"));
}

// Where element (o, i, h, w) of a [2, 3, 4, 5] array (out, in, rows, columns) lies in each layout.
struct Layout {
  WeightLayout layout;
  std::vector<std::int64_t> shape;
  std::int64_t (*at)(std::int64_t o, std::int64_t i, std::int64_t h, std::int64_t w);
};
constexpr std::int64_t outs = 2, ins = 3, rows = 4, columns = 5;
const std::vector<Layout> layouts{
    {WeightLayout::oihw,
     {outs, ins, rows, columns},
     [](auto o, auto i, auto h, auto w) { return ((o * ins + i) * rows + h) * columns + w; }},
    {WeightLayout::hwio,
     {rows, columns, ins, outs},
     [](auto o, auto i, auto h, auto w) { return ((h * columns + w) * ins + i) * outs + o; }},
    {WeightLayout::ohwi,
     {outs, rows, columns, ins},
     [](auto o, auto i, auto h, auto w) { return ((o * rows + h) * columns + w) * ins + i; }},
    {WeightLayout::oiwh,
     {outs, ins, columns, rows},
     [](auto o, auto i, auto h, auto w) { return ((o * ins + i) * columns + w) * rows + h; }},
};

float value_at(std::int64_t o, std::int64_t i, std::int64_t h, std::int64_t w) {
  return static_cast<float>(1000 * o + 100 * i + 10 * h + w) / 8;
}

void expect_in_order(const StoredLayer& stored) {
  const std::vector<float> values = values_of(stored.weight);
  ASSERT_EQ(values.size(), 120u);
  std::size_t position = 0;
  for (std::int64_t o = 0; o < outs; ++o) {
    for (std::int64_t h = 0; h < rows; ++h) {
      for (std::int64_t w = 0; w < columns; ++w) {
        for (std::int64_t i = 0; i < ins; ++i) {
          EXPECT_EQ(values[position++], value_at(o, i, h, w)) << o << h << w << i;
        }
      }
    }
  }
}

Source source_with(const Numbers& weight, WeightLayout layout) {
  Source source;
  source.tensors = {made_tensor("w", weight), made_tensor("b", {{outs}, {0.5F, -0.25F}})};
  const bool linear = layout == WeightLayout::oi || layout == WeightLayout::io;
  source.layers = {{linear ? LayerKind::linear : LayerKind::conv, "layer", layout, 0, 1, {}}};
  return source;
}

constexpr LayerShape wanted{outs, ins, rows, columns};

TEST(StoredLayer, EveryLayoutBecomesOne) {
  for (const Layout& layout : layouts) {
    Numbers weight{layout.shape, std::vector<float>(120)};
    for (std::int64_t n = 0; n < 120; ++n) {
      const std::int64_t o = n / 60, i = n / 20 % 3, h = n / 5 % 4, w = n % 5;
      weight.values[static_cast<std::size_t>(layout.at(o, i, h, w))] = value_at(o, i, h, w);
    }
    const Source source = source_with(weight, layout.layout);
    const LayerShape shape = shape_of(source, source.layers[0]);
    EXPECT_EQ(shape.out, outs);
    EXPECT_EQ(shape.in, ins);
    EXPECT_EQ(shape.rows, rows);
    EXPECT_EQ(shape.columns, columns);
    expect_in_order(stored_layer(any_file(), source, source.layers[0], "x", wanted, DType::f32));
  }
}

TEST(StoredLayer, LinearLayersCountAsTheyWereFlattened) {
  for (const WeightLayout layout : {WeightLayout::oi, WeightLayout::io}) {
    for (const FlattenOrder order : {FlattenOrder::chw, FlattenOrder::hwc}) {
      const bool out_first = layout == WeightLayout::oi;
      Numbers weight{{out_first ? outs : 60, out_first ? 60 : outs}, std::vector<float>(120)};
      for (std::int64_t n = 0; n < 120; ++n) {
        const std::int64_t o = n / 60, i = n / 20 % 3, h = n / 5 % 4, w = n % 5;
        const std::int64_t input =
            order == FlattenOrder::chw ? (i * rows + h) * columns + w : (h * columns + w) * ins + i;
        weight.values[static_cast<std::size_t>(out_first ? o * 60 + input : input * outs + o)] =
            value_at(o, i, h, w);
      }
      Source source = source_with(weight, layout);
      source.flatten = order;
      expect_in_order(stored_layer(any_file(), source, source.layers[0], "x", wanted, DType::f32));
    }
  }
}

TEST(StoredLayer, BatchNormalisationIsFoldedInDoublePrecision) {
  Source source = made_source({2});
  const Numbers weight = random_numbers({2, 3, 3, 3}, 0);
  const std::vector<std::vector<float>> norm{{1.5F, -0.3F}, {0.1F, 7}, {-2, 0.7F}, {0.01F, 30}};
  for (std::size_t i = 0; i < 4; ++i) {
    source.tensors.push_back(made_tensor("norm", {{2}, norm[i]}));
  }
  source.layers[0].batch_norm = BatchNorm{2, 3, 4, 5, 1e-3};
  const auto stored =
      stored_layer(any_file(), source, source.layers[0], "x", {2, 3, 3, 3}, DType::f32);
  const std::vector<float> weights = values_of(stored.weight);
  const std::vector<float> biases = values_of(stored.bias);
  const std::vector<float> bias = random_numbers({2}, 1).values;
  for (std::size_t o = 0; o < 2; ++o) {
    const double factor = norm[0][o] / std::sqrt(static_cast<double>(norm[3][o]) + 1e-3);
    EXPECT_EQ(biases[o], static_cast<float>((static_cast<double>(bias[o]) - norm[2][o]) * factor +
                                            norm[1][o]));
    for (std::size_t tap = 0; tap < 9; ++tap) {
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(weights[(o * 9 + tap) * 3 + i],
                  static_cast<float>(weight.values[(o * 3 + i) * 9 + tap] * factor));
      }
    }
  }
  source.tensors[5] = made_tensor("variance", {{2}, {1, -1}});
  EXPECT_THAT(message_of([&] {
                stored_layer(any_file(), source, source.layers[0], "x", {2, 3, 3, 3}, DType::f32);
              }),
              HasSubstr("layer layer0: tensor variance has the variance -1"));
}

TEST(StoredLayer, NumbersBeyondTheTypeAreNamed) {
  const auto refusal = [](float value, DType dtype) {
    Source source = made_source({2});
    Numbers weight = random_numbers({2, 3, 3, 3}, 0);
    weight.values[7] = value;
    source.tensors[0] = made_tensor("features.0.weight", weight);
    return message_of([&] {
      values_of(
          stored_layer(any_file(), source, source.layers[0], "x", {2, 3, 3, 3}, dtype).weight);
    });
  };
  EXPECT_EQ(refusal(65519, DType::f16), "");
  EXPECT_THAT(
      refusal(65520, DType::f16),
      HasSubstr("network.py: tensor features.0.weight has the value 65520, beyond the range "
                "of f16; use --dtype f32 or bf16"));
  EXPECT_THAT(refusal(std::numeric_limits<float>::max(), DType::bf16), HasSubstr("--dtype f32"));
  EXPECT_EQ(refusal(std::numeric_limits<float>::max(), DType::f32), "");
  EXPECT_THAT(refusal(std::numeric_limits<float>::quiet_NaN(), DType::f32), HasSubstr("nan"));
  EXPECT_THAT(refusal(-std::numeric_limits<float>::infinity(), DType::f16), HasSubstr("-inf"));
}

TEST(StoredLayer, TensorsThatDoNotFit) {
  Source source = made_source({2});
  source.tensors[1] = made_tensor("bias", {{3}, {1, 2, 3}});
  const auto refusal = [&] {
    return message_of([&] {
      stored_layer(any_file(), source, source.layers[0], "x", {2, 3, 3, 3}, DType::f32);
    });
  };
  EXPECT_THAT(refusal(), HasSubstr("tensor bias has shape [3]; the layer has 2 channels"));
  source = made_source({2});
  source.layers[0].bias.reset();
  EXPECT_EQ(refusal(), "");
  source.tensors[0].read = nullptr;
  EXPECT_THAT(refusal(), HasSubstr("layer0.weight has no floating-point numbers"));
  EXPECT_THAT(refusal(), StartsWith(any_file()->path));
}

// Just above the middle between 1 and the next f16 (or bf16), so little that f32 would round to the
// middle, and to nearest even from there: down.
TEST(Narrow, RoundsOnce) {
  const double above = 1 + 0x1p-11 + 0x1p-40;
  EXPECT_EQ(to_f16(above), 0x3c01);
  EXPECT_EQ(to_f16(-above), 0xbc01);
  EXPECT_EQ(to_f16(1 + 0x1p-11), 0x3c00);
  EXPECT_EQ(to_f16(1 + 0x1p-11 - 0x1p-40), 0x3c00);
  EXPECT_EQ(to_f16(1 + 3 * 0x1p-11 - 0x1p-40), 0x3c01);
  EXPECT_EQ(to_bf16(1 + 0x1p-8 + 0x1p-40), 0x3f81);
  EXPECT_EQ(to_bf16(1 + 0x1p-8), 0x3f80);
  EXPECT_EQ(to_f16(0.0), 0);
  EXPECT_EQ(to_f16(1e300), 0x7c00);
  EXPECT_EQ(to_f16(0x1p-25 + 0x1p-60), 1);
  EXPECT_EQ(to_f16(0x1p-25), 0);
}

}  // namespace
}  // namespace gramgrad::converter
