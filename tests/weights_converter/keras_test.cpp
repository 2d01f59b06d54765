// Keras' HDF5 files of all ages: numbers, order, what is refused and how.
#include "weights_converter/containers/keras.h"

#include <algorithm>

#include "tests/weights_converter/source_numbers.h"
#include "weights_converter/containers/natural_order.h"
#include "weights_converter/containers/vgg_chain.h"

namespace gramgrad::converter {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Source read_keras_data(const std::string& name) {
  return read_keras(open_input(data_path(name)));
}

void check_kind(const Source& source, std::size_t convolutions) {
  EXPECT_EQ(source.format, "keras-h5");
  EXPECT_EQ(source.flatten, FlattenOrder::hwc);
  EXPECT_EQ(source.feeding, caffe_feeding());
  EXPECT_THAT(source.notes, Contains(HasSubstr("BGR, 0 to 255")));
  EXPECT_EQ(std::ranges::count(source.layers, LayerKind::conv, &SourceLayer::kind),
            static_cast<std::ptrdiff_t>(convolutions));
}

TEST(Keras, ReadsKeras2) {
  const Source source = read_keras_data("keras2_vgg16_notop.h5");
  check_kind(source, 13);
  expect_numbers(source, "containers_vgg16");
  EXPECT_EQ(names_of(source.layers).front(), "block1_conv1");
  EXPECT_EQ(names_of(source.layers).back(), "block5_conv3");
  EXPECT_EQ(source.tensors.size(), 26u);
  EXPECT_EQ(source.tensors[1].name, "block1_conv1/block1_conv1/kernel:0");
  EXPECT_THAT(source.tensors[1].shape, ElementsAre(3, 3, 3, 2));
}

TEST(Keras, ReadsKeras1) {
  const Source source = read_keras_data("keras1_vgg19.h5");
  check_kind(source, 16);
  expect_numbers(source, "containers_vgg19");
}

TEST(Keras, ReadsKeras2WithTheTop) {
  const Source source = read_keras_data("keras2_vgg19.h5");
  check_kind(source, 16);
  expect_numbers(source, LayerKind::conv, "containers_vgg19");
  expect_numbers(source, LayerKind::linear, "containers_head_2x2");
}

TEST(Keras, ReadsChunksCompressedAndBigEndian) {
  const Source source = read_keras_data("keras2_vgg11_packed.h5");
  check_kind(source, 8);
  expect_numbers(source, "containers_vgg11");
}

TEST(Keras, ReadsAWholeModelWithoutTheOptimisersState) {
  for (const std::string name : {"keras2_vgg11_model.h5", "keras3_vgg11_model.h5"}) {
    SCOPED_TRACE(name);
    const Source source = read_keras_data(name);
    check_kind(source, 8);
    expect_numbers(source, LayerKind::conv, "containers_vgg11");
    expect_numbers(source, LayerKind::linear, "containers_head");
    ASSERT_EQ(source.layers.size(), 11u);
    EXPECT_THAT(source.layers[8].name, StartsWith("fc1"));  // TensorFlow counts: fc1_1
    EXPECT_THAT(source.layers[10].name, StartsWith("predictions"));
    EXPECT_EQ(source.layers[10].layout, WeightLayout::io);
    EXPECT_GE(source.tensors.size(), 44u);  // the state is listed, though
  }
}

TEST(Keras, ReadsKeras3InNaturalOrder) {
  const Source source = read_keras_data("keras3_vgg19.weights.h5");
  check_kind(source, 16);
  expect_numbers(source, "containers_vgg19");
  EXPECT_EQ(names_of(source.layers)[2], "layers/conv2d_2");
  EXPECT_EQ(names_of(source.layers)[10], "layers/conv2d_10");
}

TEST(Keras, ReadsNestedModelsAndNamesForeignHeads) {
  const Source source = read_keras_data("keras3_vgg16_nested.weights.h5");
  check_kind(source, 13);
  expect_numbers(source, "containers_vgg16");
  EXPECT_THAT(source.notes, Contains(HasSubstr("left out: dsn1, dsn2, dsn3, dsn4, dsn5")));
}

TEST(Keras, ReadsAnyRunOfElements) {
  unsigned seed = 1;
  for (const std::string name : {"keras2_vgg11_packed.h5", "keras2_vgg16_notop.h5"}) {
    expect_pieces_fit(read_keras_data(name), seed++);
  }
}

TEST(Keras, TensorsOutliveTheSource) {
  for (const std::string name : {"keras2_vgg11_packed.h5", "keras2_vgg16_notop.h5"}) {
    expect_tensors_outlive_the_source(name, read_keras);
  }
}

TEST(Keras, FollowsNoNamedLinksAndNoCircles) {
  const Source source = read_keras_data("keras_links.h5");
  ASSERT_EQ(source.tensors.size(), 1u);
  EXPECT_EQ(source.tensors[0].name, "a/conv2d/kernel:0");
  EXPECT_THAT(source.notes, Contains("soft is a link by name, which is not followed"));
  EXPECT_THAT(source.notes, Contains("outside is a link by name, which is not followed"));
}

TEST(Keras, SaysWhatItRefuses) {
  const auto answer = [](const std::string& name) {
    const std::string path = data_path("refused/" + name);
    const std::string error = error_of_reading(open_input(path), read_keras);
    EXPECT_THAT(error, StartsWith(path + ": "));
    return error;
  };
  EXPECT_THAT(answer("external_storage.h5"), HasSubstr("keeps its numbers in another file"));
  EXPECT_THAT(answer("virtual.h5"), HasSubstr("is a view of other files"));
  EXPECT_THAT(answer("huge.h5"), HasSubstr("claims 4398046511104 bytes"));
  EXPECT_THAT(answer("beyond.h5"), HasSubstr("a shape beyond all memory"));
  EXPECT_THAT(answer("empty.h5"), HasSubstr("needs 216 bytes of data and has 0"));
  EXPECT_THAT(answer("lzf.h5"), HasSubstr("is packed by HDF5's filter 32000"));
  EXPECT_THAT(answer("deep.h5"), HasSubstr("nest more than 32 deep"));
  EXPECT_THAT(answer("control.h5"), HasSubstr("control characters"));
  EXPECT_THAT(answer("theano_shape.h5"), HasSubstr("Theano's kernels"));
  EXPECT_THAT(answer("theano_backend.h5"), HasSubstr("saved by Keras on Theano"));
  EXPECT_THAT(answer("normalised.weights.h5"), HasSubstr("has batch normalisation"));
}

TEST(Keras, NamesAFileThatIsCutOff) {
  const std::string whole = read_bytes(data_path("keras2_vgg16_notop.h5"));
  const MemoryFile file(whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_of_reading(open_input(file.path()), read_keras),
              HasSubstr("is not a whole HDF5 file (HDF5: truncated file"));
  EXPECT_TRUE(is_keras(std::as_bytes(std::span(whole))));
  EXPECT_FALSE(is_keras(std::as_bytes(std::span(whole)).first(7)));
  EXPECT_FALSE(is_keras(std::as_bytes(std::span(whole)).subspan(1)));
}

// What lies behind the superblock is HDF5's to check, which is not always up to it (keras.h).
TEST(Keras, SurvivesDamage) {
  constexpr std::size_t superblock = 96;
  expect_damage_is_seen("keras_links.h5", read_keras, 1, superblock);
  expect_damage_is_seen("keras2_vgg11_packed.h5", read_keras, 97, superblock);
  expect_damage_is_seen("keras3_vgg16_nested.weights.h5", read_keras, 211, superblock);
}

TEST(NaturalOrder, CountsAsPeopleDo) {
  const std::vector<std::string> ordered = {"",          "a",        "a/2",       "a/10",
                                            "a/10/0",    "a_1",      "conv2d",    "conv2d/vars/0",
                                            "conv2d_1",  "conv2d_2", "conv2d_10", "conv2d_10/x",
                                            "conv2d_11", "conv10d"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      EXPECT_EQ(natural_less(ordered[i], ordered[j]), i < j) << ordered[i] << " " << ordered[j];
    }
  }
  EXPECT_TRUE(natural_less("x9", "x99999999999999999999999999"));  // longer than any integer
  EXPECT_FALSE(natural_less("x07", "x7"));
  EXPECT_FALSE(natural_less("x7", "x07"));
}

CandidateLayer conv(const std::string& name, int kernel, std::int64_t in, std::int64_t out) {
  CandidateLayer layer;
  layer.layer.name = name;
  layer.kernel_height = layer.kernel_width = kernel;
  layer.inputs = in;
  layer.outputs = out;
  return layer;
}

CandidateLayer dense(const std::string& name, std::int64_t in, std::int64_t out) {
  CandidateLayer layer = conv(name, 1, in, out);
  layer.layer.kind = LayerKind::linear;
  return layer;
}

std::vector<std::string> chain_of(const std::vector<CandidateLayer>& candidates, Source& source) {
  take_vgg_chain(candidates, source);
  return names_of(source.layers);
}

TEST(VggChain, FollowsChannelsAndLeavesOutTheRest) {
  Source source;
  EXPECT_THAT(chain_of({conv("head", 3, 8, 8), conv("a", 3, 3, 4), conv("side", 1, 4, 4),
                        conv("b", 3, 4, 8), conv("up", 3, 16, 4), dense("d", 8, 2)},
                       source),
              ElementsAre("a", "b"));
  EXPECT_THAT(source.notes, ElementsAre("no part of a VGG, left out: head, side, up, d"));
}

TEST(VggChain, TakesThreeFullyConnectedLayersThatFit) {
  Source whole;
  EXPECT_THAT(
      chain_of({conv("a", 3, 3, 4), dense("x", 8, 5), dense("y", 5, 5), dense("z", 5, 2)}, whole),
      ElementsAre("a", "x", "y", "z"));
  EXPECT_TRUE(whole.notes.empty());
  Source other;
  EXPECT_THAT(
      chain_of({conv("a", 3, 3, 4), dense("x", 9, 5), dense("y", 5, 5), dense("z", 5, 2)}, other),
      ElementsAre("a"));
  Source none;
  EXPECT_TRUE(chain_of({dense("x", 3, 3), dense("y", 3, 3), dense("z", 3, 3)}, none).empty());
}

TEST(VggChain, NamesAtMostEight) {
  std::vector<CandidateLayer> many;
  for (int i = 0; i < 11; ++i) {
    many.push_back(conv(std::string(1, static_cast<char>('a' + i)), 1, 1, 1));
  }
  Source source;
  chain_of(many, source);
  EXPECT_THAT(source.notes,
              ElementsAre("no part of a VGG, left out: a, b, c, d, e, f, g, h and 3 more"));
}

}  // namespace
}  // namespace gramgrad::converter
