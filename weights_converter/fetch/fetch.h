// Downloads published weights files, and lets nobody have them before their hash is right.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace gramgrad::converter {

// A file as its publisher describes it.
struct PublishedFile {
  std::string name;         // such as "vgg19-dcbb9e9d.pth"
  std::string url;          // of the file itself
  std::string sha256;       // 64 lower-case hexadecimal digits
  std::uint64_t bytes = 0;  // its length
};

// torchvision's file for `model`, "vgg16" or "vgg19"; from `base_url` (a mirror's folder) if that
// is not empty, else from where PyTorch publishes it. Throws Error for other models.
PublishedFile published_file(const std::string& model, const std::string& base_url = "");

struct FetchRequest {
  PublishedFile file;
  std::string output;  // path of the file to be made
  int attempts = 5;    // connections in a row that may break without bringing anything new
  std::chrono::milliseconds pause{2000};  // after the first of these; longer after each further one
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds stall_timeout{60};  // without a single byte
};

// Called now and then with the bytes there are and the bytes there will be. What it throws ends the
// download and comes out of `fetch`.
using FetchProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Makes `request.output`, by downloading unless it is there already. What has come of it lies in
// `<output>.part`, with which a later call goes on; once length and SHA-256 are right it gets its
// name in one step. Only https is used, but for servers on this machine (localhost).
//
// Throws Error, one line. Broken connections and timeouts keep the partial file; a wrong length, a
// wrong hash and a full disk remove it; web pages and errors of the server never get into it.
void fetch(const FetchRequest& request, const FetchProgress& progress = {});

}  // namespace gramgrad::converter
