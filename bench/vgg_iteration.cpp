// The operators of one iteration, in order.
#include "bench/vgg_iteration.h"

#include <cmath>
#include <random>

namespace gramgrad::bench {
namespace {

// The same numbers for the same shape.
Tensor random_tensor(const Device& device, const Shape& shape, double deviation) {
  std::mt19937 generator(static_cast<unsigned>(shape.size()));
  std::normal_distribution<float> values(0, static_cast<float>(deviation));
  std::vector<float> numbers(static_cast<std::size_t>(shape.size()));
  for (float& number : numbers) {
    number = values(generator);
  }
  return Tensor::from_host<float>(device, shape, DType::f32, numbers);
}

Tensor floats(const Device& device, const Shape& shape) {
  return {device, shape, DType::f32};
}

}  // namespace

VggIteration::VggIteration(const Device& device, int size, PoolKind pool)
    : picture_(random_tensor(device, {1, size, size, 3}, 1)),
      picture_gradient_(floats(device, {1, size, size, 3})) {
  const auto none = PoolKind::none;
  for (const int channels : {64, 128}) {
    add_layer(device, channels, none, true, false);
    add_layer(device, channels, pool, false, false);
  }
  for (const int channels : {256, 512}) {
    add_layer(device, channels, none, true, false);
    add_layer(device, channels, none, false, channels == 512);
    add_layer(device, channels, none, false, false);
    add_layer(device, channels, pool, false, false);
  }
  add_layer(device, 512, none, true, false);
}

void VggIteration::add_layer(const Device& device, int channels, PoolKind pool, bool style,
                             bool content) {
  const Shape in = input_of(layers_.size()).shape();
  Layer layer;
  layer.params = {.padding = 1, .relu = true, .pool = pool, .frozen_weights = true};
  layer.style = style;
  layer.content = content;
  const Shape w{channels, 3, 3, in[3]};
  layer.w = random_tensor(device, w, std::sqrt(2.0 / static_cast<double>(9 * in[3])));
  layer.bias = random_tensor(device, {channels}, 0.1);
  const Shape full = conv2d_output_shape(layer.params, in, w);
  operations_ += 4.0 * static_cast<double>(full.size() * 9 * in[3]);
  layer.relu_mask = Tensor(device, relu_mask_shape(full), DType::u8);
  if (pool == PoolKind::none) {
    layer.map = floats(device, full);
  } else {
    const Shape half = conv2d_pooled_shape(layer.params, in, w);
    layer.pooled = floats(device, half);
    if (pool == PoolKind::max) {
      layer.pool_mask = Tensor(device, half, DType::u8);
    }
  }
  if (style) {
    layer.target = random_tensor(device, {1, channels, channels}, 1);
    layer.d_gram = floats(device, {1, channels, channels});
  }
  if (content) {
    layer.target = random_tensor(device, full, 1);
  }
  layer.loss = floats(device, {1});
  layers_.push_back(std::move(layer));
}

const Tensor& VggIteration::input_of(std::size_t layer) const {
  if (layer == 0) {
    return picture_;
  }
  const Layer& before = layers_[layer - 1];
  return before.pooled.defined() ? before.pooled : before.map;
}

void VggIteration::run() {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    forward(i);
  }
  for (std::size_t i = layers_.size(); i-- > 0;) {
    backward(i);
  }
}

void VggIteration::forward(std::size_t i) {
  Layer& layer = layers_[i];
  const Tensor& x = input_of(i);
  x.device().ops().conv2d(layer.params, x, layer.w, layer.bias,
                          {.y = &layer.map,
                           .pooled = &layer.pooled,
                           .relu_mask = &layer.relu_mask,
                           .pool_mask = &layer.pool_mask});
}

// Adds the losses' gradients to the gradient of the layer's map, which the next layer has written.
void VggIteration::add_losses(Layer& layer) {
  const bool last = &layer == &layers_.back();
  if (last) {
    layer.d_map = floats(layer.map.device(), layer.map.shape());
  }
  const Ops& ops = picture_.device().ops();
  if (layer.style) {
    const double scale = 1.0 / static_cast<double>(layer.map.size());
    ops.gram_style_loss({.gram_scale = scale}, layer.map, layer.target, layer.loss, &layer.d_gram);
    ops.gram_backward(scale, layer.map, layer.d_gram, layer.d_map,
                      last ? WriteMode::assign : WriteMode::accumulate);
  }
  if (layer.content) {
    Tensor gradient(layer.map.device(), layer.map.shape(), DType::f32);
    ops.content_loss(1.0 / static_cast<double>(layer.map.size()), layer.map, layer.target,
                     layer.loss, &gradient);
    ops.axpby(1, gradient, 1, layer.d_map);
  }
}

void VggIteration::backward(std::size_t i) {
  Layer& layer = layers_[i];
  add_losses(layer);
  const bool pooled = layer.pooled.defined();
  if (i > 0) {
    layers_[i - 1].d_map = floats(picture_.device(), input_of(i).shape());
  }
  Tensor& dx = i == 0 ? picture_gradient_ : layers_[i - 1].d_map;
  picture_.device().ops().conv2d_backward_input(layer.params,
                                                {.dy = pooled ? nullptr : &layer.d_map,
                                                 .dpooled = pooled ? &layer.d_map : nullptr,
                                                 .relu_mask = &layer.relu_mask,
                                                 .pool_mask = &layer.pool_mask},
                                                layer.w, dx, WriteMode::assign);
  layer.d_map = Tensor();
}

}  // namespace gramgrad::bench
