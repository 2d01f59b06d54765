// Names of the opcodes that are refused, for messages.
#pragma once

#include <array>
#include <string_view>

namespace gramgrad::converter {

struct OpcodeName {
  unsigned opcode;
  std::string_view name;
};

// Those of pickle protocols 0 to 5 that are refused.
inline constexpr std::array refused_opcodes = {
    OpcodeName{'0', "POP"},
    OpcodeName{'1', "POP_MARK"},
    OpcodeName{'2', "DUP"},
    OpcodeName{'F', "FLOAT"},
    OpcodeName{'I', "INT"},
    OpcodeName{'L', "LONG"},
    OpcodeName{'P', "PERSID"},
    OpcodeName{'S', "STRING"},
    OpcodeName{'V', "UNICODE"},
    OpcodeName{'d', "DICT"},
    OpcodeName{'g', "GET"},
    OpcodeName{'i', "INST"},
    OpcodeName{'l', "LIST"},
    OpcodeName{'o', "OBJ"},
    OpcodeName{'p', "PUT"},
    OpcodeName{0x81, "NEWOBJ"},
    OpcodeName{0x82, "EXT1"},
    OpcodeName{0x83, "EXT2"},
    OpcodeName{0x84, "EXT4"},
    OpcodeName{0x8b, "LONG4"},
    OpcodeName{0x8f, "EMPTY_SET"},
    OpcodeName{0x90, "ADDITEMS"},
    OpcodeName{0x91, "FROZENSET"},
    OpcodeName{0x92, "NEWOBJ_EX"},
    OpcodeName{0x96, "BYTEARRAY8"},
    OpcodeName{0x97, "NEXT_BUFFER"},
    OpcodeName{0x98, "READONLY_BUFFER"},
};

}  // namespace gramgrad::converter
