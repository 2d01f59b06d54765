// Files that many people have: who made them, and on what terms they may be passed on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nn/weights_format.h"

namespace gramgrad::converter {

struct KnownSource {
  std::string sha256;  // of the file: all 64 digits, or as many of the first as are published
  nn::Provenance provenance;  // source, licence, attribution, evidence; and golden, if known
  std::optional<nn::Feeding> feeding;
  std::string warning;  // why it may not be what one takes it for; empty: nothing to warn of
};

// The file with this SHA-256 (64 digits), or null.
const KnownSource* find_known_source(std::string_view sha256);

// Whether a file is called like one of the copies of Caffe's networks under torchvision's names.
// Programs download these and save them again, with other hashes (neural-style-pt).
bool is_named_like_a_copy_of_caffe(std::string_view file_name);

// The golden activations that the program itself knows for what becomes of a source in `dtype`: of
// the network that is part of gramgrad. They are not stored in the file, where whoever changes the
// weights could change them too. Null where there are none.
const nn::Golden* known_golden(std::string_view sha256, DType dtype);

// Of the networks of Simonyan and Zisserman, wherever their numbers come from.
std::string vgg_attribution(std::string_view architecture);
inline constexpr const char* vgg_licence = "CC-BY-4.0";

}  // namespace gramgrad::converter
