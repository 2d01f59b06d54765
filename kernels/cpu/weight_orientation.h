// Weights of a convolution as the convolution sees them, or as its gradient does.
#pragma once

namespace gramgrad::cpu {

// `transposed` swaps input and output channels and turns the kernel by 180 degrees: the gradient of
// a convolution with stride 1 with respect to its input is a convolution with such weights.
enum class WeightOrientation { plain, transposed };

}  // namespace gramgrad::cpu
