// `.safetensors`, and what the writers of archives write.
#include <sys/stat.h>

#include <filesystem>

#include "nn/half.h"
#include "tests/weights_converter/archive_network.h"
#include "weights_converter/archives/npz.h"
#include "weights_converter/archives/safetensors.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string file_with(const std::string& header, const std::string& data = "12345678") {
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof length);
  return file + header + data;
}

TEST(Safetensors, Torchvision) {
  const InputFilePtr file = open_input(data_path("torchvision_vgg13.safetensors"));
  EXPECT_TRUE(is_safetensors(file->bytes()));
  const Source source = read_safetensors(file);
  EXPECT_EQ(source.format, "safetensors");
  expect_network(
      source, "vgg13", WeightLayout::oihw, [](std::size_t layer, bool weight, float value) {
        return weight && layer % 2 == 1 ? nn::bf16_to_f32(nn::f32_to_bf16(value)) : value;
      });
  EXPECT_THAT(linear_names(source), ElementsAre("classifier.0", "classifier.3", "classifier.6"));
  EXPECT_EQ(source.feeding, torchvision_feeding());
}

TEST(Safetensors, DamageIsRefusedOrHarmless) {
  expect_damage_is_seen("tiny/tiny.safetensors", read_safetensors);
}

TEST(Safetensors, LyingHeadersAreRefused) {
  const auto answer = [](const std::string& header) {
    return error_of_reading(file_with(header), read_safetensors);
  };
  const auto one = [&](const std::string& type, const std::string& shape,
                       const std::string& offsets) {
    return answer(R"({"a":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" +
                  offsets + "}}");
  };
  EXPECT_EQ(one("F32", "[2]", "[0,8]"), "");
  EXPECT_EQ(one("I64", "[1]", "[0,8]"), "");
  EXPECT_THAT(one("F32", "[3]", "[0,8]"), HasSubstr("needs 3 elements"));
  EXPECT_THAT(one("F32", "[1]", "[4,8]"), HasSubstr("begins at byte 4 of the data, not at 0"));
  EXPECT_THAT(one("F32", "[1]", "[0,4]"), HasSubstr("need 4 bytes of data; there are 8"));
  EXPECT_THAT(one("F32", "[3]", "[0,12]"), HasSubstr("need 12 bytes of data; there are 8"));
  EXPECT_THAT(one("F32", "[2]", "[8,0]"), HasSubstr("damaged data_offsets"));
  EXPECT_THAT(one("F32", "[-2]", "[0,8]"), HasSubstr("from 0 to 2^63"));
  EXPECT_THAT(one("F32", "[9223372036854775808]", "[0,8]"), HasSubstr("from 0 to 2^63"));
  EXPECT_THAT(one("F32", "[9223372036854775807,3]", "[0,8]"), HasSubstr("beyond all memory"));
  EXPECT_THAT(one("F32", "[2.0]", "[0,8]"), HasSubstr("from 0 to 2^63"));
  EXPECT_THAT(one("F32", "[1e999]", "[0,8]"), HasSubstr("out of range"));
  EXPECT_THAT(one("F32", "[[2]]", "[0,8]"), HasSubstr("nests deeper"));
  EXPECT_THAT(answer("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(answer("{\"a\":1}"), HasSubstr("tensor a: is no object"));
  EXPECT_THAT(answer("{\"a\":{},\"a\":{}}"), HasSubstr("name twice"));
  EXPECT_THAT(answer("{\"a\":"), HasSubstr("not JSON"));
  EXPECT_THAT(answer("{\"\xff\":{}}"), HasSubstr("not JSON in UTF-8"));
  EXPECT_THAT(answer(R"({"__metadata__":{"a":1}})"), HasSubstr("need 0 bytes of data"));
  EXPECT_THAT(error_of_reading(std::string(8, '\xff') + "{}", read_safetensors),
              HasSubstr("its header has 18446744073709551615 bytes"));
}

class Written : public testing::Test {
 protected:
  Written() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gramgrad-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~Written() override { std::filesystem::remove_all(directory_); }

  // conv1_1 [2, 3, 3, 3] in bf16, f16 or f32 and its bias in f32; name and bits.
  std::vector<nn::TensorView> network(DType dtype) {
    weight_.resize(54 * size_of(dtype));
    for (std::size_t i = 0; i < weight_.size(); ++i) {
      weight_[i] = std::byte(i * 37 % 61);  // finite in all three types
    }
    return {{"conv1_1.weight", dtype, {2, 3, 3, 3}, weight_},
            {"conv1_1.bias", DType::f32, {2}, std::as_bytes(std::span(bias_))}};
  }

  std::filesystem::path directory_;
  std::vector<std::byte> weight_;
  std::array<float, 2> bias_ = {0.1F, -0.2F};
};

void check_same(const Source& source, const std::vector<nn::TensorView>& tensors) {
  for (const nn::TensorView& tensor : tensors) {
    const SourceTensor& found = find_tensor(source, tensor.name);
    EXPECT_EQ(found.shape, tensor.shape);
    std::vector<float> expected(tensor.element_count());
    nn::expand_to_f32(tensor, expected);
    EXPECT_EQ(read_all(found), expected) << tensor.name;
  }
}

TEST_F(Written, SafetensorsComeBackBitForBit) {
  const std::string path = directory_ / "x.safetensors";
  for (const auto& [dtype, type] :
       {std::pair(DType::f32, ElementType::f32), std::pair(DType::f16, ElementType::f16),
        std::pair(DType::bf16, ElementType::bf16)}) {
    const auto tensors = network(dtype);
    write_safetensors(path, tensors, {{"who", "a \"test\""}});
    const Source source = read_safetensors(open_input(path));
    EXPECT_EQ(find_tensor(source, "conv1_1.weight").type, type);
    check_same(source, tensors);
    EXPECT_THAT(read_bytes(path), HasSubstr(R"("__metadata__":{"who":"a \"test\""})"));
    EXPECT_EQ(source.tensors[0].name, dtype == DType::f32 ? "conv1_1.weight" : "conv1_1.bias");
    const std::string bytes = read_bytes(path);
    write_safetensors(path, tensors, {{"who", "a \"test\""}});
    EXPECT_EQ(read_bytes(path), bytes);
  }
}

TEST_F(Written, NpzComesBack) {
  const std::string path = directory_ / "x.npz";
  for (const auto& [dtype, type] :
       {std::pair(DType::f32, ElementType::f32), std::pair(DType::f16, ElementType::f16),
        std::pair(DType::bf16, ElementType::f32)}) {  // NumPy has no bf16
    const auto tensors = network(dtype);
    write_npz(path, tensors);
    const Source source = read_npz(open_input(path));
    EXPECT_EQ(find_tensor(source, "conv1_1.weight").type, type);
    check_same(source, tensors);
    const std::string bytes = read_bytes(path);
    EXPECT_EQ(bytes.find("\x93NUMPY") + 128, bytes.find('\n', 64) + 1);  // as NumPy aligns
    EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms::owner_read,
              std::filesystem::perms::owner_read);
  }
}

TEST_F(Written, NothingIsLeftOfWhatFails) {
  auto tensors = network(DType::f32);
  tensors[1].name = tensors[0].name;
  for (const std::string name : {"x.npz", "x.safetensors"}) {
    const std::string path = directory_ / name;
    EXPECT_THAT(error_of([&] {
                  name == "x.npz" ? write_npz(path, tensors) : write_safetensors(path, tensors);
                }),
                testing::AllOf(testing::StartsWith(path), HasSubstr("twice")));
  }
  tensors[1].name = "\xff";
  EXPECT_THAT(error_of([&] { write_safetensors(directory_ / "y", tensors); }), HasSubstr("UTF-8"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

}  // namespace
}  // namespace gramgrad::converter
