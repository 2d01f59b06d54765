// Finds cuBLAS with the dynamic linker.
#include "kernels/cuda/cublas/library.h"

#include "kernels/check.h"
#include "kernels/cuda/dynamic_library.h"

namespace gramgrad::cuda::cublas {
namespace {

Library load() {
  Library result;
  const std::string file_name = fmt::format("libcublas.so.{}", CUBLAS_VER_MAJOR);
  const DynamicLibrary file(file_name.c_str());
  if (!file.found()) {
    result.obstacle =
        fmt::format("cuBLAS {} is not installed ({} was not found)", CUBLAS_VER_MAJOR, file_name);
    return result;
  }
  const bool whole = file.find("cublasGetProperty", result.get_property) &&
                     file.find("cublasGetStatusString", result.get_status_string) &&
                     file.find("cublasCreate_v2", result.create) &&
                     file.find("cublasDestroy_v2", result.destroy) &&
                     file.find("cublasSetStream_v2", result.set_stream) &&
                     file.find("cublasGemmEx", result.gemm_ex);
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
