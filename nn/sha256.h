// SHA-256, the name by which recipes and provenance records call a file.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace gramgrad::nn {

// Of bytes that come one after the other.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void update(std::span<const std::byte> bytes);
  // 64 lower-case hexadecimal digits. Ends it: nothing can follow.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace gramgrad::nn
