// TensorFlow.js models: numbers, whole and quantised, across shards; manifests that lie are named.
#include "weights_converter/graphs/tfjs.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/weights_converter/protobuf_bytes.h"
#include "tests/weights_converter/source_numbers.h"

namespace gramgrad::converter {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

struct TfjsCase {
  std::string name;
  std::size_t layers;
  ElementType type;
};

class TfjsFiles : public testing::TestWithParam<TfjsCase> {};

TEST_P(TfjsFiles, GiveTheNumbersThatWentIn) {
  const TfjsCase& expected = GetParam();
  const std::string path = data_path(expected.name + "/model.json");
  EXPECT_TRUE(is_tfjs(bytes_of(read_bytes(path))));
  const Source source = read_tfjs(open_input(path));
  EXPECT_EQ(source.format, "tfjs");
  ASSERT_EQ(source.layers.size(), expected.layers);
  EXPECT_EQ(source.layers[0].name, "block1_conv1");
  EXPECT_EQ(source.tensors[0].type, expected.type);
  EXPECT_EQ(source.flatten, FlattenOrder::hwc);
  ASSERT_TRUE(source.feeding.has_value());
  EXPECT_EQ(*source.feeding, caffe_feeding());
  expect_numbers(source, expected.name);
  expect_pieces_fit(source, 4);
}

INSTANTIATE_TEST_SUITE_P(All, TfjsFiles,
                         testing::Values(TfjsCase{"tfjs_vgg16", 16, ElementType::f32},
                                         TfjsCase{"tfjs_vgg19_uint8", 16, ElementType::f32},
                                         TfjsCase{"tfjs_vgg13_uint16", 10, ElementType::f32},
                                         TfjsCase{"tfjs_vgg11_float16", 8, ElementType::f16}),
                         [](const auto& each) { return each.param.name; });

TEST(Tfjs, KnowsBatchNormalisation) {
  const Source source = read_tfjs(open_input(data_path("tfjs_vgg13_uint16/model.json")));
  ASSERT_TRUE(source.layers[0].batch_norm.has_value());
  EXPECT_EQ(source.layers[0].batch_norm->epsilon, 1e-3);
  EXPECT_THAT(source.notes, testing::Contains(HasSubstr("the weights are quantised")));
}

// A folder of its own, removed in the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "tfjs_XXXXXX").string();
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  // The path of a new file with these contents.
  std::string write(const std::string& name, const std::string& contents) const {
    const std::string path = (path_ / name).string();
    std::filesystem::remove(path);  // the old one may still be mapped
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }

 private:
  std::filesystem::path path_;
};

// A model of one convolution, which its tests change: 56 numbers in one shard.
json small_model() {
  return json::parse(R"({"modelTopology": {"class_name": "Sequential", "config": [
    {"class_name": "Conv2D", "config": {"name": "c", "kernel_size": [3, 3], "padding": "same",
      "activation": "relu"}}]},
    "weightsManifest": [{"paths": ["shard.bin"], "weights": [
      {"name": "m/c/kernel", "shape": [3, 3, 3, 2], "dtype": "float32"},
      {"name": "m/c/bias", "shape": [2], "dtype": "float32"}]}]})");
}

class SmallTfjs : public testing::Test {
 protected:
  SmallTfjs() { folder_.write("shard.bin", raw(uniform_numbers(56, 5))); }

  Source read(const json& model) { return read_text(model.dump()); }
  Source read_text(const std::string& text) {
    return read_tfjs(open_input(folder_.write("model.json", text)));
  }
  std::string error(const json& model) {
    return error_of([&] { read(model); });
  }

  TemporaryFolder folder_;
};

TEST_F(SmallTfjs, IsRead) {
  const Source source = read(small_model());
  ASSERT_EQ(source.layers.size(), 1U);
  EXPECT_EQ(source.layers[0].layout, WeightLayout::hwio);
  EXPECT_EQ(source.tensors[1].name, "m/c/bias");
}

TEST_F(SmallTfjs, ShardNamesStayInTheFolder) {
  for (const char* name : {"../shard.bin", "/etc/passwd", "a/b", "a\\b", "..", ".", "", ".hidden",
                           "http://host/shard.bin", "C:shard.bin", "a\nb"}) {
    json model = small_model();
    model["weightsManifest"][0]["paths"][0] = name;
    EXPECT_THAT(error(model), HasSubstr("must be a plain name of a file beside it")) << name;
  }
  json model = small_model();
  model["weightsManifest"][0]["paths"][0] = std::string("shard.bin\0x", 11);
  EXPECT_THAT(error(model), HasSubstr("must be a plain name"));
  model["weightsManifest"][0]["paths"][0] = "missing.bin";
  EXPECT_THAT(error(model), HasSubstr("missing.bin: cannot be opened"));
}

TEST_F(SmallTfjs, SizesMustFit) {
  json model = small_model();
  model["weightsManifest"][0]["weights"][1]["shape"] = {1};
  EXPECT_THAT(error(model), HasSubstr("its shards have 224 bytes and its tensors 220"));
  model["weightsManifest"][0]["weights"][1]["shape"] = {3};
  EXPECT_THAT(error(model), HasSubstr("tensor m/c/bias: needs more bytes than its shards have"));
  model["weightsManifest"][0]["weights"][1]["shape"] = {std::int64_t{1} << 62, 4};
  EXPECT_THAT(error(model), HasSubstr("beyond all memory"));
  for (const json& shape : {json::parse("[-1]"), json::parse("[1.5]"), json::parse("null"),
                            json::parse("[18446744073709551615]"), json(std::vector<int>(33, 1))}) {
    model["weightsManifest"][0]["weights"][1]["shape"] = shape;
    EXPECT_THAT(error(model), HasSubstr("has no shape of whole numbers")) << shape;
  }
}

TEST_F(SmallTfjs, TypesMustBeKnown) {
  json model = small_model();
  json& weight = model["weightsManifest"][0]["weights"][1];
  weight["dtype"] = "complex64";
  EXPECT_THAT(error(model), HasSubstr("has the element type \"complex64\", which is not read"));
  weight["dtype"] = "float32";
  weight["quantization"] = {{"dtype", "uint4"}};
  EXPECT_THAT(error(model), HasSubstr("is quantised as \"uint4\""));
  weight["quantization"] = {{"dtype", "uint8"}, {"min", 0}};
  EXPECT_THAT(error(model), HasSubstr("lacks the number \"scale\""));
}

TEST_F(SmallTfjs, WhatIsNoLayersModelIsNoted) {
  json model = small_model();
  model.erase("modelTopology");
  EXPECT_THAT(read(model).notes, ElementsAre(HasSubstr("is no layers model")));
  EXPECT_EQ(read(model).tensors.size(), 2U);
  model = small_model();
  model["modelTopology"]["config"][0]["config"]["padding"] = "valid";
  EXPECT_THAT(read(model).notes, ElementsAre(HasSubstr("c (Conv2D): does not pad by one pixel")));
  model["modelTopology"]["config"][0]["class_name"] = "SeparableConv2D";
  EXPECT_THAT(read(model).notes, ElementsAre(HasSubstr("is not known in a VGG")));
}

TEST_F(SmallTfjs, NestingHasItsLimits) {
  json inner = small_model()["modelTopology"]["config"];
  for (int depth = 0; depth < 12; ++depth) {
    inner = json::array({{{"class_name", "Sequential"}, {"config", inner}}});
  }
  json model = small_model();
  model["modelTopology"]["config"] = inner;
  EXPECT_THAT(error(model), HasSubstr("nests models deeper than 8 levels"));
  const std::string deep = "{\"weightsManifest\": " + std::string(100000, '[');
  EXPECT_THAT(error_of([&] { read_text(deep); }), HasSubstr("nests deeper than 64 levels"));
}

TEST_F(SmallTfjs, DamageGivesErrorsAndNothingElse) {
  const std::string text = small_model().dump();
  const auto error_of_text = [&](const std::string& contents) {
    const std::string path = folder_.write("model.json", contents);
    const std::string error = error_of_reading(open_input(path), read_tfjs);
    EXPECT_TRUE(error.empty() || error.starts_with(path + ": ")) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    return error;
  };
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_NE(error_of_text(text.substr(0, length)), "") << length;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char other : {'"', '0', '{', '9', '\xff'}) {
      std::string damaged = text;
      damaged[i] = other;
      error_of_text(damaged);
    }
  }
}

TEST(Tfjs, IsToldByItsContent) {
  EXPECT_TRUE(is_tfjs(bytes_of("\n {\"weightsManifest\": 1")));
  for (const char* other : {"", "{", "[\"weightsManifest\"]", "weightsManifest", "PK\x03\x04"}) {
    EXPECT_FALSE(is_tfjs(bytes_of(other))) << other;
  }
}

}  // namespace
}  // namespace gramgrad::converter
