// State dicts: what the pickle of a PyTorch file says, whichever way the file holds the numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "weights_converter/archives/array_tensor.h"
#include "weights_converter/archives/pickle.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

const PickleRules& torch_rules();

// What a persistent id says of a storage.
struct TorchStorage {
  ElementType type = ElementType::f32;
  std::uint64_t width = 0;  // bytes of an element, for `other` too
  std::string_view key;
  std::uint64_t count = 0;  // elements
  // Files of PyTorch before 0.4 may use a part of a storage: elements [view_first, + view_count).
  std::uint64_t view_first = 0;
  std::uint64_t view_count = 0;

  std::uint64_t bytes() const { return count * width; }
};

// Throws Error if the value is no persistent id of a storage, or one beyond all memory.
TorchStorage parse_storage(const PickleValue& persistent);

// The bytes of a whole storage. Throws Error if the file has no such storage of this size.
using FindStorage = std::function<ArrayBytes(const TorchStorage&)>;

// All tensors in dictionaries and lists, by their path in them ("state_dict.features.0.weight"),
// and the layers that they make. Throws Error, without the path of the file.
Source torch_source(std::string_view format, const InputFilePtr& file, const PickleValue& root,
                    const FindStorage& find_storage);

}  // namespace gramgrad::converter
