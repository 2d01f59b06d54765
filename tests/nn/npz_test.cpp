// From `.npz` to a weights file: the arrays of NumPy, the order and the rounding of the values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "kernels/check.h"
#include "nn/half.h"
#include "nn/mapped_file.h"
#include "nn/networks/embedded.h"
#include "nn/weights_header.h"
#include "nn/weights_writer.h"
#include "weights_converter/npy.h"
#include "weights_converter/npz_reader.h"
#include "weights_converter/vgg_from_npz.h"

namespace gramgrad {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

namespace fs = std::filesystem;

std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    file += static_cast<char>(header.size() >> (8 * i));
  }
  return file + header + data;
}

std::string npy_f32(const std::string& shape, const std::vector<float>& values) {
  const std::string data(reinterpret_cast<const char*>(values.data()),
                         values.size() * sizeof(float));
  return npy("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }\n", data);
}

NpyArray parse(const std::string& file) {
  return parse_npy(std::as_bytes(std::span(file)));
}

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Npy, ReadsWhatNumPyWrites) {
  const std::string data(24, 'x');
  const std::string header = "{'descr': '<f2', 'fortran_order': False, 'shape': (3, 4), }     \n";
  for (const int version : {1, 2, 3}) {
    const std::string file = npy(header, data, version);
    const NpyArray array = parse(file);
    EXPECT_EQ(array.dtype, DType::f16);
    EXPECT_EQ(array.shape, (std::vector<std::int64_t>{3, 4}));
    EXPECT_TRUE(std::ranges::equal(array.data, std::as_bytes(std::span(data))));
  }
  EXPECT_EQ(parse(npy_f32("(2,)", {1, 2})).shape, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(parse(npy_f32("()", {1})).shape, std::vector<std::int64_t>());
  EXPECT_EQ(parse(npy_f32("(0, 7)", {})).data.size(), 0u);
}

TEST(Npy, RefusesEverythingElse) {
  const auto answer = [](const std::string& header) {
    return error_of([&] { parse(npy(header, "1234")); });
  };
  EXPECT_EQ(answer("{'shape': (1,), 'fortran_order': False, 'descr': '<f4'}"), "");
  EXPECT_THAT(answer("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}"), HasSubstr("type"));
  EXPECT_THAT(answer("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}"), HasSubstr("type"));
  EXPECT_THAT(answer("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), HasSubstr("type"));
  EXPECT_THAT(answer("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}"),
              HasSubstr("C order"));
  EXPECT_THAT(answer("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}"),
              HasSubstr("needs 8"));
  EXPECT_THAT(answer("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"),
              HasSubstr("number"));
  EXPECT_THAT(answer("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
              HasSubstr("number"));
  EXPECT_THAT(answer("{'descr': '<f4', 'fortran_order': False, "
                     "'shape': (4294967296, 4294967296, 4294967296)}"),
              HasSubstr("beyond all memory"));
  EXPECT_THAT(answer("{'descr': '<f4', 'shape': (1,)}"), HasSubstr("each once"));
  EXPECT_THAT(answer("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("does not belong"));
  EXPECT_THAT(answer("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x"),
              HasSubstr("once"));
  EXPECT_THAT(answer("{'descr"), HasSubstr("not what NumPy writes"));
  EXPECT_THAT(answer(""), HasSubstr("not what NumPy writes"));
  EXPECT_THAT(error_of([] { parse("\x93NUMPX123456"); }), HasSubstr("not an .npy"));
  EXPECT_THAT(error_of([] { parse(npy("{}", "1234", 4)); }), HasSubstr("version 4"));
  const std::string whole = npy_f32("(1,)", {1});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(error_of([&] { parse(whole.substr(0, size)); }), "") << size;
  }
}

class Npz : public testing::Test {
 protected:
  Npz() {
    std::string pattern = (fs::temp_directory_path() / "gramgrad-XXXXXX").string();
    path_ = fs::path(::mkdtemp(pattern.data())) / "weights.npz";
  }
  ~Npz() override { fs::remove_all(path_.parent_path()); }

  void put(const std::map<std::string, std::string>& members, zip_int32_t method) const {
    fs::remove(path_);
    zip_t* archive = zip_open(path_.c_str(), ZIP_CREATE, nullptr);
    ASSERT_NE(archive, nullptr);
    for (const auto& [name, contents] : members) {
      zip_source_t* source = zip_source_buffer(archive, contents.data(), contents.size(), 0);
      const zip_int64_t index = zip_file_add(archive, name.c_str(), source, 0);
      ASSERT_GE(index, 0);
      zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), method, 0);
    }
    ASSERT_EQ(zip_close(archive), 0);
  }

  std::string convert_error() const {
    const std::string message = error_of([&] { vgg_from_npz(path_, "vgg16", "conv1_1"); });
    EXPECT_THAT(message, StartsWith(path_.string() + ": "));
    return message;
  }

  fs::path path_;
};

// Weight [2, 3, 3, 3] that holds its own position in [out, in, kh, kw], and a bias.
std::map<std::string, std::string> small_network() {
  std::vector<float> weight(54);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    weight[i] = static_cast<float>(i) + 0x1p-12f;  // rounds to i, from 2 on
  }
  return {{"conv1_1.weight.npy", npy_f32("(2, 3, 3, 3)", weight)},
          {"conv1_1.bias.npy", npy_f32("(2,)", {0.1f, -0.2f})},
          {"dense.npy", npy_f32("(1,)", {1})}};
}

TEST_F(Npz, BecomesChannelsLastHalves) {
  for (const zip_int32_t method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    put(small_network(), method);
    const OwnedTensors tensors = vgg_from_npz(path_, "vgg16", "conv1_1");
    ASSERT_EQ(tensors.views.size(), 2u);
    const nn::TensorView& weight = tensors.views[0];
    EXPECT_EQ(weight.name, "conv1_1.weight");
    EXPECT_EQ(weight.dtype, DType::f16);
    EXPECT_EQ(weight.shape, (std::vector<std::int64_t>{2, 3, 3, 3}));
    std::vector<float> values(54);
    nn::expand_to_f32(weight, values);
    for (int o = 0; o < 2; ++o) {
      for (int tap = 0; tap < 9; ++tap) {
        for (int i = 0; i < 3; ++i) {
          const int source = (o * 3 + i) * 9 + tap;
          const float expected =
              nn::f16_to_f32(nn::f32_to_f16(static_cast<float>(source) + 0x1p-12f));
          EXPECT_EQ(values[static_cast<std::size_t>((o * 9 + tap) * 3 + i)], expected);
        }
      }
    }
    std::vector<float> bias(2);
    nn::expand_to_f32(tensors.views[1], bias);
    EXPECT_EQ(tensors.views[1].dtype, DType::f32);
    EXPECT_EQ(bias, (std::vector<float>{0.1f, -0.2f}));
  }
}

TEST_F(Npz, WhatIsWrongIsNamed) {
  EXPECT_THAT(convert_error(), HasSubstr("cannot be opened"));
  std::ofstream(path_) << "this is no archive";
  EXPECT_THAT(convert_error(), HasSubstr("cannot be opened"));
  const auto with = [&](const std::string& name, const std::string& contents) {
    auto members = small_network();
    members[name] = contents;
    put(members, ZIP_CM_STORE);
    return convert_error();
  };
  EXPECT_THAT(with("readme.txt", "hello"), HasSubstr("is not an .npy array"));
  EXPECT_THAT(with("conv1_1.bias.npy", "hello"), HasSubstr("array conv1_1.bias is not an .npy"));
  EXPECT_THAT(with("conv1_1.bias.npy", npy_f32("(1, 2)", {1, 2})), HasSubstr("2 dimensions"));
  EXPECT_THAT(with("conv1_1.weight.npy", npy_f32("(0, 3, 3, 3)", {})), HasSubstr("has shape"));
  EXPECT_THAT(with("conv1_1.weight.npy", npy_f32("(1, 1, 5, 1)", {1, 2, 3, 4, 5})),
              HasSubstr("has shape [1, 1, 5, 1]"));
  EXPECT_THAT(with("conv1_1.weight.npy", npy_f32("(1, 1, 3, 3)", {0, 0, 0, 0, 65520, 0, 0, 0, 0})),
              HasSubstr("65520, beyond the range of f16"));
  put({{"conv1_1.weight.npy", small_network()["conv1_1.weight.npy"]}}, ZIP_CM_STORE);
  EXPECT_THAT(convert_error(), HasSubstr("array conv1_1.bias is not there"));
}

TEST_F(Npz, DamageIsSeen) {
  put(small_network(), ZIP_CM_STORE);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  const std::size_t at = bytes.find("\x93NUMPY") + 75;  // inside the bias's data
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(bytes[at] ^ 1));
  file.close();
  EXPECT_THAT(convert_error(), HasSubstr("damaged"));
}

// The network in the program comes out of its source, bit for bit.
TEST(EmbeddedVgg16, IsWhatItsSourceBecomes) {
  const fs::path root = GRAMGRAD_SOURCE_DIR;
  const fs::path source = root.parent_path() / "shared/weights/vgg16_imagenet_f16.npz";
  if (!fs::exists(source)) {
    GTEST_SKIP() << "vgg16_imagenet_f16.npz is not here";
  }
  const nn::MappedFile text(root / "weights_converter/vgg16_provenance.json");
  const auto description = nn::parse_description(
      {reinterpret_cast<const char*>(text.bytes().data()), text.bytes().size()});
  const OwnedTensors tensors = vgg_from_npz(source, description.architecture, "conv5_1");
  const std::vector<std::byte> encoded = nn::encode_weights(description, tensors.views);
  EXPECT_TRUE(std::ranges::equal(encoded, nn::embedded_vgg16()));
}

}  // namespace
}  // namespace gramgrad
