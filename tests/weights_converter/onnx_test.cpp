// ONNX files: those of PyTorch, tf2onnx and the model zoo give the numbers that went in; what is
// damaged or no VGG is named.
#include "weights_converter/graphs/onnx.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/weights_converter/protobuf_bytes.h"
#include "tests/weights_converter/source_numbers.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Source read_onnx_data(const std::string& name) {
  return read_onnx(open_input(data_path(name + ".onnx")));
}

int count(const Source& source, LayerKind kind) {
  return static_cast<int>(
      std::count_if(source.layers.begin(), source.layers.end(),
                    [&](const SourceLayer& layer) { return layer.kind == kind; }));
}

struct OnnxCase {
  std::string name;
  int convs, linears;
  FlattenOrder flatten;
  nn::Feeding feeding;
  bool batch_norm = false;
  float tolerance = 0;
};

class OnnxFiles : public testing::TestWithParam<OnnxCase> {};

TEST_P(OnnxFiles, GiveTheNumbersThatWentIn) {
  const OnnxCase& expected = GetParam();
  EXPECT_TRUE(is_onnx(bytes_of(read_bytes(data_path(expected.name + ".onnx")))));
  const Source source = read_onnx_data(expected.name);
  EXPECT_EQ(source.format, "onnx");
  EXPECT_EQ(count(source, LayerKind::conv), expected.convs);
  EXPECT_EQ(count(source, LayerKind::linear), expected.linears);
  EXPECT_EQ(source.flatten, expected.flatten);
  ASSERT_TRUE(source.feeding.has_value());
  EXPECT_EQ(*source.feeding, expected.feeding);
  EXPECT_EQ(source.layers[0].batch_norm.has_value(), expected.batch_norm);
  expect_numbers(source, expected.name, expected.tolerance);
  expect_pieces_fit(source, 1);
}

INSTANTIATE_TEST_SUITE_P(
    All, OnnxFiles,
    testing::Values(OnnxCase{"onnx_torch_vgg16", 13, 3, FlattenOrder::chw, torchvision_feeding()},
                    OnnxCase{"onnx_torch_vgg19_bn", 16, 3, FlattenOrder::chw, torchvision_feeding(),
                             true},
                    // The exporter folds in f32: a few units in the last place of numbers below 2.
                    OnnxCase{"onnx_torch_vgg13_folded", 10, 3, FlattenOrder::chw,
                             torchvision_feeding(), false, 1e-6F},
                    OnnxCase{"onnx_keras_vgg16", 13, 2, FlattenOrder::hwc, caffe_feeding()},
                    OnnxCase{"onnx_tf2onnx_vgg16", 13, 2, FlattenOrder::hwc, caffe_feeding()},
                    OnnxCase{"onnx_zoo_vgg11", 8, 3, FlattenOrder::chw, torchvision_feeding()},
                    OnnxCase{"onnx_types_vgg11", 8, 0, FlattenOrder::chw, torchvision_feeding()}),
    [](const auto& each) { return each.param.name; });

TEST(Onnx, ListsEveryTensorWithItsType) {
  const Source source = read_onnx_data("onnx_types_vgg11");
  ASSERT_EQ(source.tensors.size(), 16U);
  const ElementType types[] = {ElementType::f32, ElementType::f64, ElementType::f16,
                               ElementType::bf16};
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(source.tensors[i].type, types[i / 4]) << source.tensors[i].name;
  }
  EXPECT_EQ(source.tensors[0].name, "w0");
  EXPECT_THAT(source.tensors[0].shape, ElementsAre(2, 3, 3, 3));
}

// The shape of a layer's batch normalisation: PyTorch's epsilon, through a float.
TEST(Onnx, TakesEpsilonFromTheFile) {
  const Source source = read_onnx_data("onnx_torch_vgg19_bn");
  for (const SourceLayer& layer : source.layers) {
    if (layer.kind == LayerKind::conv) {
      ASSERT_TRUE(layer.batch_norm.has_value());
      EXPECT_EQ(layer.batch_norm->epsilon, static_cast<double>(1e-5F));
    }
  }
}

// ---- Models put together here. Field numbers as in onnx.proto.

std::string integers(const std::string& name, const std::vector<std::uint64_t>& values) {
  std::string message = bytes(1, name) + number(20, 7);
  for (const std::uint64_t value : values) {
    message += number(8, value);
  }
  return bytes(5, message);
}

std::string node(const std::string& type, const std::vector<std::string>& inputs,
                 const std::string& output, const std::string& attributes = "") {
  std::string message;
  for (const std::string& input : inputs) {
    message += bytes(1, input);
  }
  return bytes(1, message + bytes(2, output) + bytes(4, type) + attributes);
}

std::string tensor_message(const std::string& name, const std::vector<std::uint64_t>& shape,
                           const std::string& rest) {
  std::string message;
  for (const std::uint64_t dimension : shape) {
    message += number(1, dimension);
  }
  return message + number(2, 1) + bytes(8, name) + rest;
}

std::string tensor(const std::string& name, const std::vector<std::uint64_t>& shape) {
  std::size_t elements = 1;
  for (const std::uint64_t dimension : shape) {
    elements *= dimension;
  }
  return bytes(5, tensor_message(name, shape, bytes(9, raw(uniform_numbers(elements, 7)))));
}

std::string model(const std::string& graph, const std::string& producer = "test") {
  return number(1, 8) + bytes(2, producer) + bytes(7, graph + bytes(11, bytes(1, "x")));
}

const std::string conv_attributes =
    integers("kernel_shape", {3, 3}) + integers("pads", {1, 1, 1, 1});

// Two convolutions and a linear layer.
std::string small_graph() {
  return node("Conv", {"x", "w1", "b1"}, "c1", conv_attributes) + node("Relu", {"c1"}, "r1") +
         node("MaxPool", {"r1"}, "p1",
              integers("kernel_shape", {2, 2}) + integers("strides", {2, 2})) +
         node("Conv", {"p1", "w2"}, "c2", conv_attributes) + node("Relu", {"c2"}, "r2") +
         node("Flatten", {"r2"}, "f") + node("Gemm", {"f", "w3", "b3"}, "y") +
         tensor("w1", {2, 3, 3, 3}) + tensor("b1", {2}) + tensor("w2", {2, 2, 3, 3}) +
         tensor("w3", {8, 3}) + tensor("b3", {1, 3});
}

Source read_onnx_contents(const std::string& contents) {
  return read_onnx(file_of(contents));
}

std::string error_from(const std::string& contents) {
  return error_of([&] { read_onnx_contents(contents); });
}

TEST(Onnx, ReadsASmallModel) {
  const Source source = read_onnx_contents(model(small_graph()));
  ASSERT_EQ(source.layers.size(), 3U);
  EXPECT_FALSE(source.layers[1].bias.has_value());
  EXPECT_EQ(source.layers[2].layout, WeightLayout::io);
  EXPECT_THAT(source.tensors[*source.layers[2].bias].shape, ElementsAre(3));
}

TEST(Onnx, FollowsTheLongestBranch) {
  // A head of its own on the first features, before the trunk goes on.
  const std::string side = node("Relu", {"r1"}, "side") + node("Sigmoid", {"side"}, "map");
  const Source source = read_onnx_contents(model(side + small_graph()));
  EXPECT_EQ(source.layers.size(), 3U);
}

TEST(Onnx, FeedsByProducerAndNames) {
  EXPECT_EQ(*read_onnx_contents(model(small_graph(), "keras2onnx")).feeding, caffe_feeding());
  EXPECT_EQ(*read_onnx_contents(model(small_graph(), "pytorch")).feeding, torchvision_feeding());
  std::string named = small_graph();
  for (std::size_t at = 0; (at = named.find("w1", at)) != std::string::npos; ++at) {
    named.replace(at, 2, "W1");  // nothing to tell by
  }
  EXPECT_EQ(*read_onnx_contents(model(named)).feeding, torchvision_feeding());
  const std::string keras = node("Conv", {"x", "a/block1_conv1/w"}, "c", conv_attributes) +
                            node("Relu", {"c"}, "r") + tensor("a/block1_conv1/w", {2, 3, 3, 3});
  EXPECT_EQ(*read_onnx_contents(model(keras)).feeding, caffe_feeding());
}

std::string only_note(const std::string& graph) {
  const Source source = read_onnx_contents(model(graph));
  EXPECT_TRUE(source.layers.empty());
  EXPECT_FALSE(source.feeding.has_value());
  return source.notes.size() == 1 ? source.notes[0] : "";
}

TEST(Onnx, SaysWhyAGraphIsNoVgg) {
  const std::string w = tensor("w", {2, 3, 3, 3});
  const auto conv = [&](const std::string& attributes) {
    return only_note(node("Conv", {"x", "w"}, "c", attributes) + w);
  };
  EXPECT_THAT(only_note(node("Conv", {"x", "w"}, "c") + tensor("w", {2, 3, 7, 7})),
              StartsWith("c (Conv): is a 7×7 convolution; a VGG's are 3×3"));
  EXPECT_THAT(conv(""), HasSubstr("does not pad by one pixel"));
  EXPECT_THAT(conv(conv_attributes + integers("strides", {2, 2})), HasSubstr("step by one pixel"));
  EXPECT_THAT(conv(conv_attributes + integers("dilations", {1, 2})), HasSubstr("dilated"));
  EXPECT_THAT(conv(conv_attributes + bytes(5, bytes(1, "group") + number(3, 3))),
              HasSubstr("grouped"));
  EXPECT_THAT(only_note(node("Conv", {"x", "x"}, "c", conv_attributes)), HasSubstr("not known"));
  EXPECT_THAT(only_note(node("LSTM", {"x"}, "c")), HasSubstr("c (LSTM): is not known in a VGG"));
}

TEST(Onnx, MissingReluEndsTheWalk) {
  const Source source =
      read_onnx_contents(model(node("Conv", {"x", "w1"}, "c1", conv_attributes) +
                               node("Conv", {"c1", "w2"}, "c2", conv_attributes) +
                               tensor("w1", {2, 3, 3, 3}) + tensor("w2", {2, 2, 3, 3})));
  EXPECT_EQ(source.layers.size(), 1U);
  ASSERT_FALSE(source.notes.empty());
  EXPECT_THAT(source.notes[0],
              HasSubstr("c2 (Conv): a convolution follows another without a ReLU"));
}

TEST(Onnx, ArithmeticOnTheInputIsNoted) {
  const Source source = read_onnx_contents(
      model(node("Sub", {"x", "mean"}, "x1") + node("Div", {"x1", "mean"}, "x2") +
            node("Conv", {"x2", "w1"}, "c1", conv_attributes) + tensor("w1", {2, 3, 3, 3}) +
            tensor("mean", {1, 3, 1, 1})));
  EXPECT_EQ(source.layers.size(), 1U);
  ASSERT_FALSE(source.notes.empty());
  EXPECT_THAT(source.notes[0], HasSubstr("make sure that the feeding is the right one"));
}

TEST(Onnx, CyclesEnd) {
  const std::string graph = node("Relu", {"b"}, "a") + node("Relu", {"a"}, "b") +
                            node("Identity", {"x"}, "x") + small_graph();
  EXPECT_EQ(read_onnx_contents(model(graph)).layers.size(), 3U);
}

TEST(Onnx, RefusesByName) {
  const auto with_tensor = [](const std::string& message) { return model(bytes(5, message)); };
  EXPECT_THAT(error_from(with_tensor(
                  tensor_message("w", {2}, bytes(13, bytes(1, "location")) + number(14, 1)))),
              HasSubstr("tensor w: keeps its numbers in another file (external data)"));
  EXPECT_THAT(error_from(with_tensor(tensor_message("w", {2}, bytes(9, "abc")))),
              HasSubstr("has 3 bytes of data; its shape needs 2 elements of 4"));
  EXPECT_THAT(error_from(with_tensor(tensor_message("w", {3}, fixed(4, 1.0F)))),
              HasSubstr("tensor w: has 1 numbers; its shape needs 3"));
  EXPECT_THAT(error_from(with_tensor(tensor_message("w", {std::uint64_t{1} << 63}, ""))),
              HasSubstr("has a negative dimension"));
  EXPECT_THAT(error_from(with_tensor(
                  tensor_message("w", {std::uint64_t{1} << 62, std::uint64_t{1} << 62}, ""))),
              HasSubstr("a shape beyond all memory"));
  EXPECT_THAT(error_from(with_tensor(tensor_message("w", std::vector<std::uint64_t>(33, 1), ""))),
              HasSubstr("has more than 32 numbers"));
  EXPECT_THAT(error_from(with_tensor(number(2, 10) + number(1, 1) + bytes(5, "\xff\xff\x7f") +
                                     bytes(8, "w"))),
              HasSubstr("more than 16 bits"));
  EXPECT_THAT(error_from(number(1, 8) + bytes(2, "p")), HasSubstr("without a graph"));
  EXPECT_THAT(error_from(number(1, 8) + number(7, 1)),
              HasSubstr("input: at byte 2: field 7 is an integer and must be"));
  const std::string cut = model(small_graph());
  EXPECT_THAT(error_from(cut.substr(0, cut.size() - 1)),
              HasSubstr("input: at byte 8: the file is damaged or cut short"));
}

TEST(Onnx, NamesCannotSteerATerminal) {
  const Source source = read_onnx_contents(model(tensor("a\x1b[2Jb\xc2\x9bz", {1})));
  ASSERT_EQ(source.tensors.size(), 1U);
  EXPECT_EQ(source.tensors[0].name, "a?[2Jb??z");
}

TEST(Onnx, DamageGivesErrorsAndNothingElse) {
  const std::string contents = model(small_graph());
  const Refused refused = try_damage(contents, read_onnx);
  EXPECT_GE(refused.cut, contents.size() * 9 / 10);
  EXPECT_GT(refused.changed, 0u);
}

TEST(Onnx, IsToldByItsBeginning) {
  const std::string contents = model(small_graph());
  for (const std::size_t length : {contents.size(), contents.size() - 1, std::size_t{20}}) {
    EXPECT_TRUE(is_onnx(bytes_of(contents.substr(0, length)))) << length;
  }
  for (const char* other : {"", "\x08", "PK\x03\x04", "{\"a\": 1}", "\x89HDF\r\n", "\x80\x02}q"}) {
    EXPECT_FALSE(is_onnx(bytes_of(other)));
  }
  EXPECT_FALSE(is_onnx(bytes_of(read_bytes(data_path("caffe_vgg19.caffemodel")))));
}

}  // namespace
}  // namespace gramgrad::converter
