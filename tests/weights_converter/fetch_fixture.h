// A download from a server of the test's own, into a folder of its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "nn/sha256.h"
#include "tests/weights_converter/http_server.h"
#include "weights_converter/fetch/fetch.h"

namespace gramgrad::converter {

namespace fs = std::filesystem;

inline std::string random_bytes(std::size_t count) {
  std::mt19937 random(7);
  std::string bytes(count, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  return bytes;
}

inline std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

class Fetch : public testing::Test {
 protected:
  Fetch() {
    std::string name = (fs::temp_directory_path() / "gramgrad-fetch-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    output_ = folder_ / "vgg.pth";
    part_ = output_ + ".part";
  }
  ~Fetch() override { fs::remove_all(folder_); }

  FetchRequest request(const HttpServer& server) const {
    return {{"vgg.pth", server.url("vgg.pth"), nn::sha256_hex(std::as_bytes(std::span(file_))),
             file_.size()},
            output_,
            2,
            std::chrono::milliseconds(0),
            std::chrono::seconds(5),
            std::chrono::seconds(1)};
  }

  std::string error_of(const FetchRequest& asked) const {
    try {
      fetch(asked);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

  std::vector<std::uint64_t> offsets(const HttpServer& server) const {
    std::vector<std::uint64_t> result;
    for (const HttpRequest& asked : server.requests()) {
      result.push_back(asked.range_from.value_or(0));
    }
    return result;
  }

  void expect_nothing() const {
    EXPECT_FALSE(fs::exists(output_));
    EXPECT_FALSE(fs::exists(part_));
  }

  const std::string file_ = random_bytes(300'001);
  fs::path folder_;
  std::string output_;
  std::string part_;
};

}  // namespace gramgrad::converter
