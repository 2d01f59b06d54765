// Files of PyTorch, both forms: the numbers that PyTorch wrote come out, all else is refused.
#include "nn/half.h"
#include "tests/weights_converter/archive_network.h"
#include "weights_converter/archives/torch_stream.h"
#include "weights_converter/archives/torch_zip.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Source read_zip(const std::string& name) {
  return read_torch_zip(open_input(data_path(name)));
}
Source read_stream(const std::string& name) {
  return read_torch_stream(open_input(data_path(name)));
}

TEST(Torch, FormsAreRecognised) {
  for (const std::string name : {"torchvision_vgg11.pth", "torchvision_vgg11_old.pth"}) {
    EXPECT_TRUE(is_torch_zip(open_input(data_path(name))->bytes())) << name;
    EXPECT_FALSE(is_torch_stream(open_input(data_path(name))->bytes())) << name;
  }
  const InputFilePtr stream = open_input(data_path("torchvision_vgg16_stream.pth"));
  EXPECT_TRUE(is_torch_stream(stream->bytes()));
  EXPECT_FALSE(is_torch_zip(stream->bytes()));
  EXPECT_FALSE(is_torch_zip(open_input(data_path("frossard_vgg16.npz"))->bytes()));
  EXPECT_FALSE(is_torch_zip({}));
  EXPECT_FALSE(is_torch_stream({}));
  // Half of a file is still called what it is.
  const std::string half = read_bytes(data_path("torchvision_vgg11.pth")).substr(0, 30000);
  EXPECT_TRUE(is_torch_zip(file_of(half)->bytes()));
  EXPECT_THAT(error_of_reading(half, read_torch_zip), HasSubstr("cut short"));
}

TEST(TorchZip, TorchvisionWithClassifier) {
  for (const std::string name : {"torchvision_vgg11.pth", "torchvision_vgg11_old.pth"}) {
    const Source source = read_zip(name);
    EXPECT_EQ(source.format, "torch-zip");
    expect_network(source, "vgg11", WeightLayout::oihw);
    EXPECT_THAT(linear_names(source), ElementsAre("classifier.0", "classifier.3", "classifier.6"));
    EXPECT_EQ(source.layers.back().layout, WeightLayout::oi);
    EXPECT_EQ(source.flatten, FlattenOrder::chw);
    EXPECT_EQ(source.feeding, torchvision_feeding());
    EXPECT_EQ(source.tensors.front().name, "features.0.weight");
    EXPECT_EQ(source.tensors.size(), 22u);
  }
}

TEST(TorchZip, BatchNorm) {
  const Source source = read_zip("torchvision_vgg19_bn.pth");
  expect_network(source, "vgg19_bn", WeightLayout::oihw);
  EXPECT_EQ(source.tensors.size(), 16u * 7);
  const SourceTensor& counter = find_tensor(source, "features.1.num_batches_tracked");
  EXPECT_EQ(counter.type, ElementType::other);
  EXPECT_FALSE(counter.read);
}

TEST(TorchZip, NestedCheckpointOfDataParallel) {
  const Source source = read_zip("checkpoint_vgg13_bn.pth");
  expect_network(source, "vgg13_bn", WeightLayout::oihw);
  EXPECT_EQ(source.layers[0].name, "state_dict.module.features.0");
  EXPECT_EQ(find_tensor(source, "optimizer.state.0.momentum_buffer").element_count(), 54);
}

TEST(TorchZip, OtherTypesStridesAndOffsets) {
  const Source source = read_zip("mixed_vgg11.pth");
  expect_network(source, "vgg11", WeightLayout::oihw, [](std::size_t layer, bool, float value) {
    switch (layer % 3) {
      case 0:
        return nn::bf16_to_f32(nn::f32_to_bf16(value));
      case 1:
        return nn::f16_to_f32(nn::f32_to_f16(value));
      default:
        return value;
    }
  });
  EXPECT_EQ(source.tensors[source.layers[0].weight].type, ElementType::bf16);
  EXPECT_EQ(source.tensors[source.layers[1].weight].type, ElementType::f16);
  EXPECT_EQ(source.tensors[source.layers[2].weight].type, ElementType::f64);
}

TEST(TorchZip, PartsOfTensorsAreReadAlike) {
  const Source source = read_zip("mixed_vgg11.pth");
  expect_pieces_fit(source, 5);
}

TEST(TorchStream, Torchvision) {
  const Source source = read_stream("torchvision_vgg16_stream.pth");
  EXPECT_EQ(source.format, "torch-stream");
  expect_network(source, "vgg16", WeightLayout::oihw);
  EXPECT_EQ(source.feeding, torchvision_feeding());
}

TEST(TorchStream, GatysIsFedAsCaffe) {
  const Source source = read_stream("gatys_vgg_conv.pth");
  expect_network(source, "vgg19", WeightLayout::oihw);
  EXPECT_EQ(source.feeding, caffe_feeding());
}

TEST(TorchStream, AdaInsFirstLayerIsTheFeeding) {
  const Source source = read_stream("adain_vgg_normalised.pth");
  expect_network(source, "vgg19", WeightLayout::oihw);
  EXPECT_EQ(source.layers[0].name, "2");
  ASSERT_TRUE(source.feeding);
  EXPECT_EQ(source.feeding->channel_order, nn::ChannelOrder::bgr);
  EXPECT_EQ(source.feeding->scale, 255);
  for (std::size_t c = 0; c < 3; ++c) {  // its biases are f32
    EXPECT_FLOAT_EQ(static_cast<float>(source.feeding->mean[c]),
                    static_cast<float>(caffe_feeding().mean[c]));
    EXPECT_EQ(source.feeding->std[c], 1);
  }
  EXPECT_THAT(source.notes, testing::Contains(HasSubstr("reflection")));
}

TEST(Torch, WholeModulesAreRefused) {
  EXPECT_THAT(
      error_of([] { read_zip("refused/whole_module.pth"); }),
      testing::AllOf(StartsWith(data_path("refused/whole_module.pth") + ": data.pkl: at byte "),
                     HasSubstr("global 'torch.nn.modules.container.Sequential'"),
                     HasSubstr("torch.save(model.state_dict()")));
}

TEST(TorchZip, DamageIsRefusedOrHarmless) {
  expect_damage_is_seen("tiny/zip.pth", read_torch_zip);
}
TEST(TorchStream, DamageIsRefusedOrHarmless) {
  expect_damage_is_seen("tiny/stream.pth", read_torch_stream);
}

TEST(TorchZip, WrongNumbersAreSeen) {
  std::string file = read_bytes(data_path("tiny/zip.pth"));
  const float one_two_three[] = {1, 2, 3};
  const std::size_t at =
      file.find({reinterpret_cast<const char*>(one_two_three), sizeof one_two_three});
  ASSERT_NE(at, std::string::npos);
  file[at + 5] = static_cast<char>(file[at + 5] ^ 1);
  EXPECT_THAT(error_of_reading(file, read_torch_zip),
              HasSubstr("tensor conv1_1.weight: is damaged"));
}

// Replaces the one place in the stream's pickle where `from` stands.
std::string stream_with(const std::string& from, const std::string& to) {
  std::string file = read_bytes(data_path("tiny/stream.pth"));
  const std::size_t at = file.find(from);
  EXPECT_NE(at, std::string::npos);
  return error_of_reading(file.replace(at, from.size(), to), read_torch_stream);
}

TEST(TorchStream, LyingPicklesAreRefused) {
  // The first tensor: BININT1 0, (2, 3, 3, 3), (27, 9, 3, 1).
  const std::string shape = "(K\x02K\x03K\x03K\x03t";
  const std::string stride = "(K\x1bK\x09K\x03K\x01t";
  EXPECT_THAT(stream_with(shape, "(K\x03K\x03K\x03K\x03t"),
              HasSubstr("needs 81 elements; there are 54"));
  EXPECT_THAT(stream_with(stride, "(K\x1cK\x09K\x03K\x01t"), HasSubstr("to 54 of a storage of 54"));
  EXPECT_THAT(stream_with(stride, "(J\xff\xff\xff\xffK\x09K\x03K\x01t"),
              HasSubstr("negative stride, -1"));
  EXPECT_THAT(stream_with(stride, "(\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x09K\x03K\x01t"),
              HasSubstr("beyond all memory"));
  EXPECT_THAT(stream_with(stride, "(K\x1bK\x09K\x03t"), HasSubstr("4 dimensions and 3 strides"));
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
  EXPECT_THAT(stream_with(shape, "(" + huge + huge + "K\x03K\x03t"),
              HasSubstr("beyond all memory"));
  EXPECT_THAT(stream_with(shape, "(J\xff\xff\xff\xffK\x03K\x03K\x03t"),
              HasSubstr("beyond all memory"));
  EXPECT_THAT(stream_with("FloatStorage", "DoubleStorage"), HasSubstr("the file is cut short"));
  EXPECT_THAT(stream_with("FloatStorage", "QuietStorage"),
              HasSubstr("global 'torch.QuietStorage'"));
  EXPECT_THAT(stream_with("little_endian", "kittle_endian"), HasSubstr("what machine"));
  EXPECT_THAT(stream_with("_rebuild_tensor_v2", "_rebuild_tensor_v9"),
              HasSubstr("not one that weights need"));
}

}  // namespace
}  // namespace gramgrad::converter
