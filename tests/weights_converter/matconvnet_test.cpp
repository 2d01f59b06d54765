// MatConvNet's networks in MATLAB's files, old and new, packed and not, of versions 5 and 7.3.
#include "weights_converter/containers/matconvnet.h"

#include <zlib.h>

#include <algorithm>

#include "tests/weights_converter/mat_writer.h"
#include "tests/weights_converter/source_numbers.h"
#include "weights_converter/containers/mat_file.h"

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

// A file with the variable packed by zlib, and `more` bytes after it in there.
std::string packed_file(const std::string& variable, const std::string& more = "") {
  const std::string all = variable + more;
  std::string packed(compressBound(all.size()), '\0');
  uLongf size = packed.size();
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                     reinterpret_cast<const Bytef*>(all.data()), all.size()),
            Z_OK);
  packed.resize(size);
  return mat_header() + mat_u32(15) + mat_u32(static_cast<std::uint32_t>(size)) + packed;
}

// What is said of a variable, packed or not.
void expect_refused(const std::string& variable, const std::string& message) {
  for (const std::string& file : {mat_header() + variable, packed_file(variable)}) {
    EXPECT_THAT(error_of_reading(file, read_matconvnet),
                testing::AllOf(StartsWith("input: at byte "), HasSubstr(message)));
  }
}

TEST(MatConvNet, LyingArraysAreRefused) {
  const std::string numbers = mat_element(7, std::string(8, '\0'));
  const auto layers = [](const std::vector<std::uint32_t>& dimensions, const std::string& contents,
                         std::uint32_t more = 0) {
    return mat_array(mat_single, dimensions, "layers", contents, more);
  };
  expect_refused(layers({1, 3}, numbers), "an array of 3 numbers has 8 bytes for numbers of 4");
  expect_refused(layers({1, 0x80000000}, numbers), "dimension 1 of an array is -2147483648");
  expect_refused(layers({0x7fffffff, 0x7fffffff, 0x7fffffff}, numbers), "beyond all memory");
  expect_refused(layers(std::vector<std::uint32_t>(33, 1), numbers), "has 33 dimensions");
  expect_refused(layers({1, 1}, mat_element(8, "abcd")), "type 8 is none of numbers");
  expect_refused(layers({1, 2}, mat_element(7, std::string(8, '\0'), 64)),
                 "reaches beyond the end");
  expect_refused(mat_array(mat_cell, {1, 2147483647}, "layers", ""), "an element belongs here");
  expect_refused(mat_array(mat_cell, {1, 1}, std::string(70000, 'x'), ""), "longer than any");
  EXPECT_THAT(error_of_reading(packed_file(layers({1, 2}, numbers), "more"), read_matconvnet),
              HasSubstr("at byte 128, unpacked byte 72: the packed variable does not end"));
  EXPECT_THAT(error_of_reading(packed_file(layers({1, 2}, numbers, 64)), read_matconvnet),
              HasSubstr("does not end after its 136 bytes"));
}

TEST(MatConvNet, NestingHasItsLimits) {
  const auto nested = [](int depth) {
    std::string array = mat_array(mat_single, {1, 1}, "", mat_element(7, mat_u32(0)));
    for (int i = depth; i > 0; --i) {
      array = mat_array(mat_cell, {1, 1}, i == 1 ? "layers" : "", array);
    }
    return array;
  };
  expect_refused(nested(16), "arrays are nested deeper than 16");
  EXPECT_EQ(error_of_reading(mat_header() + nested(15), read_matconvnet), "");
}

TEST(MatConvNet, EmptyArraysAreRead) {
  const std::string text = mat_array(mat_text, {0, 0}, "", mat_element(16, ""));
  const std::string none = mat_array(mat_single, {0, 0}, "", mat_element(7, ""));
  const std::string layer = mat_structure_of("type", "", text) + mat_structure_of("name", "", none);
  const std::string layers = mat_array(mat_cell, {1, 3}, "layers", layer + mat_element(14, ""));
  for (const std::string& file : {mat_header() + layers, packed_file(layers)}) {
    EXPECT_EQ(error_of_reading(file, read_matconvnet), "");
    EXPECT_TRUE(open_mat_5(file_of(file), "layers")->cells().at(0)->field("type")->text().empty());
  }
}

// More than one of the places that reading can go on from.
TEST(MatConvNet, PackedNumbersAreReadInAnyOrder) {
  constexpr int count = 5'000'000;
  std::vector<float> numbers(count);
  for (int i = 0; i < count; ++i) {
    numbers[static_cast<std::size_t>(i)] = static_cast<float>(i % 1021);
  }
  const std::string data(reinterpret_cast<const char*>(numbers.data()), 4 * numbers.size());
  const auto value = open_mat_5(
      file_of(packed_file(mat_array(mat_single, {1, count}, "x", mat_element(7, data)))), "x");
  ASSERT_NE(value, nullptr);
  const SourceTensor tensor = *value->tensor("x");
  for (const int first : {4'999'900, 0, 4'300'000, 4'200'000, 4'199'990, 3'000'000, 20'000, 100}) {
    std::vector<float> some(100);
    tensor.read(first, some);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), numbers.begin() + first)) << first;
  }
}

// Of words only, and names that read alike from both ends.
TEST(MatConvNet, ReadsFilesOfTheOtherByteOrder) {
  const float numbers[] = {1, -2.5F};
  std::string file = mat_array(mat_single, {1, 2}, "abba",
                               mat_element(7, {reinterpret_cast<const char*>(numbers), 8}));
  for (std::size_t i = 0; i < file.size(); i += 4) {
    std::reverse(file.begin() + static_cast<std::ptrdiff_t>(i),
                 file.begin() + static_cast<std::ptrdiff_t>(i + 4));
  }
  const auto value =
      open_mat_5(file_of(mat_header().replace(124, 4, std::string("\1\0MI", 4)) + file), "abba");
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(read_all(*value->tensor("x")), (std::vector<float>{1, -2.5F}));
}

// What HDF5 makes of damaged structures is its own affair.
TEST(MatConvNet, SurvivesDamage) {
  expect_damage_is_seen("matconvnet_tiny.mat", read_matconvnet);
  expect_damage_is_seen("matconvnet_tiny_packed.mat", read_matconvnet);
  expect_damage_is_seen("matconvnet_tiny_73.mat", read_matconvnet, 37, 136);
}

}  // namespace
}  // namespace gramgrad::converter
