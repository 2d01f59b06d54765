// What each node of an ONNX graph does to the value that passes through it (operators: onnx.ai).
#pragma once

#include <vector>

#include "weights_converter/graphs/onnx_model.h"
#include "weights_converter/graphs/vgg_walk.h"

namespace gramgrad::converter {

// One step for each node that may stand in the path of a picture.
std::vector<Step> onnx_steps(const OnnxModel& model);

}  // namespace gramgrad::converter
