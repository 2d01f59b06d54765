// The memory of pickle's stack machine, and what its operations do to it.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weights_converter/archives/pickle.h"

namespace gramgrad::converter {

// A stack of values, marks in it, and a memo. Every operation throws Error, with the position of
// the opcode, where the pickle asks for what is not there.
class PickleStack {
 public:
  // Bounds what a pickle can make of memory; the state dict of torchvision's VGG19 has 3000.
  static constexpr std::size_t max_opcodes = std::size_t{1} << 20;

  // The opcode that begins at `position` of the file is to be carried out: for messages.
  void begin_opcode(std::uint64_t position);
  std::uint64_t opcode_position() const { return opcode_at_; }
  void require(bool condition, std::string_view what) const;

  PickleValue& push(PickleKind kind);
  void push_integer(std::int64_t value) { push(PickleKind::integer).integer = value; }
  PickleValue* pop();
  PickleValue& top();

  void mark() { marks_.push_back(stack_.size()); }
  // The values above the last mark, which goes too.
  std::vector<const PickleValue*> pop_to_mark();
  std::vector<const PickleValue*> pop_values(std::size_t count);
  // Puts values into the list or dictionary on top.
  void extend(PickleKind kind, const std::vector<const PickleValue*>& values);

  // Keeps the value on top under this key, or the next; puts a kept value on top.
  void remember(std::uint32_t key) { memo_[key] = &top(); }
  void remember() { remember(static_cast<std::uint32_t>(memo_.size())); }
  void recall(std::uint32_t key);

  // Pushes a global that is allowed, or collections.OrderedDict.
  void push_global(std::string_view module, std::string_view name, const PickleRules& rules);
  // Takes an identifier, which the file's own format makes something of.
  void push_persistent();
  // Takes a global and its arguments. An OrderedDict becomes a dictionary, all else a note.
  void call();
  // Takes what the object on top would be given as its state.
  void set_state();

  // Takes the last value; nothing is left here.
  Pickle finish(std::uint64_t end);

 private:
  Pickle result_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::unordered_map<std::uint32_t, PickleValue*> memo_;
  std::uint64_t opcode_at_ = 0;
  std::size_t opcodes_ = 0;
  std::size_t copied_pairs_ = 0;
};

}  // namespace gramgrad::converter
