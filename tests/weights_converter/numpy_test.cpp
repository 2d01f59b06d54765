// `.npy` and `.npz`: the numbers that NumPy wrote come out, all else is refused.
#include "nn/half.h"
#include "tests/weights_converter/archive_network.h"
#include "tests/weights_converter/protobuf_bytes.h"
#include "weights_converter/archives/npy.h"
#include "weights_converter/archives/npz.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    file += static_cast<char>(header.size() >> (8 * i));
  }
  return file + header + data;
}

Source parse_npy(const std::string& bytes) {
  return read_npy(file_of(bytes));
}

TEST(Npy, ReadsWhatNumPyWrites) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }     \n";
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  for (const int version : {1, 2, 3}) {
    const Source source = parse_npy(npy(header, raw(values), version));
    EXPECT_EQ(source.format, "npy");
    ASSERT_EQ(source.tensors.size(), 1u);
    EXPECT_EQ(source.tensors[0].shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(read_all(source.tensors[0]), values);
    EXPECT_TRUE(source.layers.empty());
  }
  const Source fortran = parse_npy(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (2L, 3L)}",
                                       raw(std::vector<double>{1, 4, 2, 5, 3, 6})));
  EXPECT_EQ(read_all(fortran.tensors[0]), values);
  EXPECT_EQ(read_all(parse_npy(npy("{'descr': '<f2', 'fortran_order': False, 'shape': ()}",
                                   raw(std::vector<std::uint16_t>{0x3c00})))
                         .tensors[0]),
            std::vector<float>{1});
  const Source other =
      parse_npy(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}", "abcd"));
  EXPECT_EQ(other.tensors[0].type, ElementType::other);
  EXPECT_FALSE(other.tensors[0].read);
}

TEST(Npy, RefusesEverythingElse) {
  const auto answer = [](const std::string& header) {
    return error_of([&] { parse_npy(npy(header, "1234")); });
  };
  EXPECT_EQ(answer("{'shape': (1,), 'fortran_order': False, 'descr': '<f4'}"), "");
  const std::string rest = ", 'fortran_order': False, 'shape': (1,)}";
  EXPECT_THAT(answer("{'descr': '>f4'" + rest), HasSubstr("big-endian"));
  EXPECT_THAT(answer("{'descr': [('a', '<f4')]" + rest), HasSubstr("structured"));
  EXPECT_THAT(answer("{'descr': '|O'" + rest), HasSubstr("opcode POP_MARK of pickle"));
  const std::string start = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  EXPECT_THAT(answer(start + "(2,)}"), HasSubstr("has 4 bytes of data; its shape needs 8"));
  EXPECT_THAT(answer(start + "(-1,)}"), HasSubstr("number"));
  EXPECT_THAT(answer(start + "(99999999999999999999,)}"), HasSubstr("number"));
  EXPECT_THAT(answer(start + "(4294967296, 4294967296, 4294967296)}"),
              HasSubstr("beyond all memory"));
  EXPECT_THAT(answer(start + "(9223372036854775807,)}"), HasSubstr("beyond all memory"));
  EXPECT_THAT(answer("{'descr': '<f4', 'shape': (1,)}"), HasSubstr("each once"));
  EXPECT_THAT(answer(start + "(1,), 'descr': '<f4'}"), HasSubstr("does not belong"));
  EXPECT_THAT(answer(start + "(1,)} x"), HasSubstr("once"));
  EXPECT_THAT(answer("{'descr"), HasSubstr("not what NumPy writes"));
  EXPECT_THAT(error_of([] { parse_npy("\x93NUMPX123456"); }), HasSubstr("not an .npy"));
  EXPECT_THAT(error_of([] { parse_npy(npy("{}", "1234", 4)); }), HasSubstr("version 4"));
  const std::string pickle_start = "{'descr': '|O', 'fortran_order': False, 'shape': ()}";
  EXPECT_THAT(error_of([&] {
                parse_npy(npy(pickle_start,
                              "\x80\x02"
                              "cos\nsystem\n(U\4true\x85R."));
              }),
              HasSubstr("global 'os.system' is not one that weights need"));
}

TEST(Npy, MachrisaasDictionary) {
  for (const auto& [name, network] :
       {std::pair("machrisaa_vgg19.npy", "vgg19"), std::pair("machrisaa_vgg16.npy", "vgg16"),
        std::pair("machrisaa_vgg16_protocol2.npy", "vgg16")}) {
    const InputFilePtr file = open_input(data_path(name));
    EXPECT_TRUE(is_npy(file->bytes()));
    const Source source = read_npy(file);
    expect_network(source, network, WeightLayout::hwio);
    EXPECT_EQ(source.feeding, caffe_feeding());
    EXPECT_EQ(source.tensors[0].name, "conv1_1[0]");
    EXPECT_EQ(source.flatten, FlattenOrder::hwc);
  }
}

TEST(Npy, TextInLatin1IsReadInParts) {
  const Source source = read_npy(open_input(data_path("machrisaa_vgg16_protocol2.npy")));
  expect_pieces_fit(source, 6);
}

TEST(Npy, DamageIsRefusedOrHarmless) {
  expect_damage_is_seen("tiny/dictionary.npy", read_npy);
}

TEST(Npz, Frossard) {
  for (const std::string name : {"frossard_vgg16.npz", "frossard_vgg16_deflated.npz"}) {
    const InputFilePtr file = open_input(data_path(name));
    EXPECT_TRUE(is_npz(file->bytes()));
    const Source source = read_npz(file);
    EXPECT_EQ(source.format, "npz");
    expect_network(source, "vgg16", WeightLayout::hwio);
    EXPECT_THAT(linear_names(source), ElementsAre("fc6", "fc7", "fc8"));
    EXPECT_EQ(source.layers.back().layout, WeightLayout::io);
    EXPECT_EQ(source.flatten, FlattenOrder::hwc);
    ASSERT_TRUE(source.feeding);
    EXPECT_EQ(source.feeding->channel_order, nn::ChannelOrder::rgb);
    EXPECT_EQ(source.feeding->scale, 255);
    EXPECT_EQ(source.feeding->mean, (std::array<double, 3>{123.68, 116.779, 103.939}));
    EXPECT_EQ(find_tensor(source, "fc6_W").shape, (std::vector<std::int64_t>{784, 5}));
  }
}

// In Fortran's order, and in the second file deflated too: read in parts, forward and back.
TEST(Npz, PackedTensorsAreReadInParts) {
  const Source stored = read_npz(open_input(data_path("frossard_vgg16.npz")));
  const Source deflated = read_npz(open_input(data_path("frossard_vgg16_deflated.npz")));
  for (const std::string name : {"fc6_W", "conv5_3_W"}) {
    EXPECT_EQ(read_all(find_tensor(deflated, name)), read_all(find_tensor(stored, name)));
  }
  expect_pieces_fit(stored, 7);
  expect_pieces_fit(deflated, 8);
}

TEST(Npz, ProjectsOwnInHalves) {
  const Source source = read_npz(open_input(data_path("project_vgg13.npz")));
  expect_network(source, "vgg13", WeightLayout::oihw, [](std::size_t, bool weight, float value) {
    return weight ? nn::f16_to_f32(nn::f32_to_f16(value)) : value;
  });
  EXPECT_EQ(source.feeding, caffe_feeding());
}

TEST(Npz, DamageIsRefusedOrHarmless) {
  expect_damage_is_seen("tiny/stored.npz", read_npz);
  expect_damage_is_seen("tiny/deflated.npz", read_npz);
}

TEST(Npz, WrongNumbersAreSeen) {
  for (const std::string name : {"tiny/stored.npz", "tiny/deflated.npz"}) {
    std::string file = read_bytes(data_path(name));
    const std::size_t at = file.find("conv1_1.bias.npy");
    file[at - 100] = static_cast<char>(file[at - 100] ^ 4);
    EXPECT_THAT(error_of_reading(file, read_npz), HasSubstr("damaged")) << name;
  }
}

}  // namespace
}  // namespace gramgrad::converter
