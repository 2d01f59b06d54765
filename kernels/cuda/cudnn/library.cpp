// Finds cuDNN with the dynamic linker.
#include "kernels/cuda/cudnn/library.h"

#include <dlfcn.h>

#include <array>

#include "kernels/check.h"
#include "kernels/cuda/product.h"

namespace gramgrad::cuda::cudnn {
namespace {

constexpr const char* file_name = "libcudnn_graph.so.9";

template <typename Function>
bool find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  return function != nullptr;
}

Library load() {
  Library result;
  void* handle =
      dlopen(file_name, RTLD_NOW | RTLD_LOCAL);  // stays open: plans live in static caches
  if (handle == nullptr) {
    result.obstacle = fmt::format("cuDNN 9 is not installed ({} was not found)", file_name);
    return result;
  }
  const bool whole = find(handle, "cudnnGetVersion", result.get_version) &&
                     find(handle, "cudnnGetErrorString", result.get_error_string) &&
                     find(handle, "cudnnGetLastErrorString", result.get_last_error_string) &&
                     find(handle, "cudnnCreate", result.create) &&
                     find(handle, "cudnnDestroy", result.destroy) &&
                     find(handle, "cudnnSetStream", result.set_stream) &&
                     find(handle, "cudnnBackendCreateDescriptor", result.create_descriptor) &&
                     find(handle, "cudnnBackendDestroyDescriptor", result.destroy_descriptor) &&
                     find(handle, "cudnnBackendSetAttribute", result.set_attribute) &&
                     find(handle, "cudnnBackendGetAttribute", result.get_attribute) &&
                     find(handle, "cudnnBackendFinalize", result.finalize) &&
                     find(handle, "cudnnBackendExecute", result.execute);
  if (!whole) {
    result.obstacle = fmt::format("{} lacks functions of cuDNN 9; reinstall cuDNN", file_name);
  }
  return result;
}

}  // namespace

const Library& library() {
  static const Library loaded = load();
  return loaded;
}

const Library& required_library() {
  const Library& found = library();
  check(found.obstacle.empty(), "{}", found.obstacle);
  return found;
}

void expect_success(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS) {
    std::array<char, 512> words{};
    library().get_last_error_string(words.data(), words.size());
    fail("cuDNN failed at {}: {} ({})", what, library().get_error_string(status), words.data());
  }
}

}  // namespace gramgrad::cuda::cudnn

// Counted as 10000 * major + 100 * minor + patch.
std::string gramgrad::cuda::cudnn_version() {
  const cudnn::Library& found = cudnn::library();
  if (!found.obstacle.empty()) {
    return found.obstacle;
  }
  const std::size_t version = found.get_version();
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}
