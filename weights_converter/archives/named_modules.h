// Tensors grouped by their names: what makes a layer, and which layers come one after the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

enum class Part { weight, bias, mean, variance };

// The tensors that share a name but for its ending.
struct NamedModule {
  std::string name;
  std::vector<std::uint64_t> numbers;  // those in the name
  std::array<std::optional<std::size_t>, 4> parts;
  std::string_view ending;  // of the weight

  const std::optional<std::size_t>& part(Part which) const {
    return parts[static_cast<std::size_t>(which)];
  }
};

// By their names without numbers ("features.#"), each in the order of the numbers.
using ModuleGroups = std::map<std::string, std::vector<NamedModule>>;

// Of the tensors whose names end as those of weights do, and that hold floating-point numbers.
ModuleGroups group_modules(const std::vector<SourceTensor>& tensors);

}  // namespace gramgrad::converter
