// One iteration of neural style transfer as a sequence of operators, without autograd: VGG19 to
// conv5_1 with random weights, style losses on conv1_1 ... conv5_1, content loss on conv4_2, and
// the gradient with respect to the picture. It is what operators are measured together with.
#pragma once

#include <vector>

#include "kernels/ops.h"

namespace gramgrad::bench {

class VggIteration {
 public:
  VggIteration(const Device& device, int size, PoolKind pool);

  void run();
  // Floating-point operations of the convolutions.
  double operations() const { return operations_; }
  const Tensor& picture_gradient() const { return picture_gradient_; }

 private:
  struct Layer {
    Conv2dParams params;
    bool style = false, content = false;
    Tensor w, bias;
    // Undefined: not wanted. `map` is what the next layer or a loss sees.
    Tensor map, pooled, relu_mask, pool_mask;
    Tensor target, loss, d_gram;
    Tensor d_map;  // lives from one backward step to the next
  };

  void add_layer(const Device& device, int channels, PoolKind pool, bool style, bool content);
  const Tensor& input_of(std::size_t layer) const;
  void forward(std::size_t layer);
  void add_losses(Layer& layer);
  void backward(std::size_t layer);

  Tensor picture_, picture_gradient_;
  std::vector<Layer> layers_;
  double operations_ = 0;
};

}  // namespace gramgrad::bench
