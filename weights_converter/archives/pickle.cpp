// What each opcode does.
#include "weights_converter/archives/pickle.h"

#include <bit>
#include <string_view>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/archives/byte_reader.h"
#include "weights_converter/archives/pickle_opcodes.h"
#include "weights_converter/archives/pickle_stack.h"

namespace gramgrad::converter {
namespace {

class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, std::uint64_t begin, const PickleRules& rules)
      : in_(bytes, begin), rules_(rules) {}

  Pickle run() {
    for (;;) {
      stack_.begin_opcode(in_.position());
      const unsigned opcode = in_.number<std::uint8_t>();
      if (opcode == '.') {
        return stack_.finish(in_.position());
      }
      if (!make_number(opcode) && !make_text(opcode) && !make_container(opcode) &&
          !fill_container(opcode) && !remember(opcode) && !make_object(opcode)) {
        refuse(opcode);
      }
    }
  }

 private:
  [[noreturn]] void refuse(unsigned opcode) const {
    const std::uint64_t at = stack_.opcode_position();
    for (const OpcodeName& known : refused_opcodes) {
      if (known.opcode == opcode) {
        fail("at byte {}: opcode {} of pickle is not one that weights need; {}", at, known.name,
             rules_.advice);
      }
    }
    fail("at byte {}: 0x{:02x} is no opcode of pickle; the file is damaged or of another format",
         at, opcode);
  }

  bool make_number(unsigned opcode) {
    switch (opcode) {
      case 'N':
        stack_.push(PickleKind::none);
        return true;
      case 0x88:
      case 0x89:
        stack_.push(PickleKind::boolean).integer = opcode == 0x88;
        return true;
      case 'J':
        stack_.push_integer(in_.number<std::int32_t>());
        return true;
      case 'K':
        stack_.push_integer(in_.number<std::uint8_t>());
        return true;
      case 'M':
        stack_.push_integer(in_.number<std::uint16_t>());
        return true;
      case 'G':  // the only big-endian number of the format
        stack_.push(PickleKind::real).real =
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
    stack_.require(bytes.size() <= 8, "it has a number beyond 64 bits");
    std::uint64_t value = 0;
    if (!bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{}) {
      value = ~std::uint64_t{0};
    }
    for (std::size_t i = bytes.size(); i > 0; --i) {
      value = value << 8 | static_cast<std::uint64_t>(bytes[i - 1]);
    }
    stack_.push_integer(static_cast<std::int64_t>(value));
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
    stack_.push(kind).text = in_.take_text(length);
    return true;
  }

  bool make_container(unsigned opcode) {
    switch (opcode) {
      case '(':
        stack_.mark();
        return true;
      case ')':
        stack_.push(PickleKind::tuple);
        return true;
      case ']':
        stack_.push(PickleKind::list);
        return true;
      case '}':
        stack_.push(PickleKind::dict);
        return true;
      case 't': {
        std::vector<const PickleValue*> items = stack_.pop_to_mark();
        stack_.push(PickleKind::tuple).items = std::move(items);
        return true;
      }
      case 0x85:
      case 0x86:
      case 0x87: {
        std::vector<const PickleValue*> items = stack_.pop_values(opcode - 0x84);
        stack_.push(PickleKind::tuple).items = std::move(items);
        return true;
      }
      default:
        return false;
    }
  }

  bool fill_container(unsigned opcode) {
    switch (opcode) {
      case 'a':
        stack_.extend(PickleKind::list, stack_.pop_values(1));
        return true;
      case 'e':
        stack_.extend(PickleKind::list, stack_.pop_to_mark());
        return true;
      case 's':
        stack_.extend(PickleKind::dict, stack_.pop_values(2));
        return true;
      case 'u':
        stack_.extend(PickleKind::dict, stack_.pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  bool remember(unsigned opcode) {
    switch (opcode) {
      case 'q':
        stack_.remember(in_.number<std::uint8_t>());
        return true;
      case 'r':
        stack_.remember(in_.number<std::uint32_t>());
        return true;
      case 0x94:
        stack_.remember();
        return true;
      case 'h':
        stack_.recall(in_.number<std::uint8_t>());
        return true;
      case 'j':
        stack_.recall(in_.number<std::uint32_t>());
        return true;
      default:
        return false;
    }
  }

  bool make_object(unsigned opcode) {
    switch (opcode) {
      case 0x80: {
        const auto protocol = in_.number<std::uint8_t>();
        stack_.require(protocol >= 2 && protocol <= 5, "its protocol is not one of 2 to 5");
        return true;
      }
      case 0x95:
        in_.take(8);  // FRAME: a length that matters to readers of streams
        return true;
      case 'c': {
        const std::string_view module = take_line();
        const std::string_view name = take_line();
        stack_.push_global(module, name, rules_);
        return true;
      }
      case 0x93: {
        const PickleValue* name = stack_.pop();
        const PickleValue* module = stack_.pop();
        stack_.require(module->is_text() && name->is_text(), "a global's name is no text");
        stack_.push_global(module->text, name->text, rules_);
        return true;
      }
      case 'Q':
        stack_.push_persistent();
        return true;
      case 'R':
        stack_.call();
        return true;
      case 'b':
        stack_.set_state();
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
      stack_.require(++length <= max_length, "the name of a global is too long");
    }
    const std::string_view line = in_.take_text(length);
    in_.take(1);
    return line;
  }

  ByteReader in_;
  const PickleRules& rules_;
  PickleStack stack_;
};

}  // namespace

Pickle read_pickle(std::span<const std::byte> bytes, std::uint64_t begin,
                   const PickleRules& rules) {
  return Unpickler(bytes, begin, rules).run();
}

}  // namespace gramgrad::converter
