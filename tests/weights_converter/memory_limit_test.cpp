// Files of four megabytes that unpack to four gigabytes cost a bounded amount of memory, and one
// line.
#include "weights_converter/memory_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "tests/apps/picture_files.h"
#include "tests/apps/program.h"
#include "tests/weights_converter/mat_writer.h"

namespace gramgrad::converter {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string matlab =
    std::string(GRAMGRAD_SOURCE_DIR) + "/tests/weights_converter/data/matconvnet_vgg19.mat";
const std::string packed =
    std::string(GRAMGRAD_SOURCE_DIR) + "/tests/weights_converter/data/keras2_vgg11_packed.h5";

// `start` and `megabytes` of zeros in zlib's format. Each megabyte is flushed fully, so that all
// but the first are the same bytes and need not be compressed again.
std::string deflated_zeros(const std::string& start, int megabytes) {
  const std::string zeros(1 << 20, '\0');
  std::string buffer(1 << 16, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit(&stream, 9), Z_OK);
  const auto next = [&](const std::string& bytes) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    EXPECT_EQ(deflate(&stream, Z_FULL_FLUSH), Z_OK);
    EXPECT_EQ(stream.avail_in, 0u);
    return buffer.substr(0, buffer.size() - stream.avail_out);
  };
  std::string all = next(start + zeros);
  const std::string block = next(zeros);
  deflateEnd(&stream);
  const auto sum_of = [](const std::string& bytes) {
    return adler32_z(1, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  };
  const uLong sum_of_zeros = sum_of(zeros);
  uLong sum = sum_of(start + zeros);
  for (int i = 1; i < megabytes; ++i) {
    all += block;
    sum = adler32_combine(sum, sum_of_zeros, static_cast<z_off_t>(zeros.size()));
  }
  all += std::string("\3\0", 2);  // an empty last block
  for (const int shift : {24, 16, 8, 0}) {
    all += static_cast<char>(sum >> shift & 0xff);
  }
  return all;
}

// Puts the bomb in the place of a kernel. (Chunks of less than 256 bytes take no more than 64 KB.)
void plant(const std::string& path, const std::string& bomb) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const hid_t kernel = H5Dopen2(file, "block3_conv1/block3_conv1/kernel:0", H5P_DEFAULT);
  ASSERT_GE(kernel, 0);
  const hsize_t origin[4] = {};
  constexpr unsigned no_checksum = 1u << 2;  // the filters are shuffle, deflate, fletcher32
  EXPECT_GE(H5Dwrite_chunk(kernel, H5P_DEFAULT, no_checksum, origin, bomb.size(), bomb.data()), 0);
  H5Dclose(kernel);
  H5Fclose(file);
}

bool limits_work() {
  const MemoryLimit limit(std::uint64_t{1} << 20);
  try {
    const std::vector<char> much(std::size_t{64} << 20, 'x');
    return much.empty();
  } catch (const std::bad_alloc&) {
    return true;
  }
}

// A file of a few megabytes ends in one line.
void expect_end(const apps::TemporaryDirectory& directory, const std::string& path) {
  EXPECT_LT(std::filesystem::file_size(path), 6u << 20);
  const std::string out = directory / "out.ggw";
  const apps::Outcome outcome =
      apps::Program({GRAMGRAD_CONVERTER, "convert", path, "-o", out}, directory.path()).wait();
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, StartsWith("weights_converter: " + path + ": takes more than 1"));
  EXPECT_THAT(outcome.err, HasSubstr("MB of memory to read, which no VGG in a file of its size"));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(MemoryLimit, EndsABombForHdf5) {
  if (!limits_work()) {
    GTEST_SKIP() << "with a sanitizer there is no limit";
  }
  const apps::TemporaryDirectory directory;
  const std::string path = directory / "bomb.h5";
  std::filesystem::copy_file(packed, path);
  plant(path, deflated_zeros("", 4096));
  expect_end(directory, path);
}

// In place of the mean of the pictures, one of 16384 x 16384 pixels, behind honest layers.
TEST(MemoryLimit, EndsABombForMatlab) {
  if (!limits_work()) {
    GTEST_SKIP() << "with a sanitizer there is no limit";
  }
  const apps::TemporaryDirectory directory;
  const std::string path = directory / "bomb.mat";
  const std::string honest = apps::read_bytes(matlab);
  std::uint32_t layers_length = 0;
  std::memcpy(&layers_length, &honest[132], sizeof layers_length);
  constexpr std::uint32_t edge = 16384, size = edge * edge * 3 * 4;
  const std::string meta = mat_structure_of(
      "normalization", "meta",
      mat_structure_of("averageImage", "",
                       mat_array(mat_single, {edge, edge, 3}, "", mat_element(7, "", size), size),
                       size),
      size);
  const std::string bomb = deflated_zeros(meta, size >> 20);
  apps::write_bytes(path, honest.substr(0, 136 + layers_length) + mat_u32(15) +
                              mat_u32(static_cast<std::uint32_t>(bomb.size())) + bomb);
  expect_end(directory, path);
}

TEST(MemoryLimit, IsLiftedAndEnds) {
  if (!limits_work()) {
    GTEST_SKIP() << "with a sanitizer there is no limit";
  }
  const auto allocate = [] { return std::vector<char>(std::size_t{64} << 20, 'x').size(); };
  EXPECT_EQ(allocate(), std::size_t{64} << 20);  // the limit above is gone
  const MemoryLimit limit(std::uint64_t{1} << 20);
  EXPECT_THROW(allocate(), std::bad_alloc);
  {
    const MemoryLimit lifted(std::nullopt);
    EXPECT_EQ(allocate(), std::size_t{64} << 20);
  }
  EXPECT_THROW(allocate(), std::bad_alloc);
}

TEST(MemoryLimit, LeavesRoomForTheLargestTensorTwice) {
  constexpr std::uint64_t fc6 = std::uint64_t{4096} * 25088 * sizeof(float);
  EXPECT_GT(reading_memory(0), 2 * fc6);
  EXPECT_EQ(reading_memory(1000) - reading_memory(0), 4000u);
}

}  // namespace
}  // namespace gramgrad::converter
