// SHA-256 through OpenSSL's EVP interface.
#include "nn/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "kernels/check.h"

namespace gramgrad::nn {
namespace {

void check_openssl(bool worked) {
  check(worked,
        "SHA-256 is not available: OpenSSL refuses it; check the system's OpenSSL configuration");
}

}  // namespace

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  check_openssl(state_->context != nullptr &&
                EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  check_openssl(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned digest_bytes = 0;
  check_openssl(EVP_DigestFinal_ex(state_->context.get(), digest.data(), &digest_bytes) == 1);
  std::string text;
  for (unsigned i = 0; i < digest_bytes; ++i) {
    text += fmt::format("{:02x}", digest[i]);
  }
  return text;
}

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

}  // namespace gramgrad::nn
