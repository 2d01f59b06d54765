// MatConvNet's networks in MATLAB's files, old and new, packed and not, of versions 5 and 7.3.
#include "weights_converter/containers/matconvnet.h"

#include <algorithm>

#include "tests/weights_converter/source_numbers.h"

namespace gramgrad::converter {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Source read_matconvnet_data(const std::string& name) {
  return read_matconvnet(open_input(data_path(name)));
}

void check_kind(const Source& source, std::array<double, 3> mean, const std::string& note) {
  EXPECT_EQ(source.format, "matconvnet");
  EXPECT_EQ(source.flatten, FlattenOrder::chw);
  EXPECT_EQ(source.feeding, (nn::Feeding{nn::ChannelOrder::rgb, 255, mean, {1, 1, 1}}));
  EXPECT_THAT(source.notes, Contains(HasSubstr(note)));
}

TEST(MatConvNet, ReadsVersion5Packed) {
  const Source source = read_matconvnet_data("matconvnet_vgg19.mat");
  check_kind(source, {120, 110, 100},
             "RGB, 0 to 255, minus 120, 110, 100: the file's averageImage");
  expect_numbers(source, "containers_vgg19");
  EXPECT_EQ(source.layers.size(), 16u);
  EXPECT_EQ(source.layers[15].name, "conv5_4");
  EXPECT_EQ(source.layers[15].layout, WeightLayout::oiwh);
  EXPECT_EQ(source.tensors[2].name, "layers{3}.weights{1}");
  EXPECT_THAT(source.tensors[2].shape, ElementsAre(2, 2, 3, 3));
  EXPECT_THAT(source.tensors[3].shape, ElementsAre(2));
  EXPECT_EQ(source.tensors.back().name, "meta.normalization.averageImage");
}

// filters and biases beside each other, a whole average picture, and the classifier.
TEST(MatConvNet, ReadsOldFilesNotPacked) {
  const Source source = read_matconvnet_data("matconvnet_vgg11_old.mat");
  check_kind(source, {120, 110, 100}, "the file's averageImage");
  ASSERT_EQ(source.layers.size(), 11u);
  expect_numbers(source, LayerKind::linear, "containers_head_2x3");
  EXPECT_EQ(source.layers[8].kind, LayerKind::linear);
  EXPECT_EQ(source.layers[8].name, "fc6");
  EXPECT_THAT(source.tensors[source.layers[8].weight].shape, ElementsAre(8, 66));
  expect_numbers(source, LayerKind::conv, "containers_vgg11");
}

TEST(MatConvNet, ReadsDoublesAndTakesVggsMean) {
  const Source source = read_matconvnet_data("matconvnet_vgg11_double.mat");
  check_kind(source, {123.68, 116.779, 103.939}, "VGG's mean");
  expect_numbers(source, "containers_vgg11");
  EXPECT_EQ(source.tensors[0].type, ElementType::f64);
}

TEST(MatConvNet, ReadsVersion73) {
  const Source source = read_matconvnet_data("matconvnet_vgg11_73.mat");
  check_kind(source, {120, 110, 100}, "the file's averageImage");
  expect_numbers(source, "containers_vgg11");
  EXPECT_EQ(source.layers[1].name, "conv2_1");
}

TEST(MatConvNet, ReadsAnyRunOfElements) {
  unsigned seed = 1;
  for (const std::string name : {"matconvnet_vgg19.mat", "matconvnet_vgg11_old.mat",
                                 "matconvnet_vgg11_double.mat", "matconvnet_vgg11_73.mat"}) {
    expect_pieces_fit(read_matconvnet_data(name), seed++);
  }
}

TEST(MatConvNet, TensorsOutliveTheSource) {
  for (const std::string name : {"matconvnet_vgg19.mat", "matconvnet_vgg11_73.mat"}) {
    expect_tensors_outlive_the_source(name, read_matconvnet);
  }
}

TEST(MatConvNet, SaysWhatItRefuses) {
  const std::string path = data_path("refused/no_layers.mat");
  EXPECT_THAT(error_of_reading(open_input(path), read_matconvnet),
              StartsWith(path + ": is a MATLAB file without `layers`"));
  const std::string whole = read_bytes(data_path("matconvnet_vgg19.mat"));
  const MemoryFile cut(whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_of_reading(open_input(cut.path()), read_matconvnet),
              HasSubstr("at byte 128: a variable of 25913 bytes reaches beyond the end"));
  std::string typed = whole;
  typed[128] = 3;
  const MemoryFile wrong(typed);
  EXPECT_THAT(error_of_reading(open_input(wrong.path()), read_matconvnet),
              HasSubstr("at byte 128: 3 is no type of a MATLAB variable"));
  const std::string newer = read_bytes(data_path("matconvnet_vgg11_73.mat"));
  const MemoryFile half(newer.substr(0, newer.size() / 2));
  EXPECT_THAT(error_of_reading(open_input(half.path()), read_matconvnet),
              HasSubstr("is not a whole HDF5 file"));
}

TEST(MatConvNet, KnowsTheHeader) {
  const std::string whole = read_bytes(data_path("matconvnet_vgg19.mat"));
  const auto bytes = std::as_bytes(std::span(whole));
  EXPECT_TRUE(is_matconvnet(bytes));
  EXPECT_TRUE(is_matconvnet(bytes.first(128)));
  EXPECT_FALSE(is_matconvnet(bytes.first(127)));
  EXPECT_FALSE(is_matconvnet(bytes.subspan(1)));
  std::string big = whole;
  big.replace(124, 4, std::string("\x01\x00MI", 4));
  EXPECT_TRUE(is_matconvnet(std::as_bytes(std::span(big))));
  big[124] = 3;
  EXPECT_FALSE(is_matconvnet(std::as_bytes(std::span(big))));
}

// matio believes what structures inside a variable claim, and may take for ever over a damaged one;
// programs read such files in a guarded process. What lies before the first variable is checked
// here.
TEST(MatConvNet, SurvivesDamage) {
  constexpr std::size_t to_first_variable = 136;
  expect_damage_is_seen("matconvnet_tiny.mat", read_matconvnet, 1, to_first_variable);
  expect_damage_is_seen("matconvnet_tiny_packed.mat", read_matconvnet, 1, to_first_variable);
  expect_damage_is_seen("matconvnet_tiny_73.mat", read_matconvnet, 37, to_first_variable);
}

}  // namespace
}  // namespace gramgrad::converter
