// Weights files: what was written is read, and nothing else is.
#include "nn/weights_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>

#include "kernels/check.h"
#include "nn/sha256.h"
#include "nn/weights_writer.h"
#include "tests/nn/weights_samples.h"

namespace gramgrad::nn {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace fs = std::filesystem;

class WeightsFileOnDisk : public testing::Test {
 protected:
  WeightsFileOnDisk() {
    std::string pattern = (fs::temp_directory_path() / "gramgrad-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~WeightsFileOnDisk() override { fs::remove_all(directory_); }

  fs::path put(const std::string& name, std::span<const std::byte> bytes) const {
    std::ofstream(directory_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return directory_ / name;
  }

  // What `action` throws, checked to begin with the path and to be one line.
  template <typename Action>
  static std::string error_about(const fs::path& path, Action action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), AllOf(StartsWith(path.string() + ": "), Not(HasSubstr("\n"))));
      return error.what();
    }
    ADD_FAILURE() << "no error about " << path;
    return "";
  }
  static std::string open_error(const fs::path& path) {
    return error_about(path, [&] { WeightsFile::open(path); });
  }

  fs::path directory_;
};

void expect_sample(const WeightsFile& file, const Sample& sample) {
  EXPECT_EQ(file.description(), sample.description);
  ASSERT_EQ(file.tensors().size(), sample.tensors.size());
  for (const TensorView& expected : sample.tensors) {
    const TensorView* found = file.find(expected.name);
    ASSERT_NE(found, nullptr) << expected.name;
    EXPECT_EQ(found->dtype, expected.dtype);
    EXPECT_EQ(found->shape, expected.shape);
    EXPECT_TRUE(std::ranges::equal(found->data, expected.data)) << expected.name;
  }
  EXPECT_EQ(file.find("conv1_1"), nullptr);
}

TEST(WeightsFile, ReadsAFileMadeByHand) {
  const Sample sample = make_sample();
  const Bytes bytes = make_file(sample.header.dump(), sample.data);
  expect_sample(WeightsFile::from_memory(bytes, "sample.ggw"), sample);
}

TEST(WeightsFile, WriterWritesTheFileMadeByHand) {
  const Sample sample = make_sample();
  const Bytes bytes = make_file(sample.header.dump(), sample.data);
  EXPECT_EQ(encode_weights(sample.description, sample.tensors), bytes);
}

TEST_F(WeightsFileOnDisk, RoundTrip) {
  const Sample sample = make_sample();
  const fs::path path = put("sample.ggw", to_bytes("what was there before"));
  write_weights(path, sample.description, sample.tensors);
  const Bytes bytes = make_file(sample.header.dump(), sample.data);
  WeightsFile first = WeightsFile::open(path);
  EXPECT_EQ(first.name(), path.string());
  EXPECT_EQ(first.sha256(), sha256_hex(bytes));
  const WeightsFile moved = std::move(first);
  expect_sample(moved, sample);
  // A file that is in use may be replaced: the reader keeps the old one.
  write_weights(path, sample.description, std::span(sample.tensors).first(2));
  expect_sample(moved, sample);
  EXPECT_EQ(WeightsFile::open(path).tensors().size(), 2u);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 1);
}

// The sample's tensors in pieces of one, two, ... elements.
std::vector<TensorStream> in_pieces(const Sample& sample) {
  std::vector<TensorStream> streams;
  for (const TensorView& tensor : sample.tensors) {
    streams.push_back({tensor.name, tensor.dtype, tensor.shape, [tensor](const ByteSink& sink) {
                         std::size_t begin = 0;
                         for (std::size_t count = 1; begin < tensor.data.size(); ++count) {
                           const std::size_t bytes =
                               std::min(count * size_of(tensor.dtype), tensor.data.size() - begin);
                           sink(tensor.data.subspan(begin, bytes));
                           begin += bytes;
                         }
                       }});
  }
  return streams;
}

TEST_F(WeightsFileOnDisk, StreamsGiveTheSameBytes) {
  const Sample sample = make_sample();
  const fs::path path = directory_ / "streamed.ggw";
  write_weights(path, sample.description, in_pieces(sample));
  const Bytes bytes = make_file(sample.header.dump(), sample.data);
  EXPECT_EQ(WeightsFile::open(path).sha256(), sha256_hex(bytes));
}

TEST_F(WeightsFileOnDisk, StreamsThatAreWrongLeaveNothing) {
  const Sample sample = make_sample();
  const fs::path path = directory_ / "streamed.ggw";
  const auto error = [&](const std::function<void(TensorStream&)>& change) {
    std::vector<TensorStream> streams = in_pieces(sample);
    change(streams[1]);
    try {
      write_weights(path, sample.description, streams);
    } catch (const Error& caught) {
      return std::string(caught.what());
    }
    return std::string();
  };
  EXPECT_THAT(error([](TensorStream& s) { s.shape = {3}; }), HasSubstr("need 12 bytes"));
  EXPECT_THAT(error([](TensorStream& s) {
                s.produce = [](const ByteSink&) { fail("the source is damaged"); };
              }),
              "the source is damaged");
  int runs = 0;
  EXPECT_THAT(error([&](TensorStream& s) {
                s.produce = [&runs](const ByteSink& sink) {
                  const std::array<float, 2> values{static_cast<float>(runs++), 0};
                  sink(std::as_bytes(std::span(values)));
                };
              }),
              HasSubstr("conv1_1.bias changed while it was read"));
  EXPECT_TRUE(fs::is_empty(directory_));
}

TEST_F(WeightsFileOnDisk, WriterLeavesTheOldFileWhenItFails) {
  Sample sample = make_sample();
  const fs::path path = directory_ / "sample.ggw";
  write_weights(path, sample.description, sample.tensors);
  std::fill_n(sample.data.begin(), 2, std::byte{0xff});  // a NaN
  const auto write_to = [&](const fs::path& target) {
    return error_about(target, [&] { write_weights(target, sample.description, sample.tensors); });
  };
  EXPECT_THAT(write_to(path), HasSubstr("tensor conv1_1.weight has a NaN"));
  expect_sample(WeightsFile::open(path), make_sample());

  sample = make_sample();
  EXPECT_THAT(write_to(directory_ / "nowhere" / "sample.ggw"), HasSubstr("cannot be written"));
  fs::create_directory(directory_ / "folder.ggw");
  EXPECT_THAT(write_to(directory_ / "folder.ggw"), HasSubstr("cannot be written"));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 2) << "a temporary file is left";
}

TEST(WeightsFile, EveryTruncationIsRefused) {
  const Sample sample = make_sample();
  const Bytes bytes = make_file(sample.header.dump(), sample.data);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_THAT(refusal(cut), StartsWith("sample.ggw: ")) << size;
  }
}

TEST(WeightsFile, EveryFlippedBitIsRefused) {
  const Sample sample = make_sample();
  Bytes bytes = make_file(sample.header.dump(), sample.data);
  ASSERT_EQ(refusal(bytes), "");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] ^= static_cast<std::byte>(1 << bit);
      ASSERT_THAT(refusal(bytes), StartsWith("sample.ggw: ")) << i << " bit " << bit;
      bytes[i] ^= static_cast<std::byte>(1 << bit);
    }
  }
}

TEST_F(WeightsFileOnDisk, OtherThingsAreNamed) {
  EXPECT_THAT(open_error(directory_ / "missing.ggw"), HasSubstr("No such file"));
  EXPECT_THAT(open_error(directory_), HasSubstr("is a directory"));
  EXPECT_THAT(open_error("/dev/null"), HasSubstr("not a regular file"));
  const auto about = [&](std::string_view text) {
    return open_error(put("other.ggw", to_bytes(text)));
  };
  EXPECT_THAT(about(""), HasSubstr("is empty"));
  EXPECT_THAT(about("\xef\xbb\xbf\n <!DOCTYPE html><html>"), HasSubstr("looks like an HTML page"));
  EXPECT_THAT(about("<html><body>404"), HasSubstr("looks like an HTML page"));
  EXPECT_THAT(about("PK\x03\x04..."), HasSubstr("zip archive"));
  EXPECT_THAT(about("\x89HDF\r\n\x1a\n"), HasSubstr("HDF5"));
  EXPECT_THAT(about("\x89GGW\n\x1a\n and more"), HasSubstr("line ends were changed"));
  EXPECT_THAT(about("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("git lfs pull"));
  EXPECT_THAT(about("hello"), HasSubstr("is not a gramgrad weights file"));
  EXPECT_THAT(about("   "), HasSubstr("is not a gramgrad weights file"));
}

TEST(WeightsFile, PreambleIsChecked) {
  const Sample sample = make_sample();
  const Bytes good = make_file(sample.header.dump(), sample.data);
  const auto with = [&](std::size_t at, int value) {
    Bytes bytes = good;
    bytes[at] = static_cast<std::byte>(value);
    return refusal(bytes);
  };
  EXPECT_THAT(with(8, 2), HasSubstr("written by a newer gramgrad: format version 2"));
  EXPECT_THAT(with(8, 0), HasSubstr("format version 0"));
  EXPECT_THAT(with(15, 0xff), HasSubstr("claims a header of"));
  EXPECT_THAT(with(13, 0x0f), HasSubstr("claims a header of"));
  EXPECT_THAT(with(12, std::to_integer<int>(good[12]) - 1), HasSubstr("checksum"));
  EXPECT_THAT(with(23, 0x80), HasSubstr("is cut short"));
  EXPECT_THAT(with(24, 1), HasSubstr("reserved"));
  EXPECT_THAT(with(28, 0xff & ~std::to_integer<int>(good[28])), HasSubstr("checksum"));
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_THAT(refusal(longer), HasSubstr("has 1 bytes after its end"));
}

TEST(WeightsFile, HiddenDataIsRefused) {
  Sample sample = make_sample();
  Bytes data = sample.data;
  data[110] = std::byte{1};  // between the first tensor's end at 108 and the second at 128
  EXPECT_THAT(refusal(make_file(sample.header.dump(), data)), HasSubstr("padding"));
  data = sample.data;
  data.push_back(std::byte{0});
  EXPECT_THAT(refusal(make_file(sample.header.dump(), data)), HasSubstr("after its last tensor"));
  data = sample.data;
  data.pop_back();
  EXPECT_THAT(refusal(make_file(sample.header.dump(), data)), HasSubstr("lie outside"));
  data[0] ^= std::byte{1};
  EXPECT_THAT(refusal(make_file(sample.header.dump(), data)),
              HasSubstr("tensor conv1_1.weight does not match its checksum"));
  Bytes file = make_file(sample.header.dump(), sample.data);
  const std::size_t header_end = 32 + sample.header.dump().size();
  ASSERT_NE(header_end % 64, 0u);
  file[header_end] = std::byte{' '};
  EXPECT_THAT(refusal(file), HasSubstr("padding"));
}

TEST(WeightsFile, EmptyHeaderAndNoData) {
  EXPECT_THAT(refusal(make_file("", {})), HasSubstr("is not JSON"));
  EXPECT_THAT(refusal(make_file("{}", {})), HasSubstr("lacks \"architecture\""));
}

TEST(Sha256, KnowsTheStandardsExample) {  // FIPS 180-2, B.1
  EXPECT_EQ(sha256_hex(to_bytes("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace gramgrad::nn
