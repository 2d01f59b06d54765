// The convolutions of kernels/ops.h as operation graphs of cuDNN, over NHWC maps and [O, Kh, Kw, I]
// weights:
//   forward          y  = relu(conv(x, w) + bias)   bias and ReLU where they are wanted
//   backward_input   dx (+)= dgrad(dy, w)
//   backward_weight  dw (+)= wgrad(x, dy)
// Element type f32 or bf16, of the bias too; sums and the epilogue in f32. cuDNN has engines for
// each in this layout (tests/cudnn asks it, for every layer of VGG and five generations of GPUs;
// bf16 begins with compute capability 8.0). It has none for dgrad followed by an addition, so
// gradients accumulate by the factor beta of the convolution itself; and none for bf16 with a bias
// in f32.
#pragma once

#include <compare>
#include <vector>

#include "kernels/cuda/cudnn/descriptor.h"
#include "kernels/dtype.h"

namespace gramgrad::cuda::cudnn {

enum class ConvolutionPass { forward, backward_input, backward_weight };

// All that determines a graph: a plain key for caches.
struct ConvolutionKey {
  ConvolutionPass pass = ConvolutionPass::forward;
  DType dtype = DType::f32;
  std::int64_t batch = 1, height = 0, width = 0;  // of x
  std::int64_t in_channels = 0, out_channels = 0;
  std::int64_t kernel_height = 0, kernel_width = 0;
  std::int64_t stride = 1, padding = 0;
  bool bias = false, relu = false;  // forward
  bool accumulate = false;          // backward: add to what is there

  auto operator<=>(const ConvolutionKey&) const = default;

  std::int64_t out_height() const { return (height + 2 * padding - kernel_height) / stride + 1; }
  std::int64_t out_width() const { return (width + 2 * padding - kernel_width) / stride + 1; }
};

// The tensors of a graph by their numbers, which an execution binds to memory; in a backward pass
// x, w and y are dx or x, dw or w, and dy.
enum TensorId : std::int64_t { id_x = 1, id_w, id_y, id_bias };

// A finalised graph, with the descriptors that it consists of.
class ConvolutionGraph {
 public:
  // `handle` may be null: a graph that is asked about and never run. Throws Error if cuDNN refuses.
  ConvolutionGraph(const ConvolutionKey& key, cudnnHandle_t handle);

  const Descriptor& get() const { return graph_; }

 private:
  std::vector<Descriptor> parts_;
  std::vector<Descriptor> operations_;
  Descriptor graph_;
};

}  // namespace gramgrad::cuda::cudnn
