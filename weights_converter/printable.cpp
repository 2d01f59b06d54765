// Takes from text what is no text.
#include "weights_converter/printable.h"

#include <cstddef>

namespace gramgrad::converter {

std::string printable(std::string_view text) {
  constexpr std::size_t max_bytes = 1000;
  std::string clean(text.substr(0, max_bytes));
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clean[i]);
    const bool c1 =
        i > 0 && static_cast<unsigned char>(clean[i - 1]) == 0xc2 && byte >= 0x80 && byte < 0xa0;
    if (c1) {
      clean[i - 1] = '?';
    }
    if (byte < 0x20 || byte == 0x7f || c1) {
      clean[i] = '?';
    }
  }
  return clean;
}

}  // namespace gramgrad::converter
