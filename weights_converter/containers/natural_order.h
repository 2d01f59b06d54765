// The order in which people and Keras count: conv2d_2 comes before conv2d_10.
#pragma once

#include <string_view>

namespace gramgrad::converter {

// Whether `left` comes before `right`: parts between '/' one after the other, runs of digits by
// their value, everything else by its bytes. A strict weak order; "conv2d" comes before "conv2d_1".
bool natural_less(std::string_view left, std::string_view right);

}  // namespace gramgrad::converter
