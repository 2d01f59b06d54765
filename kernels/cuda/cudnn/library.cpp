// Finds cuDNN with the dynamic linker.
#include "kernels/cuda/cudnn/library.h"

#include <array>

#include "kernels/check.h"
#include "kernels/cuda/dynamic_library.h"
#include "kernels/cuda/product.h"

namespace gramgrad::cuda::cudnn {
namespace {

constexpr const char* file_name = "libcudnn_graph.so.9";

Library load() {
  Library result;
  const DynamicLibrary file(file_name);
  if (!file.found()) {
    result.obstacle = fmt::format("cuDNN 9 is not installed ({} was not found)", file_name);
    return result;
  }
  const bool whole = file.find("cudnnGetVersion", result.get_version) &&
                     file.find("cudnnGetErrorString", result.get_error_string) &&
                     file.find("cudnnGetLastErrorString", result.get_last_error_string) &&
                     file.find("cudnnCreate", result.create) &&
                     file.find("cudnnDestroy", result.destroy) &&
                     file.find("cudnnSetStream", result.set_stream) &&
                     file.find("cudnnBackendCreateDescriptor", result.create_descriptor) &&
                     file.find("cudnnBackendDestroyDescriptor", result.destroy_descriptor) &&
                     file.find("cudnnBackendSetAttribute", result.set_attribute) &&
                     file.find("cudnnBackendGetAttribute", result.get_attribute) &&
                     file.find("cudnnBackendFinalize", result.finalize) &&
                     file.find("cudnnBackendExecute", result.execute);
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
