// The recipe of a picture: everything that its bytes depend on, as JSON text in the PNG file.
//
//   {"gramgrad": "<version>", "options": {"<option>": "<value as on the command line>", ...},
//    "content": {"path", "sha256"}, "styles": [{...}, ...], "start": {...} (with --init FILE),
//    "weights": {"path", "sha256"}}
//
// Paths are absolute, so that a recipe runs from anywhere. No time, no machine: the same command
// gives the same bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/support/options.h"

namespace gramgrad::apps {

inline constexpr const char* recipe_key = "gramgrad:recipe";  // of the PNG text

struct FileIdentity {
  std::string path;    // absolute; "vgg16": the embedded network
  std::string sha256;  // of the file's bytes
};

struct Recipe {
  std::string version;
  StylizeArguments arguments;  // those that the picture depends on, paths included
  FileIdentity content;
  std::vector<FileIdentity> styles;
  std::optional<FileIdentity> start;
  FileIdentity weights;
};

std::string to_json(const Recipe& recipe);

// The recipe in a PNG file. Throws Error where there is none or it makes no sense.
Recipe read_recipe(const std::string& png_path);

// Throws Error, naming the file, where `used` has a file of the recipe's by the same path whose
// bytes are others. Files that were given anew are not looked at.
void check_unchanged(const Recipe& recipe, const Recipe& used);

std::string absolute_path(const std::string& path);

}  // namespace gramgrad::apps
