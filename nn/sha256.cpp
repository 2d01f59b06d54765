// SHA-256 through OpenSSL's EVP interface.
#include "nn/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "kernels/check.h"

namespace gramgrad::nn {

std::string sha256_hex(std::span<const std::byte> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned digest_bytes = 0;
  check(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &digest_bytes, EVP_sha256(),
                   nullptr) == 1,
        "SHA-256 is not available: OpenSSL refuses it; check the system's OpenSSL configuration");
  std::string hex;
  for (unsigned i = 0; i < digest_bytes; ++i) {
    hex += fmt::format("{:02x}", digest[i]);
  }
  return hex;
}

}  // namespace gramgrad::nn
