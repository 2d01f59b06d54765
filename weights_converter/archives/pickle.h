// The part of Python's pickle format that state dicts and NumPy arrays are written in.
//
// A pickle is a program for a stack machine. Here it can build numbers, texts, bytes, tuples, lists
// and dictionaries, and *name* the few functions and classes that the caller allows; what would
// call them is left in the result as data. Nothing is imported, nothing is executed. Opcodes that
// such files do not need are refused by name. (Specification: CPython's Lib/pickletools.py.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

namespace gramgrad::converter {

enum class PickleKind {
  none,
  boolean,     // integer: 0 or 1
  integer,     // integer
  real,        // real
  text,        // text: UTF-8
  bytes,       // text; Python 2 writes all its texts like this
  tuple,       // items
  list,        // items
  dict,        // items: key, value, key, value, …; an OrderedDict too
  global,      // text: "module.name", one of the allowed
  call,        // items: the global, the tuple of its arguments, then, if set, the object's state
  persistent,  // items: one, what the file's own format makes something of
};

// Texts are views into the pickle. Values may be shared, and a damaged pickle may make one contain
// itself: whoever descends must limit the depth.
struct PickleValue {
  PickleKind kind = PickleKind::none;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;
  std::vector<const PickleValue*> items;

  bool is_text() const { return kind == PickleKind::text || kind == PickleKind::bytes; }
  // Whether it is a call of this global.
  bool calls(std::string_view global) const;
  // The value of a dict's key, null if it is not there.
  const PickleValue* find(std::string_view key) const;
};

struct Pickle {
  std::deque<PickleValue> values;  // owns all of them
  const PickleValue* root = nullptr;
  std::vector<const PickleValue*> persistent;  // in the order of the file
  std::uint64_t end = 0;                       // position of the byte after the pickle
};

struct PickleRules {
  std::span<const std::string_view> globals;  // allowed, besides collections.OrderedDict
  std::string_view advice;                    // what to do about any other, ends the message
};

// Reads the pickle that begins at `begin`. Throws Error with the position in `bytes`.
Pickle read_pickle(std::span<const std::byte> bytes, std::uint64_t begin, const PickleRules& rules);

}  // namespace gramgrad::converter
