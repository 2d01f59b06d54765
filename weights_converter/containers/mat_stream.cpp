// Unpacking a MATLAB variable as it is read.
#include "weights_converter/containers/mat_stream.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace gramgrad::converter {
namespace {

constexpr std::size_t piece = 1 << 16;
constexpr std::size_t tag_size = 8;

}  // namespace

PackedBytes::PackedBytes(std::span<const std::byte> packed) : packed_(packed), buffer_(2 * piece) {
  if (inflateInit(&stream_) != Z_OK) {
    throw std::bad_alloc();
  }
  restart();
}

PackedBytes::~PackedBytes() {
  inflateEnd(&stream_);
}

void PackedBytes::restart() {
  inflateReset(&stream_);
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed_.data()));
  stream_.avail_in = static_cast<uInt>(packed_.size());
  ended_ = false;
  begin_ = 0;
  filled_ = 0;
}

// One piece more at the end of the buffer.
void PackedBytes::unpack_piece() {
  if (filled_ > piece) {
    const std::size_t old = filled_ - piece;
    std::memmove(buffer_.data(), buffer_.data() + old, piece);
    begin_ += old;
    filled_ = piece;
  }
  stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data() + filled_);
  stream_.avail_out = static_cast<uInt>(piece);
  const int status = inflate(&stream_, Z_NO_FLUSH);
  check(status != Z_MEM_ERROR, "there is not enough memory to unpack it");
  const std::size_t in = packed_.size() - stream_.avail_in;
  check(status == Z_OK || status == Z_STREAM_END,
        "the packed variable is damaged at its byte {} ({})", in,
        stream_.msg == nullptr ? "it is cut short" : stream_.msg);
  filled_ += piece - stream_.avail_out;
  ended_ = status == Z_STREAM_END;
}

void PackedBytes::read(std::uint64_t offset, std::span<std::byte> out) {
  if (offset < begin_) {
    restart();
  }
  while (!out.empty()) {
    if (offset >= unpacked()) {
      check(!ended_, "the packed variable ends after {} bytes", unpacked());
      unpack_piece();
      continue;
    }
    const std::size_t from = offset - begin_;
    const std::size_t count = std::min(filled_ - from, out.size());
    std::memcpy(out.data(), buffer_.data() + from, count);
    out = out.subspan(count);
    offset += count;
  }
}

void PackedBytes::expect_end(std::uint64_t size) {
  while (!ended_ && unpacked() <= size) {
    unpack_piece();
  }
  check(ended_ && unpacked() == size, "the packed variable does not end after its {} bytes", size);
}

MatStream::MatStream(InputFilePtr file, std::size_t at, std::size_t length, bool packed,
                     bool swapped)
    : file_(std::move(file)),
      at_(at),
      bytes_(file_->bytes().subspan(at, tag_size + length)),
      swapped_(swapped),
      packed_(packed ? std::make_unique<PackedBytes>(bytes_.subspan(tag_size)) : nullptr) {}

void MatStream::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (packed_ == nullptr) {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) {
      refuse(offset, "{} bytes belong here; the variable is cut short", out.size());
    }
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return;
  }
  const std::lock_guard lock(mutex_);
  try {
    packed_->read(offset, out);
  } catch (const Error& error) {
    refuse(offset, "{}", error.what());
  }
}

std::uint32_t MatStream::u32(std::uint64_t offset) const {
  std::uint32_t value = 0;
  read(offset, std::as_writable_bytes(std::span(&value, 1)));
  return swapped_ ? __builtin_bswap32(value) : value;
}

void MatStream::expect_end(std::uint64_t size) const {
  if (packed_ == nullptr) {
    return;
  }
  const std::lock_guard lock(mutex_);
  try {
    packed_->expect_end(size);
  } catch (const Error& error) {
    refuse(size, "{}", error.what());
  }
}

std::string MatStream::place(std::uint64_t offset) const {
  return packed_ == nullptr ? fmt::format("at byte {}", at_ + offset)
                            : fmt::format("at byte {}, unpacked byte {}", at_, offset);
}

}  // namespace gramgrad::converter
