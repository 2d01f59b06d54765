// Names from strangers' files, made fit for messages.
#pragma once

#include <string>
#include <string_view>

namespace gramgrad::converter {

// `text` with the bytes of control characters, which could steer a terminal, replaced by '?': C0,
// DEL and, as UTF-8 writes them (C2 80 … C2 9F), C1. At most 1000 bytes are kept.
std::string printable(std::string_view text);

}  // namespace gramgrad::converter
