// Caffe files, old and new, give the numbers that went in; what is damaged is named.
#include "weights_converter/graphs/caffe.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/weights_converter/protobuf_bytes.h"
#include "tests/weights_converter/source_numbers.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Source read_caffe_data(const std::string& name) {
  return read_caffe(open_input(data_path(name + ".caffemodel")));
}

struct CaffeCase {
  std::string name;
  std::size_t layers;
  bool batch_norm;
};

class CaffeFiles : public testing::TestWithParam<CaffeCase> {};

TEST_P(CaffeFiles, GiveTheNumbersThatWentIn) {
  const CaffeCase& expected = GetParam();
  EXPECT_TRUE(is_caffe(bytes_of(read_bytes(data_path(expected.name + ".caffemodel")))));
  const Source source = read_caffe_data(expected.name);
  EXPECT_EQ(source.format, "caffe");
  ASSERT_EQ(source.layers.size(), expected.layers);
  EXPECT_EQ(source.layers[0].name, "conv1_1");
  EXPECT_EQ(source.layers[0].batch_norm.has_value(), expected.batch_norm);
  EXPECT_EQ(source.flatten, FlattenOrder::chw);
  ASSERT_TRUE(source.feeding.has_value());
  EXPECT_EQ(*source.feeding, caffe_feeding());
  EXPECT_TRUE(source.notes.empty());
  expect_numbers(source, expected.name);
  expect_pieces_fit(source, 2);
}

INSTANTIATE_TEST_SUITE_P(All, CaffeFiles,
                         testing::Values(CaffeCase{"caffe_vgg19", 19, false},
                                         CaffeCase{"caffe_vgg16_old", 16, false},
                                         CaffeCase{"caffe_vgg13_bn", 10, true}),
                         [](const auto& each) { return each.param.name; });

TEST(Caffe, OldShapesLoseTheirOnes) {
  const Source source = read_caffe_data("caffe_vgg16_old");
  EXPECT_THAT(source.tensors[0].shape, ElementsAre(2, 3, 3, 3));
  EXPECT_THAT(source.tensors[1].shape, ElementsAre(2));
  const SourceLayer& last = source.layers.back();
  EXPECT_EQ(source.tensors[last.weight].name, "fc8.weight");
  EXPECT_THAT(source.tensors[last.weight].shape, ElementsAre(5, 12));
}

TEST(Caffe, TakesEpsilonFromTheFile) {
  const Source source = read_caffe_data("caffe_vgg13_bn");
  EXPECT_EQ(source.layers[0].batch_norm->epsilon, static_cast<double>(1e-4F));
}

// ---- Nets put together here. Field numbers as in caffe.proto.

std::string blob(const std::vector<std::uint64_t>& shape) {
  std::size_t elements = 1;
  std::string dimensions;
  for (const std::uint64_t dimension : shape) {
    elements *= dimension;
    dimensions += varint(dimension);
  }
  return bytes(7, bytes(5, raw(uniform_numbers(elements, 3))) + bytes(7, bytes(1, dimensions)));
}

std::string layer(const std::string& name, const std::string& type, const std::string& bottom,
                  const std::string& top, const std::string& rest = "") {
  return bytes(100, bytes(1, name) + bytes(2, type) + bytes(3, bottom) + bytes(4, top) + rest);
}

std::string conv(const std::string& name, const std::string& bottom, std::uint64_t in,
                 const std::string& settings = number(3, 1) + number(4, 3)) {
  return layer(name, "Convolution", bottom, name,
               blob({2, in, 3, 3}) + blob({2}) + bytes(106, settings));
}

std::string small_net() {
  return bytes(1, "net") + bytes(100, bytes(1, "data") + bytes(2, "Input") + bytes(4, "data")) +
         conv("c1", "data", 3) + layer("r1", "ReLU", "c1", "c1") +
         layer("p1", "Pooling", "c1", "p1", bytes(121, number(2, 2) + number(3, 2))) +
         conv("c2", "p1", 2) + layer("r2", "ReLU", "c2", "c2") +
         layer("fc", "InnerProduct", "c2", "fc",
               blob({8, 3}) + blob({3}) + bytes(117, number(6, 1))) +
         layer("loss", "SoftmaxWithLoss", "fc", "loss");
}

Source read_caffe_contents(const std::string& contents) {
  return read_caffe(file_of(contents));
}

TEST(Caffe, ReadsASmallNet) {
  const Source source = read_caffe_contents(small_net());
  ASSERT_EQ(source.layers.size(), 3U);
  EXPECT_EQ(source.layers[2].layout, WeightLayout::io);  // transpose is set
  EXPECT_TRUE(source.notes.empty());
}

std::string first_note(const std::string& net) {
  const Source source = read_caffe_contents(net);
  return source.notes.empty() ? "" : source.notes[0];
}

TEST(Caffe, SaysWhereTheVggEnds) {
  EXPECT_THAT(first_note(conv("c1", "data", 3, number(3, 100) + number(4, 3))),
              HasSubstr("c1 (Convolution): does not pad by one pixel"));
  EXPECT_THAT(first_note(conv("c1", "data", 3, number(3, 1) + number(4, 3) + number(6, 2))),
              HasSubstr("does not step by one pixel"));
  EXPECT_THAT(first_note(conv("c1", "data", 3, number(3, 1) + number(4, 3) + number(18, 2))),
              HasSubstr("dilated or grouped"));
  // By rows and columns each: 3 × 3, padding 1 × 1.
  EXPECT_EQ(first_note(conv("c1", "data", 3,
                            number(9, 1) + number(10, 1) + number(11, 3) + number(12, 3))),
            "");
  EXPECT_THAT(first_note(conv("c1", "data", 3, number(9, 1) + number(10, 0) + number(4, 3))),
              HasSubstr("does not pad"));
  EXPECT_THAT(
      first_note(conv("c1", "data", 3) +
                 layer("r", "ReLU", "c1", "c1", bytes(123, fixed(1, 0.1F))) + conv("c2", "c1", 2)),
      HasSubstr("r (ReLU): is not known in a VGG"));
  EXPECT_THAT(first_note(conv("c1", "data", 3) + layer("n", "BatchNorm", "c1", "c1", blob({2}))),
              HasSubstr("n (BatchNorm): is not known in a VGG"));
  EXPECT_THAT(first_note(layer("c1", "Convolution", "data", "c1")), HasSubstr("is not known"));
}

TEST(Caffe, NormalisationDividesByTheCount) {
  const auto count = [](float value) {
    return bytes(7, bytes(5, raw<float>({value})) + bytes(7, bytes(1, varint(1))));
  };
  const auto net = [&](float value) {
    return conv("c1", "data", 3) +
           layer("n", "BatchNorm", "c1", "c1", blob({2}) + blob({2}) + count(value)) +
           layer("s", "Scale", "c1", "c1", blob({2}) + blob({2}));
  };
  const std::vector<float> sums = uniform_numbers(2, 3);
  const Source source = read_caffe_contents(net(4));
  ASSERT_TRUE(source.layers.at(0).batch_norm.has_value());
  EXPECT_THAT(read_all(source.tensors[source.layers[0].batch_norm->mean]),
              ElementsAre(sums[0] / 4, sums[1] / 4));
  const Source empty = read_caffe_contents(net(0));
  EXPECT_THAT(read_all(empty.tensors[empty.layers.at(0).batch_norm->variance]), ElementsAre(0, 0));
}

TEST(Caffe, RefusesByName) {
  const auto error = [](const std::string& contents) {
    return error_of([&] { read_caffe_contents(contents); });
  };
  EXPECT_THAT(error(bytes(2, bytes(1, bytes(1, "conv1")))),
              HasSubstr("of Caffe's first format, of 2013"));
  const auto with_blob = [&](const std::string& message) {
    return error(bytes(100, bytes(1, "c") + bytes(2, "Convolution") + bytes(7, message)));
  };
  EXPECT_THAT(with_blob(number(1, 2) + number(2, 1) + number(3, 1) + number(4, 1)),
              HasSubstr("input: at byte 21: blob c.weight: has 0 numbers; its shape needs 2"));
  EXPECT_THAT(with_blob(bytes(7, bytes(1, varint(std::uint64_t{1} << 63)))),
              HasSubstr("negative dimension"));
  EXPECT_THAT(with_blob(bytes(
                  7, bytes(1, varint(std::uint64_t{1} << 40) + varint(std::uint64_t{1} << 40)))),
              HasSubstr("beyond all memory"));
  const std::string net = small_net();
  EXPECT_THAT(error(net.substr(0, net.size() - 1)), HasSubstr("the file is damaged or cut short"));
}

TEST(Caffe, DamageGivesErrorsAndNothingElse) {
  const std::string contents = small_net();
  const Refused refused = try_damage(contents, read_caffe);
  EXPECT_GE(refused.cut, contents.size() * 9 / 10);
  EXPECT_GT(refused.changed, 0u);
}

TEST(Caffe, IsToldByItsBeginning) {
  const std::string contents = small_net();
  for (const std::size_t length : {contents.size(), contents.size() - 1, std::size_t{15}}) {
    EXPECT_TRUE(is_caffe(bytes_of(contents.substr(0, length)))) << length;
  }
  for (const char* other :
       {"", "\n", "\n\n\n\n\nsome text", "PK\x03\x04", "{\"a\": 1}", "\x80\x02}q"}) {
    EXPECT_FALSE(is_caffe(bytes_of(other))) << other;
  }
  EXPECT_FALSE(is_caffe(bytes_of(read_bytes(data_path("onnx_zoo_vgg11.onnx")))));
}

}  // namespace
}  // namespace gramgrad::converter
