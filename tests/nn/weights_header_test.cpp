// Headers that lie: right checksums around wrong contents.
#include "nn/weights_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "kernels/check.h"
#include "tests/nn/weights_samples.h"

namespace gramgrad::nn {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Lie {
  const char* name;
  std::function<void(ordered_json&)> tell;
  const char* answer;
};

void PrintTo(const Lie& lie, std::ostream* stream) {
  *stream << lie.name;
}

class WeightsHeaderLie : public testing::TestWithParam<Lie> {};

TEST_P(WeightsHeaderLie, IsRefused) {
  Sample sample = make_sample();
  ASSERT_EQ(refusal(make_file(sample.header.dump(), sample.data)), "");
  GetParam().tell(sample.header);
  const std::string message = refusal(make_file(sample.header.dump(), sample.data));
  EXPECT_THAT(message, StartsWith("sample.ggw: "));
  EXPECT_THAT(message, HasSubstr(GetParam().answer));
  EXPECT_THAT(message, Not(HasSubstr("\n")));
}

// Sets a field of tensor 1, conv1_1.bias, f32 [2], 8 bytes at 128.
std::function<void(ordered_json&)> bias(const char* key, ordered_json value) {
  return [=](ordered_json& header) { header["tensors"][1][key] = value; };
}

std::function<void(ordered_json&)> set(const char* pointer, ordered_json value) {
  return [=](ordered_json& header) { header[ordered_json::json_pointer(pointer)] = value; };
}

constexpr std::uint64_t huge = std::uint64_t{1} << 63;
constexpr std::int64_t big = 0x7fffffff;

INSTANTIATE_TEST_SUITE_P(
    Tensors, WeightsHeaderLie,
    testing::Values(
        Lie{"overlap", bias("offset", 64), "inside the tensor that ends at 108"},
        Lie{"gap", bias("offset", 192), "though the data before it ends at 108"},
        Lie{"misaligned", bias("offset", 132), "not a multiple of 64"},
        Lie{"negative_offset", bias("offset", -64), "must be a whole number"},
        Lie{"huge_offset", bias("offset", huge), "though the data before it ends"},
        Lie{"first_not_at_start", set("/tensors/0/offset", 64), "though the data before it ends"},
        Lie{"wrong_bytes", bias("bytes", 12), "need 8 bytes, the header says 12"},
        Lie{"f64", bias("dtype", "f64"), "\"tensors[1].dtype\" must be"},
        Lie{"dtype_of_other_size", bias("dtype", "f16"), "need 4 bytes"},
        Lie{"dtype_no_text", bias("dtype", 32), "must be a text"},
        Lie{"no_shape", bias("shape", ordered_json::array()), "list of 1 to 8"},
        Lie{"zero_dimension", bias("shape", {0}), "whole number from 1"},
        Lie{"negative_dimension", bias("shape", {-2}), "whole number from 1"},
        Lie{"fractional_dimension", bias("shape", {2.0}), "whole number from 1"},
        Lie{"dimension_2_63", bias("shape", {huge}), "whole number from 1"},
        Lie{"product_overflows", bias("shape", {big, big, big}), "64 bits"},
        Lie{"product_wraps_to_right", bias("shape", {1 << 30, 1 << 30, 1 << 30, 1 << 30}),
            "64 bits"},
        Lie{"too_many_dimensions", bias("shape", {1, 1, 1, 1, 1, 1, 1, 1, 2}), "list of 1 to 8"},
        Lie{"shape_no_list", bias("shape", 2), "must be a list"},
        Lie{"twice", bias("name", "conv1_1.weight"), "conv1_1.weight is listed twice"},
        Lie{"empty_name", bias("name", ""), "1 to"},
        Lie{"upper_case_name", bias("name", "Conv1"), "must be a name"},
        Lie{"path_as_name", bias("name", "../etc/passwd"), "must be a name"},
        Lie{"long_name", bias("name", std::string(65, 'a')), "must be a name"},
        Lie{"name_steers_terminal", bias("name", "a\x1b[2J"), "control characters"},
        Lie{"wrong_crc", bias("crc32", 1), "does not match its checksum"},
        Lie{"crc_too_large", bias("crc32", 4294967296), "whole number"},
        Lie{"unknown_key", bias("scale", 2), "\"tensors[1].scale\" is not known"},
        Lie{"tensor_no_object", set("/tensors/1", 7), "must be an object"},
        Lie{"no_tensors", set("/tensors", ordered_json::array()), "list of 1 to 4096"},
        Lie{"tensors_no_list", set("/tensors", 1), "must be a list"}),
    [](const auto& param) { return std::string(param.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Description, WeightsHeaderLie,
    testing::Values(
        Lie{"architecture_number", set("/architecture", 16), "must be a text"},
        Lie{"architecture_name", set("/architecture", "VGG 16"), "must be a name"},
        Lie{"unknown_key", set("/quantised", true), "\"quantised\" is not known"},
        Lie{"provenance_list", set("/provenance", {1}), "\"provenance\" must be an object"},
        Lie{"licence_empty", set("/provenance/licence", ""), "text of 1 to"},
        Lie{"licence_long", set("/provenance/licence", std::string(20000, 'x')), "text of 1 to"},
        Lie{"sha_short", set("/provenance/source_sha256", "ab"), "64 lower-case"},
        Lie{"sha_upper", set("/provenance/source_sha256", std::string(64, 'A')), "64 lower-case"},
        Lie{"text_steers_terminal", set("/provenance/evidence", "\xc2\x9b"), "control"},
        Lie{"note_steers_terminal", set("/provenance/note", "a\nb"), "control"},
        Lie{"order", set("/feeding/channel_order", "GBR"), "\"RGB\" or \"BGR\""},
        Lie{"scale_zero", set("/feeding/scale", 0), "\"feeding.scale\" must be a number from"},
        Lie{"scale_text", set("/feeding/scale", "255"), "must be a number"},
        Lie{"mean_short", set("/feeding/mean", {1, 2}), "list of 3 to 3"},
        Lie{"mean_null", set("/feeding/mean/1", nullptr), "must be a number"},
        Lie{"std_zero", set("/feeding/std/2", 0), "must be a number"},
        Lie{"padding", set("/feeding/padding", "reflect"), "must be \"zero\""},
        Lie{"unknown_feeding", set("/feeding/gamma", 2.2), "\"feeding.gamma\" is not known"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(WeightsHeader, EveryFieldIsNeeded) {
  const Sample sample = make_sample();
  for (const std::string place : {"", "/provenance", "/feeding", "/tensors/0"}) {
    const auto& object = sample.header[ordered_json::json_pointer(place)];
    for (const auto& item : object.items()) {
      ordered_json header = sample.header;
      header[ordered_json::json_pointer(place)].erase(item.key());
      EXPECT_THAT(refusal(make_file(header.dump(), sample.data)), HasSubstr("lacks"))
          << place << "/" << item.key();
    }
  }
}

TEST(WeightsHeader, NotesInTheProvenanceAreFree) {
  Sample sample = make_sample();
  sample.header["provenance"]["note"] = {{"converted_with", "a later version"}};
  EXPECT_EQ(refusal(make_file(sample.header.dump(), sample.data)), "");
}

ordered_json golden_json() {
  return {
      {"picture", "gramgrad.1"},
      {"activations",
       {{{"layer", "relu1_1"}, {"mean", 0.25}, {"l2", 3.5}, {"samples", {0, 1.5, -2, 0.125}}}}}};
}

TEST(WeightsHeader, GoldenActivationsComeBack) {
  Sample sample = make_sample();
  sample.description.provenance.golden =
      Golden{"gramgrad.1", {{"relu1_1", 0.25, 3.5, {0, 1.5, -2, 0.125}}}};
  sample.header["provenance"]["golden"] = golden_json();
  const WeightsHeader read = parse_header(sample.header.dump());
  EXPECT_EQ(read.description, sample.description);
  EXPECT_EQ(parse_header(dump_header(read)).description, sample.description);
}

TEST(WeightsHeader, GoldenActivationsThatLieAreRefused) {
  const auto answer = [](const char* pointer, const ordered_json& value) {
    Sample sample = make_sample();
    ordered_json& golden = sample.header["provenance"]["golden"] = golden_json();
    golden[ordered_json::json_pointer(pointer)] = value;
    return refusal(make_file(sample.header.dump(), sample.data));
  };
  EXPECT_EQ(answer("/note", "free"), "");
  EXPECT_THAT(answer("", 5), HasSubstr("must be an object"));
  EXPECT_THAT(answer("/picture", "A b"), HasSubstr("must be a name"));
  EXPECT_THAT(answer("/activations", ordered_json::array()), HasSubstr("list of 1 to 4096"));
  EXPECT_THAT(answer("/activations/0", 1), HasSubstr("must be an object"));
  EXPECT_THAT(answer("/activations/0/layer", 1), HasSubstr("must be a text"));
  EXPECT_THAT(answer("/activations/0/mean", "1"), HasSubstr("must be a number"));
  EXPECT_THAT(answer("/activations/0/l2", -1), HasSubstr("must be a number"));
  EXPECT_THAT(answer("/activations/0/samples", {1, 2, 3}), HasSubstr("list of 4 to 4"));
  EXPECT_THAT(answer("/activations/0/samples/2", nullptr), HasSubstr("must be a number"));
}

TEST(WeightsHeader, BrokenJsonIsRefused) {
  const auto answer = [](const std::string& header) { return refusal(make_file(header, {})); };
  EXPECT_THAT(answer("{\"a\": 1"), HasSubstr("is not JSON"));
  EXPECT_THAT(answer("{\"a\": \"\xff\"}"), HasSubstr("is not JSON"));
  EXPECT_THAT(answer("{} {}"), HasSubstr("is not JSON"));
  EXPECT_THAT(answer("[]"), HasSubstr("must be a JSON object"));
  EXPECT_THAT(answer("{\"a\": 1e999}"), HasSubstr("out of range"));
  EXPECT_THAT(answer("{\"a\": 1, \"a\": 2}"), HasSubstr("the key \"a\" twice"));
  EXPECT_THAT(answer("{\"\\u0007\": 1}"), HasSubstr("control characters"));
  EXPECT_THAT(answer("{\"" + std::string(65, 'k') + "\": 1}"), HasSubstr("a key of 65 bytes"));
  EXPECT_THAT(answer("{\"a\": " + std::string(100000, '[')), HasSubstr("nests deeper"));
  std::string objects = "1";
  for (int i = 0; i < 9; ++i) {
    objects = "{\"a\":" + objects + "}";
  }
  EXPECT_THAT(answer(objects), HasSubstr("nests deeper"));
  EXPECT_THAT(answer(std::string(max_header_bytes + 1, ' ')), HasSubstr("claims a header of"));
}

TEST(WeightsHeader, NumbersThatAreNotFiniteAreNamed) {
  struct Case {
    std::size_t tensor;
    std::vector<unsigned char> last_element;  // an infinity or a NaN
  };
  for (const Case& bad : {Case{0, {0x00, 0x7c}}, Case{1, {0x01, 0x00, 0x80, 0xff}},
                          Case{2, {0x80, 0x7f}}, Case{3, {0xff, 0xff, 0xff, 0x7f}}}) {
    Sample sample = make_sample();
    auto& entry = sample.header["tensors"][bad.tensor];
    const std::size_t begin = entry["offset"];
    const std::size_t end = begin + entry["bytes"].get<std::size_t>();
    std::ranges::transform(bad.last_element,
                           sample.data.begin() + static_cast<std::ptrdiff_t>(end) -
                               static_cast<std::ptrdiff_t>(bad.last_element.size()),
                           [](unsigned char value) { return std::byte{value}; });
    entry["crc32"] = crc32_by_hand(std::span(sample.data).subspan(begin, end - begin));
    EXPECT_THAT(
        refusal(make_file(sample.header.dump(), sample.data)),
        HasSubstr("tensor " + sample.tensors[bad.tensor].name + " has a NaN or an infinity"));
  }
}

TEST(WeightsHeader, DescriptionStandsAlone) {
  const Sample sample = make_sample();
  ordered_json description = sample.header;
  EXPECT_THROW(parse_description(description.dump()), Error);
  description.erase("tensors");
  EXPECT_EQ(parse_description(description.dump()), sample.description);
}

TEST(WeightsHeader, TextsMustBeUtf8ToBeWritten) {
  WeightsHeader header{make_sample().description, {}};
  header.description.provenance.source = "caf\xe9";
  EXPECT_THROW(dump_header(header), Error);
}

}  // namespace
}  // namespace gramgrad::nn
