// The stack machine.
#include "weights_converter/archives/pickle.h"

#include <algorithm>
#include <bit>
#include <string>
#include <unordered_map>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/archives/byte_reader.h"
#include "weights_converter/archives/pickle_opcodes.h"
#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

// Bounds what a pickle can make of memory; the state dict of torchvision's VGG19 has 3000.
constexpr std::size_t max_opcodes = std::size_t{1} << 20;
constexpr std::string_view ordered_dict = "collections.OrderedDict";

class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, std::uint64_t begin, const PickleRules& rules)
      : in_(bytes, begin), rules_(rules) {}

  Pickle run() {
    for (std::size_t count = 0;; ++count) {
      opcode_at_ = in_.position();
      require(count < max_opcodes, "it has more than a million opcodes");
      const unsigned opcode = in_.number<std::uint8_t>();
      if (opcode == '.') {
        break;
      }
      if (!make_number(opcode) && !make_text(opcode) && !make_container(opcode) &&
          !fill_container(opcode) && !remember(opcode) && !make_object(opcode)) {
        refuse(opcode);
      }
    }
    result_.root = pop();
    result_.end = in_.position();
    return std::move(result_);
  }

 private:
  [[noreturn]] void refuse(unsigned opcode) const {
    for (const OpcodeName& known : refused_opcodes) {
      if (known.opcode == opcode) {
        fail("at byte {}: opcode {} of pickle is not one that weights need; {}", opcode_at_,
             known.name, rules_.advice);
      }
    }
    fail("at byte {}: 0x{:02x} is no opcode of pickle; the file is damaged or of another format",
         opcode_at_, opcode);
  }

  void require(bool condition, std::string_view what) const {
    check(condition, "at byte {}: the pickle is damaged: {}", opcode_at_, what);
  }

  PickleValue& push(PickleKind kind) {
    PickleValue& value = result_.values.emplace_back();
    value.kind = kind;
    stack_.push_back(&value);
    return value;
  }

  PickleValue* pop() {
    require(stack_.size() > (marks_.empty() ? 0 : marks_.back()),
            "it takes a value that is not there");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }

  PickleValue& top() {
    require(stack_.size() > (marks_.empty() ? 0 : marks_.back()),
            "it needs a value that is not there");
    return *stack_.back();
  }

  // The values above the last mark.
  std::vector<const PickleValue*> pop_to_mark() {
    require(!marks_.empty(), "it takes values up to a mark that is not there");
    const auto start = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const PickleValue*> values(start, stack_.end());
    stack_.erase(start, stack_.end());
    marks_.pop_back();
    return values;
  }

  std::vector<const PickleValue*> pop_values(std::size_t count) {
    std::vector<const PickleValue*> values(count);
    for (std::size_t i = count; i > 0; --i) {
      values[i - 1] = pop();
    }
    return values;
  }

  void push_integer(std::int64_t value) { push(PickleKind::integer).integer = value; }

  bool make_number(unsigned opcode) {
    switch (opcode) {
      case 'N':
        push(PickleKind::none);
        return true;
      case 0x88:
      case 0x89:
        push(PickleKind::boolean).integer = opcode == 0x88;
        return true;
      case 'J':
        push_integer(in_.number<std::int32_t>());
        return true;
      case 'K':
        push_integer(in_.number<std::uint8_t>());
        return true;
      case 'M':
        push_integer(in_.number<std::uint16_t>());
        return true;
      case 'G':  // the only big-endian number of the format
        push(PickleKind::real).real =
            std::bit_cast<double>(__builtin_bswap64(in_.number<std::uint64_t>()));
        return true;
      case 0x8a:
        push_long(in_.take(in_.number<std::uint8_t>()));
        return true;
      default:
        return false;
    }
  }

  // LONG1: two's complement of any length.
  void push_long(std::span<const std::byte> bytes) {
    require(bytes.size() <= 8, "it has a number beyond 64 bits");
    std::uint64_t value = 0;
    if (!bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{}) {
      value = ~std::uint64_t{0};
    }
    for (std::size_t i = bytes.size(); i > 0; --i) {
      value = value << 8 | static_cast<std::uint64_t>(bytes[i - 1]);
    }
    push_integer(static_cast<std::int64_t>(value));
  }

  bool make_text(unsigned opcode) {
    switch (opcode) {
      case 'X':
        return push_text(PickleKind::text, in_.number<std::uint32_t>());
      case 0x8c:
        return push_text(PickleKind::text, in_.number<std::uint8_t>());
      case 0x8d:
        return push_text(PickleKind::text, in_.number<std::uint64_t>());
      case 'T':  // BINSTRING and BINBYTES; CPython reads the former's length as signed
      case 'B':
        return push_text(PickleKind::bytes, in_.number<std::uint32_t>());
      case 'U':
      case 'C':
        return push_text(PickleKind::bytes, in_.number<std::uint8_t>());
      case 0x8e:
        return push_text(PickleKind::bytes, in_.number<std::uint64_t>());
      default:
        return false;
    }
  }

  bool push_text(PickleKind kind, std::uint64_t length) {
    push(kind).text = in_.take_text(length);
    return true;
  }

  bool make_container(unsigned opcode) {
    switch (opcode) {
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case ')':
        push(PickleKind::tuple);
        return true;
      case ']':
        push(PickleKind::list);
        return true;
      case '}':
        push(PickleKind::dict);
        return true;
      case 't': {
        std::vector<const PickleValue*> items = pop_to_mark();
        push(PickleKind::tuple).items = std::move(items);
        return true;
      }
      case 0x85:
      case 0x86:
      case 0x87: {
        std::vector<const PickleValue*> items = pop_values(opcode - 0x84);
        push(PickleKind::tuple).items = std::move(items);
        return true;
      }
      default:
        return false;
    }
  }

  bool fill_container(unsigned opcode) {
    switch (opcode) {
      case 'a':
        extend(PickleKind::list, pop_values(1));
        return true;
      case 'e':
        extend(PickleKind::list, pop_to_mark());
        return true;
      case 's':
        extend(PickleKind::dict, pop_values(2));
        return true;
      case 'u':
        extend(PickleKind::dict, pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  void extend(PickleKind kind, const std::vector<const PickleValue*>& values) {
    PickleValue& container = top();
    require(container.kind == kind, "it puts items into what is no list or dictionary");
    require(kind == PickleKind::list || values.size() % 2 == 0, "a key has no value");
    container.items.insert(container.items.end(), values.begin(), values.end());
  }

  bool remember(unsigned opcode) {
    switch (opcode) {
      case 'q':
        memo_[in_.number<std::uint8_t>()] = &top();
        return true;
      case 'r':
        memo_[in_.number<std::uint32_t>()] = &top();
        return true;
      case 0x94: {
        const auto next = static_cast<std::uint32_t>(memo_.size());
        memo_[next] = &top();
        return true;
      }
      case 'h':
        recall(in_.number<std::uint8_t>());
        return true;
      case 'j':
        recall(in_.number<std::uint32_t>());
        return true;
      default:
        return false;
    }
  }

  void recall(std::uint32_t key) {
    const auto found = memo_.find(key);
    require(found != memo_.end(), "it recalls a value that it never kept");
    stack_.push_back(found->second);
  }

  bool make_object(unsigned opcode) {
    switch (opcode) {
      case 0x80: {
        const auto protocol = in_.number<std::uint8_t>();
        require(protocol >= 2 && protocol <= 5, "its protocol is not one of 2 to 5");
        return true;
      }
      case 0x95:
        in_.take(8);  // FRAME: a length that matters to readers of streams
        return true;
      case 'c': {
        const std::string_view module = take_line();
        const std::string_view name = take_line();
        push_global(module, name);
        return true;
      }
      case 0x93: {
        const PickleValue* name = pop();
        const PickleValue* module = pop();
        require(module->is_text() && name->is_text(), "a global's name is no text");
        push_global(module->text, name->text);
        return true;
      }
      case 'Q': {
        const PickleValue* id = pop();
        PickleValue& value = push(PickleKind::persistent);
        value.items = {id};
        result_.persistent.push_back(&value);
        return true;
      }
      case 'R':
        call();
        return true;
      case 'b':
        set_state();
        return true;
      default:
        return false;
    }
  }

  std::string_view take_line() {
    constexpr std::uint64_t max_length = 256;
    ByteReader ahead = in_;
    std::uint64_t length = 0;
    while (ahead.number<std::uint8_t>() != '\n') {
      require(++length <= max_length, "the name of a global is too long");
    }
    const std::string_view line = in_.take_text(length);
    in_.take(1);
    return line;
  }

  void push_global(std::string_view module, std::string_view name) {
    const std::string full = std::string(module) + "." + std::string(name);
    const auto known = std::ranges::find(rules_.globals, full);
    const bool allowed = known != rules_.globals.end();
    check(allowed || full == ordered_dict,
          "at byte {}: global '{}' is not one that weights need; {}", opcode_at_, printable(full),
          rules_.advice);
    push(PickleKind::global).text = allowed ? *known : ordered_dict;
  }

  void call() {
    const PickleValue* arguments = pop();
    const PickleValue* global = pop();
    require(global->kind == PickleKind::global && arguments->kind == PickleKind::tuple,
            "it calls what is no function");
    if (global->text != ordered_dict) {
      push(PickleKind::call).items = {global, arguments};
      return;
    }
    PickleValue& dict = push(PickleKind::dict);
    if (arguments->items.empty()) {
      return;
    }
    // Python 2 gives the constructor a list of [key, value].
    require(arguments->items.size() == 1 && arguments->items[0]->kind == PickleKind::list,
            "an OrderedDict is made of something else than a list");
    for (const PickleValue* pair : arguments->items[0]->items) {
      require((pair->kind == PickleKind::list || pair->kind == PickleKind::tuple) &&
                  pair->items.size() == 2,
              "an OrderedDict is made of something else than pairs");
      // One list may be given to many dictionaries.
      require(++copied_pairs_ <= max_opcodes, "its dictionaries have more than a million entries");
      dict.items.insert(dict.items.end(), pair->items.begin(), pair->items.end());
    }
  }

  void set_state() {
    const PickleValue* state = pop();
    PickleValue& object = top();
    if (object.kind == PickleKind::dict) {
      return;  // attributes of an OrderedDict, such as a state dict's _metadata: not needed
    }
    require(object.kind == PickleKind::call && object.items.size() == 2,
            "it sets the state of what has none");
    object.items.push_back(state);
  }

  ByteReader in_;
  const PickleRules& rules_;
  std::uint64_t opcode_at_ = 0;
  std::size_t copied_pairs_ = 0;
  Pickle result_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::unordered_map<std::uint32_t, PickleValue*> memo_;
};

}  // namespace

bool PickleValue::calls(std::string_view global) const {
  return kind == PickleKind::call && items[0]->text == global;
}

const PickleValue* PickleValue::find(std::string_view key) const {
  if (kind != PickleKind::dict) {
    return nullptr;
  }
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i]->is_text() && items[i]->text == key) {
      return items[i + 1];
    }
  }
  return nullptr;
}

Pickle read_pickle(std::span<const std::byte> bytes, std::uint64_t begin,
                   const PickleRules& rules) {
  return Unpickler(bytes, begin, rules).run();
}

}  // namespace gramgrad::converter
