// libpng's reading side as an object: owns its structures, reads from memory, turns its errors into
// Error. Used by png_read.cpp and png_text.cpp.
#pragma once

#include <png.h>

#include <cstddef>
#include <span>
#include <string>

#include "apps/support/c_error_trap.h"

namespace gramgrad::apps {

class PngReader {
 public:
  // Chunks other than pixels are refused when longer than `max_chunk_bytes`, and not more than
  // `max_chunks` of text and unknown kinds are kept.
  PngReader(const std::string& path, std::span<const unsigned char> bytes,
            png_alloc_size_t max_chunk_bytes, png_uint_32 max_chunks);
  ~PngReader();
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  // Runs `step`, which calls libpng and owns nothing (c_error_trap.h); throws Error if it fails.
  template <typename Step>
  void run(Step step) {
    if (!trap_.run(step)) {
      fail_damaged();
    }
  }

  png_structp png() { return png_; }
  png_infop info() { return info_; }
  const char* warning() const { return trap_.warning(); }

 private:
  [[noreturn]] void fail_damaged() const;
  static void on_error(png_structp png, png_const_charp message);
  static void on_warning(png_structp png, png_const_charp message);
  static void on_read(png_structp png, png_bytep to, png_size_t count);

  const std::string& path_;
  std::span<const unsigned char> bytes_;
  std::size_t position_ = 0;
  CErrorTrap trap_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace gramgrad::apps
