// Decoding from the nearest of places kept at equal distances, so that reading in pieces takes
// linear time.
#include "weights_converter/archives/latin1.h"

#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/check.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t distance = 65536;  // decoded bytes from one place to the next

class Latin1 {
 public:
  explicit Latin1(std::string_view text) : text_(text) {
    for (std::size_t at = 0; at < text.size(); ++size_) {
      if (size_ % distance == 0) {
        places_.push_back(at);
      }
      at += length_at(at);
    }
  }

  std::size_t size() const { return size_; }

  void decode(std::uint64_t offset, std::span<std::byte> out) const {
    check(offset <= size_ && out.size() <= size_ - offset, "bytes {} to {} were asked of {}",
          offset, offset + out.size(), size_);
    if (out.empty()) {
      return;
    }
    std::size_t at = places_[offset / distance];
    for (std::uint64_t skip = offset % distance; skip > 0; --skip) {
      at += length_at(at);
    }
    for (std::byte& byte : out) {
      const auto first = static_cast<unsigned char>(text_[at]);
      const std::size_t length = length_at(at);
      byte = length == 1 ? std::byte{first}
                         : std::byte(first << 6) |
                               (static_cast<std::byte>(text_[at + 1]) & std::byte{0x3f});
      at += length;
    }
  }

 private:
  // Of the character at `at`: 1, or 2 for U+0080 to U+00FF, which are C2 80 to C3 BF.
  std::size_t length_at(std::size_t at) const {
    const auto first = static_cast<unsigned char>(text_[at]);
    if (first < 0x80) {
      return 1;
    }
    check((first == 0xc2 || first == 0xc3) && at + 1 < text_.size() &&
              (static_cast<unsigned char>(text_[at + 1]) & 0xc0) == 0x80,
          "its bytes are kept as a text with characters that stand for none");
    return 2;
  }

  std::string_view text_;
  std::size_t size_ = 0;
  std::vector<std::size_t> places_;
};

}  // namespace

ArrayBytes latin1_bytes(std::string_view text) {
  const auto latin1 = std::make_shared<const Latin1>(text);
  return {latin1->size(),
          {},
          [latin1](std::uint64_t offset, std::span<std::byte> out) { latin1->decode(offset, out); },
          nullptr};
}

}  // namespace gramgrad::converter
