// The parts of a .caffemodel that matter here, taken off the wire: layers, settings, blobs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "weights_converter/graphs/vgg_walk.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {

struct CaffeLayer {
  std::string name;
  std::string type;  // such as "Convolution", also for old files, which have numbers
  std::vector<std::string> bottoms, tops;  // what it reads and writes
  std::vector<std::size_t> blobs;          // indices into the tensors
  Window window;                           // of Convolution and Pooling
  bool transposed = false;                 // of InnerProduct: weights are [in, out]
  float negative_slope = 0;                // of ReLU
  double epsilon = 1e-5;                   // of BatchNorm
};

struct CaffeModel {
  std::vector<CaffeLayer> layers;  // in the order in which they are computed
  std::vector<SourceTensor> tensors;
};

// Throws Error.
CaffeModel parse_caffe(const InputFilePtr& file);

}  // namespace gramgrad::converter
