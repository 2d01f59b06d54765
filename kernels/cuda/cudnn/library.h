// cuDNN 9, found when it is first needed: a program that was built with CUDA runs where cuDNN is
// not installed, and says so. Only the graph API's functions, which libcudnn_graph holds.
#pragma once

#include <cudnn_graph.h>

#include <string>

namespace gramgrad::cuda::cudnn {

struct Library {
  decltype(&cudnnGetVersion) get_version = nullptr;
  decltype(&cudnnGetErrorString) get_error_string = nullptr;
  decltype(&cudnnGetLastErrorString) get_last_error_string = nullptr;
  decltype(&cudnnCreate) create = nullptr;
  decltype(&cudnnDestroy) destroy = nullptr;
  decltype(&cudnnSetStream) set_stream = nullptr;
  decltype(&cudnnBackendCreateDescriptor) create_descriptor = nullptr;
  decltype(&cudnnBackendDestroyDescriptor) destroy_descriptor = nullptr;
  decltype(&cudnnBackendSetAttribute) set_attribute = nullptr;
  decltype(&cudnnBackendGetAttribute) get_attribute = nullptr;
  decltype(&cudnnBackendFinalize) finalize = nullptr;
  decltype(&cudnnBackendExecute) execute = nullptr;

  std::string obstacle;  // why it cannot be used; empty where it can
};

// Looked for once.
const Library& library();

// The functions; throws Error with the obstacle where there is none.
const Library& required_library();

// Throws Error unless `status` is success: what was done, cuDNN's name for the error, its last
// words.
void expect_success(cudnnStatus_t status, const char* what);

}  // namespace gramgrad::cuda::cudnn
