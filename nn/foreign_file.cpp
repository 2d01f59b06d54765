// Recognises by their first bytes the files that people mistake for weights files.
#include "nn/foreign_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace gramgrad::nn {
namespace {

using std::string_view_literals::operator""sv;

struct Kind {
  std::string_view start;  // in lower case
  std::string_view description;
};

constexpr std::string_view html_page =
    "it looks like an HTML page; a download has fetched a web page in place of the file, "
    "download the file itself";
constexpr std::string_view zip_archive =
    "it looks like a zip archive (.npz, .pth, .keras); convert it with weights_converter";

constexpr std::array kinds = {
    Kind{"<!doctype"sv, html_page},
    Kind{"<html"sv, html_page},
    Kind{"pk\x03\x04"sv, zip_archive},
    Kind{"\x89hdf\r\n\x1a\n"sv,
         "it looks like an HDF5 file (.h5); convert it with weights_converter"},
    Kind{"\x89ggw"sv,
         "its line ends were changed, as by a transfer in text mode; copy it again as binary"},
    Kind{"version https://git-lfs"sv, "it is a Git LFS pointer; run `git lfs pull`"},
};

}  // namespace

std::string_view describe_foreign_file(std::span<const std::byte> bytes) {
  std::string start(std::min<std::size_t>(bytes.size(), 256), '\0');
  if (!start.empty()) {
    std::memcpy(start.data(), bytes.data(), start.size());
  }
  std::transform(start.begin(), start.end(), start.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (start.starts_with("\xef\xbb\xbf")) {  // a byte-order mark
    start.erase(0, 3);
  }
  start.erase(0, std::min(start.find_first_not_of(" \t\r\n"), start.size()));
  for (const Kind& kind : kinds) {
    if (start.starts_with(kind.start)) {
      return kind.description;
    }
  }
  return "it does not begin like one; convert other formats with weights_converter";
}

}  // namespace gramgrad::nn
