// A library that is looked for when it is first needed: the program starts where it is missing.
#pragma once

#include <dlfcn.h>

namespace gramgrad::cuda {

class DynamicLibrary {
 public:
  // Stays open for good: what it made may live in static objects.
  explicit DynamicLibrary(const char* file_name)
      : handle_(dlopen(file_name, RTLD_NOW | RTLD_LOCAL)) {}

  bool found() const { return handle_ != nullptr; }

  // Whether it has that function, which is then in `function`, a pointer of the right type.
  template <typename Function>
  bool find(const char* name, Function& function) const {
    function = reinterpret_cast<Function>(dlsym(handle_, name));
    return function != nullptr;
  }

 private:
  void* handle_;
};

}  // namespace gramgrad::cuda
