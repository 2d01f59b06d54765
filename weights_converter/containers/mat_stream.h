// The bytes of one variable of a MATLAB 5 file, which may lie there packed by zlib.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

inline constexpr std::uint64_t mat_tag_size = 8;  // bytes of an element's type and length

// What unpacks, at some place in the packed bytes. A copy goes on from there by itself.
struct Unpacker {
  explicit Unpacker(std::span<const std::byte> packed);
  Unpacker(const Unpacker& other);
  ~Unpacker();
  Unpacker& operator=(const Unpacker&) = delete;

  z_stream stream{};
  std::uint64_t offset = 0;  // of the next unpacked byte
  bool ended = false;
};

// What a variable was packed from. Reading goes on from where the last read ended, up to a piece
// before that, or the nearest of the places, 16 MB apart, that have been passed.
class PackedBytes {
 public:
  // `packed`: a part of the file, whose pages are given back once they have been read.
  PackedBytes(const InputFile& file, std::span<const std::byte> packed);

  // Throws Error if the packed bytes are damaged, or end before these.
  void read(std::uint64_t offset, std::span<std::byte> out);
  // Throws Error unless the packed bytes are in order and end at `size`.
  void expect_end(std::uint64_t size);

 private:
  void go_to(std::uint64_t offset);
  void unpack_piece();
  void note_place();
  std::uint64_t unpacked() const { return begin_ + filled_; }

  const InputFile& file_;
  std::span<const std::byte> packed_;
  std::vector<std::unique_ptr<const Unpacker>> places_;  // the first is the beginning
  std::unique_ptr<Unpacker> unpacker_;
  std::vector<std::byte> buffer_;  // the last two pieces
  std::uint64_t begin_ = 0;        // offset of buffer_[0]
  std::size_t filled_ = 0;
};

// One variable: the element that describes an array, from its tag on. Offsets count from there.
class MatStream {
 public:
  // `at`: where the variable's element, its tag and `length` bytes, lies in the file; `packed`:
  // whether it is packed in there.
  MatStream(InputFilePtr file, std::size_t at, std::size_t length, bool packed, bool swapped);

  // Throws Error, beginning with the path, if the file does not have these bytes.
  void read(std::uint64_t offset, std::span<std::byte> out) const;
  std::uint32_t u32(std::uint64_t offset) const;
  // Throws Error unless a packed variable is in order and has just this size.
  void expect_end(std::uint64_t size) const;

  // Whether the file was written by a machine of the other byte order.
  bool swapped() const { return swapped_; }
  const InputFile& file() const { return *file_; }
  // "at byte 512", for messages.
  std::string place(std::uint64_t offset) const;

  template <typename... Args>
  [[noreturn]] void refuse(std::uint64_t offset, fmt::format_string<Args...> text,
                           Args&&... args) const {
    fail("{}: {}: {}", file_->path, place(offset), fmt::format(text, std::forward<Args>(args)...));
  }

 private:
  InputFilePtr file_;
  std::size_t at_;
  std::span<const std::byte> bytes_;
  bool swapped_;
  const std::unique_ptr<PackedBytes> packed_;  // or null
  mutable std::mutex mutex_;                   // of packed_, whose reading moves it
};

}  // namespace gramgrad::converter
