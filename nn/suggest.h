// "Did you mean ...?" for mistyped names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gramgrad::nn {

// The candidate with the smallest edit distance (Levenshtein 1966) to `name`; the first of equals.
// Empty where there are no candidates.
std::string nearest(std::string_view name, std::span<const std::string> candidates);

}  // namespace gramgrad::nn
