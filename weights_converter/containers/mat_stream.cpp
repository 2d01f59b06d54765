// Unpacking a MATLAB variable as it is read.
#include "weights_converter/containers/mat_stream.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>
#include <utility>

namespace gramgrad::converter {
namespace {

constexpr std::size_t piece = 1 << 16;
constexpr std::uint64_t between_places = 1 << 24;

}  // namespace

Unpacker::Unpacker(std::span<const std::byte> packed) {
  if (inflateInit(&stream) != Z_OK) {
    throw std::bad_alloc();
  }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
}

Unpacker::Unpacker(const Unpacker& other) : offset(other.offset), ended(other.ended) {
  if (inflateCopy(&stream, const_cast<z_stream*>(&other.stream)) != Z_OK) {
    throw std::bad_alloc();
  }
}

Unpacker::~Unpacker() {
  inflateEnd(&stream);
}

PackedBytes::PackedBytes(const InputFile& file, std::span<const std::byte> packed)
    : file_(file),
      packed_(packed),
      unpacker_(std::make_unique<Unpacker>(packed)),
      buffer_(2 * piece) {
  note_place();
}

void PackedBytes::note_place() {
  places_.push_back(std::make_unique<const Unpacker>(*unpacker_));
}

// To the last place before `offset`, unless the buffer has it or is nearer.
void PackedBytes::go_to(std::uint64_t offset) {
  const auto after = std::ranges::upper_bound(places_, offset, {},
                                              [](const auto& place) { return place->offset; });
  const Unpacker& place = **std::prev(after);
  if (offset < begin_ || place.offset > unpacked()) {
    unpacker_ = std::make_unique<Unpacker>(place);
    begin_ = place.offset;
    filled_ = 0;
  }
}

// One piece more at the end of the buffer.
void PackedBytes::unpack_piece() {
  if (filled_ > piece) {
    const std::size_t old = filled_ - piece;
    std::memmove(buffer_.data(), buffer_.data() + old, piece);
    begin_ += old;
    filled_ = piece;
  }
  z_stream& stream = unpacker_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(buffer_.data() + filled_);
  stream.avail_out = static_cast<uInt>(piece);
  const int status = inflate(&stream, Z_NO_FLUSH);
  if (status == Z_MEM_ERROR) {
    throw std::bad_alloc();
  }
  check(status == Z_OK || status == Z_STREAM_END,
        "the packed variable is damaged at its byte {} ({})", packed_.size() - stream.avail_in,
        stream.msg == nullptr ? "it is cut short" : stream.msg);
  const std::size_t count = piece - stream.avail_out;
  filled_ += count;
  unpacker_->offset += count;
  unpacker_->ended = status == Z_STREAM_END;
  if (unpacker_->offset >= places_.back()->offset + between_places) {
    note_place();
    file_.mapping.release();
  }
}

void PackedBytes::read(std::uint64_t offset, std::span<std::byte> out) {
  go_to(offset);
  while (!out.empty()) {
    if (offset >= unpacked()) {
      check(!unpacker_->ended, "the packed variable ends after {} bytes", unpacked());
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
  while (!unpacker_->ended && unpacked() <= size) {
    unpack_piece();
  }
  check(unpacker_->ended && unpacked() == size,
        "the packed variable does not end after its {} bytes", size);
}

MatStream::MatStream(InputFilePtr file, std::size_t at, std::size_t length, bool packed,
                     bool swapped)
    : file_(std::move(file)),
      at_(at),
      bytes_(file_->bytes().subspan(at, mat_tag_size + length)),
      swapped_(swapped),
      packed_(packed ? std::make_unique<PackedBytes>(*file_, bytes_.subspan(mat_tag_size))
                     : nullptr) {}

void MatStream::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (out.empty()) {
    return;
  }
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
