// HDF5's error stack in one line, and its global settings.
#include "weights_converter/containers/hdf5_handle.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

namespace gramgrad::converter {
namespace {

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

struct Failure {
  std::string text;
  bool of_memory = false;
};

// The innermost failure comes first and says most; the others only say who called.
herr_t keep_first(unsigned position, const H5E_error2_t* error, void* kept) {
  auto& failure = *static_cast<Failure*>(kept);
  if (position == 0 && error->desc != nullptr) {
    failure.text = error->desc;
  }
  // "no space available for allocation"
  failure.of_memory |= error->maj_num == H5E_RESOURCE && error->min_num == H5E_NOSPACE;
  return 0;
}

}  // namespace

Hdf5Lock::Hdf5Lock() : lock_(library_mutex()) {
  static const bool tamed = [] {
    H5PLset_loading_state(0);
    return true;
  }();
  static_cast<void>(tamed);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string hdf5_reason() {
  Failure failure;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &failure);
  if (failure.of_memory) {
    throw std::bad_alloc();
  }
  std::string text = std::move(failure.text);
  // Some descriptions quote names of the file.
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text.empty() ? "" : " (HDF5: " + text + ")";
}

}  // namespace gramgrad::converter
