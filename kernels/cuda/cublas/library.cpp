// Finds cuBLAS with the dynamic linker.
#include "kernels/cuda/cublas/library.h"

#include <dlfcn.h>

#include "kernels/check.h"

namespace gramgrad::cuda::cublas {
namespace {

template <typename Function>
bool find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  return function != nullptr;
}

Library load() {
  Library result;
  const std::string file_name = fmt::format("libcublas.so.{}", CUBLAS_VER_MAJOR);
  void* handle = dlopen(file_name.c_str(), RTLD_NOW | RTLD_LOCAL);  // stays open
  if (handle == nullptr) {
    result.obstacle =
        fmt::format("cuBLAS {} is not installed ({} was not found)", CUBLAS_VER_MAJOR, file_name);
    return result;
  }
  const bool whole = find(handle, "cublasGetProperty", result.get_property) &&
                     find(handle, "cublasGetStatusString", result.get_status_string) &&
                     find(handle, "cublasCreate_v2", result.create) &&
                     find(handle, "cublasDestroy_v2", result.destroy) &&
                     find(handle, "cublasSetStream_v2", result.set_stream) &&
                     find(handle, "cublasGemmEx", result.gemm_ex);
  if (!whole) {
    result.obstacle = fmt::format("{} lacks functions of cuBLAS {}; reinstall cuBLAS", file_name,
                                  CUBLAS_VER_MAJOR);
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

void expect_success(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    fail("cuBLAS failed at {}: {}", what, library().get_status_string(status));
  }
}

}  // namespace gramgrad::cuda::cublas
