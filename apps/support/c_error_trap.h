// The one place where setjmp is used: errors of libpng and libjpeg.
//
// Both libraries report an error by calling back and expect never to be returned to. They are C and
// need not carry unwinding tables, so an exception must not pass through them: the callback calls
// `raise`, which jumps back into `run`. Nothing with a destructor may live in the frames that are
// jumped over, so a step is a lambda that captures references and owns nothing, and messages are
// kept in fixed buffers.
#pragma once

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <type_traits>

namespace gramgrad::apps {

class CErrorTrap {
 public:
  // Runs `step`; false if it was left through `raise`, the reason then being in `message`.
  template <typename Step>
  bool run(Step step) {
    static_assert(std::is_trivially_destructible_v<Step>, "a jump would skip the destructor");
    if (setjmp(jump_) != 0) {
      return false;
    }
    step();
    return true;
  }

  // Only from within `run`.
  [[noreturn]] void raise(const char* message) {
    copy(message, message_);
    std::longjmp(jump_, 1);
  }

  // Keeps the first warning; the others are mostly consequences of it.
  void warn(const char* warning) {
    if (warning_[0] == '\0') {
      copy(warning, warning_);
    }
  }

  const char* message() const { return message_.data(); }
  const char* warning() const { return warning_.data(); }  // "" if none

 private:
  using Text = std::array<char, 256>;

  static void copy(const char* from, Text& to) {
    const std::size_t length = std::min(std::strlen(from), to.size() - 1);
    std::memcpy(to.data(), from, length);
    to[length] = '\0';
  }

  std::jmp_buf jump_;
  Text message_{};
  Text warning_{};
};

}  // namespace gramgrad::apps
