// What to do with each way a download can end.
#include "weights_converter/fetch/fetch.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <thread>

#include "kernels/check.h"
#include "nn/mapped_file.h"
#include "nn/sha256.h"
#include "weights_converter/fetch/http_download.h"
#include "weights_converter/fetch/partial_file.h"

namespace gramgrad::converter {
namespace {

namespace fs = std::filesystem;

struct Model {
  const char* model;
  const char* name;
  const char* sha256;  // its first 8 digits are in the name, as torch.hub checks them
  std::uint64_t bytes;
};

constexpr std::array<Model, 2> models = {{
    {"vgg16", "vgg16-397923af.pth",
     "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0", 553'433'881},
    {"vgg19", "vgg19-dcbb9e9d.pth",
     "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44", 574'673'361},
}};
constexpr const char* official = "https://download.pytorch.org/models";

std::string sha256_of(const std::string& path) {
  return nn::sha256_hex(nn::MappedFile(path).bytes());
}

bool is_there(const FetchRequest& request) {
  std::error_code error;
  return fs::is_regular_file(request.output, error) &&
         fs::file_size(request.output, error) == request.file.bytes &&
         sha256_of(request.output) == request.file.sha256;
}

void check_output(const FetchRequest& request) {
  check(!request.output.empty(), "the output path is empty; name a file to write");
  std::error_code error;
  check(!fs::is_directory(request.output, error),
        "{}: cannot be written: it is a directory; name a file in it", request.output);
}

// Before a long download rather than in its middle.
void check_space(const FetchRequest& request, std::uint64_t missing) {
  const fs::path directory = fs::absolute(request.output).parent_path();
  std::error_code error;
  const fs::space_info space = fs::space(directory, error);
  check(error || space.available >= missing,
        "{}: needs {} more bytes of disk space, {} are free; free some or choose another path",
        request.output, missing, space.available);
}

// Connects again and again, as long as that brings something new.
void complete(const FetchRequest& request, PartialFile& part, const FetchProgress& progress) {
  const PublishedFile& file = request.file;
  std::uint64_t most = part.size();
  int in_vain = 0;
  while (part.size() < file.bytes) {
    const DownloadResult result =
        download({file.url, part.size(), file.bytes, request.connect_timeout, request.stall_timeout,
                  [&] { part.clear(); },
                  [&](std::span<const std::byte> bytes) {
                    part.append(bytes);
                    if (progress) {
                      progress(part.size(), file.bytes);
                    }
                  }});
    if (part.size() == file.bytes) {
      return;
    }
    in_vain = part.size() > most ? 0 : in_vain + 1;
    most = std::max(most, part.size());
    check(in_vain < request.attempts,
          "{}: {}; {} of {} bytes are in {}: run the same command again to go on", file.url,
          result.complete ? "the server sent too little" : result.trouble, part.size(), file.bytes,
          part.path());
    std::this_thread::sleep_for(in_vain * request.pause);
  }
}

}  // namespace

PublishedFile published_file(const std::string& model, const std::string& base_url) {
  const auto found =
      std::ranges::find_if(models, [&](const Model& known) { return model == known.model; });
  check(found != models.end(), "{}: is not published under a known hash; vgg16 and vgg19 are",
        model);
  const std::string base = base_url.empty() ? official : base_url;
  return {found->name, base + (base.ends_with('/') ? "" : "/") + found->name, found->sha256,
          found->bytes};
}

void fetch(const FetchRequest& request, const FetchProgress& progress) {
  check_output(request);
  if (is_there(request)) {
    return;
  }
  PartialFile part(request.output);
  if (part.size() > request.file.bytes) {
    part.clear();
  }
  try {
    check_space(request, request.file.bytes - part.size());
    complete(request, part, progress);
  } catch (const WrongLength&) {
    part.remove();
    throw;
  } catch (...) {
    if (part.size() == 0) {
      part.remove();
    }
    throw;
  }
  const std::string hash = sha256_of(part.path());
  if (hash != request.file.sha256) {
    part.remove();
    fail(
        "{}: has SHA-256 {} instead of {}: it is not the published file, or was damaged on the "
        "way; it was removed, fetch it again",
        request.file.url, hash, request.file.sha256);
  }
  part.commit();
}

}  // namespace gramgrad::converter
