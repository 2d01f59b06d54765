// The function of a picture that neural style transfer minimises.
//
// Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016:
//
//   L(x) = content_weight * sum_l w_l E_content(F_l(x), F_l(content))
//        + style_weight * sum_l w_l E_style(F_l(x), F_l(style))
//        + tv_weight * TV(x) + range_weight * mean (x - clamp(x, 0, 1))^2
//
// with F_l the features of a frozen VGG. Pictures are tensors [1, H, W, 3], sRGB-encoded RGB in
// [0, 1], of the network's device and Vgg::picture_dtype().
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/variable.h"
#include "kernels/ops.h"
#include "nn/losses/feature_loss.h"
#include "nn/vgg.h"

namespace gramgrad::nn {

struct WeightedLayer {
  std::string tap;
  double weight;
};

struct ObjectiveOptions {
  std::vector<WeightedLayer> content_layers{{"relu4_2", 1.0}};
  std::vector<WeightedLayer> style_layers{
      {"relu1_1", 0.25}, {"relu2_1", 0.25}, {"relu3_1", 0.25}, {"relu4_1", 0.25}};
  LossSpec content_loss{"content", {{"normalization", "relative"}}};
  LossSpec style_loss{"gram", {{"normalization", "hw"}, {"relative", "true"}}};
  // A term whose weight is 0 is not computed.
  double content_weight = 50;
  double style_weight = 1000;
  double tv_weight = 20;
  double range_weight = 1000;
  TvLossParams tv;  // form and beta; tv.weight is not used
  // One a style picture; empty: equal. Scaled to sum 1.
  std::vector<double> style_blend_weights;
};

class Objective {
 public:
  // Computes the targets: features of `content`, which fixes the size, and statistics of `styles`,
  // of any size, at least one. `vgg` must outlive the objective. Throws Error for options that do
  // not fit each other or the network.
  Objective(const Vgg& vgg, const ObjectiveOptions& options, const Tensor& content,
            std::span<const Tensor> styles);

  struct Value {
    autograd::Variable total;  // [1]
    // content, style, tv, range: those with a weight, which is applied
    std::vector<std::pair<std::string, autograd::Variable>> terms;
  };
  // `picture` has the size of `content`.
  Value operator()(const autograd::Variable& picture) const;

 private:
  struct LayerTerm {
    std::string tap;
    double weight;
    LayerLoss loss;
  };

  void add_content_targets(const Tensor& content);
  void add_style_targets(std::span<const Tensor> styles);
  autograd::Variable weighted(const std::vector<LayerTerm>& layers, const Features& features,
                              double weight) const;

  const Vgg& vgg_;
  ObjectiveOptions options_;
  std::vector<std::string> taps_;  // of the layers that have a weight
  std::vector<LayerTerm> content_;
  std::vector<LayerTerm> style_;
};

// The taps that the terms of these options look at, in the order of the network, each once.
std::vector<std::string> required_taps(const ObjectiveOptions& options,
                                       const Architecture& architecture);

// Throws Error for weights that are negative or not numbers, no layers, unknown taps or losses.
void check_options(const ObjectiveOptions& options, const Architecture& architecture);

}  // namespace gramgrad::nn
