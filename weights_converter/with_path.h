// Puts the file's path before what is wrong with it.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "kernels/check.h"

namespace gramgrad::converter {

// What action() returns. Whatever it throws comes out as an Error that begins with `path`.
template <typename Action>
auto with_path(const std::string& path, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const Error& error) {
    fail("{}: {}", path, error.what());
  } catch (const std::exception& error) {  // memory ran out
    fail("{}: cannot be read: {}", path, error.what());
  }
}

}  // namespace gramgrad::converter
