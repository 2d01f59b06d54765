// Reader of `.ggw` weights files (weights_converter/FORMAT.md).
//
// A file is a stranger until all of it has been checked: sizes, checksums, JSON types, names,
// layout, padding, and that every number is finite. What comes out of `open` or `from_memory` needs
// no further checks but the network's own (nn/architecture.h).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/mapped_file.h"
#include "nn/weights_format.h"

namespace gramgrad::nn {

class WeightsFile {
 public:
  // Maps the file. Throws Error: one line that begins with the path and says what is wrong.
  static WeightsFile open(const std::filesystem::path& path);
  // Reads a file that is in memory already; the bytes must outlive the result. `name` takes the
  // path's place in messages.
  static WeightsFile from_memory(std::span<const std::byte> bytes, std::string name);

  const std::string& name() const { return name_; }
  const std::string& architecture() const { return description_.architecture; }
  const Provenance& provenance() const { return description_.provenance; }
  const Feeding& feeding() const { return description_.feeding; }
  const WeightsDescription& description() const { return description_; }

  // In the order of the file. The views hold as long as this object or one it was moved to.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  // The tensor of that name, or null.
  const TensorView* find(std::string_view tensor_name) const;

  // SHA-256 of the whole file, for recipes.
  std::string sha256() const;

 private:
  WeightsFile(MappedFile mapping, std::span<const std::byte> bytes, std::string name);
  void read();

  MappedFile mapping_;  // empty if the bytes are somebody else's
  std::span<const std::byte> bytes_;
  std::string name_;
  WeightsDescription description_;
  std::vector<TensorView> tensors_;
};

}  // namespace gramgrad::nn
