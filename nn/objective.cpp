// The objective: targets once, then the weighted sum of its terms.
#include "nn/objective.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autograd/functions.h"
#include "kernels/check.h"
#include "kernels/profile_range.h"

namespace gramgrad::nn {
namespace {

void check_weight(double weight, std::string_view what) {
  check(std::isfinite(weight) && weight >= 0, "{} must be a number >= 0, not {}", what, weight);
}

std::vector<std::string> taps_of(std::span<const WeightedLayer> layers) {
  std::vector<std::string> taps;
  std::transform(layers.begin(), layers.end(), std::back_inserter(taps),
                 [](const WeightedLayer& layer) { return layer.tap; });
  return taps;
}

std::vector<double> normalized(std::vector<double> weights, std::size_t pictures) {
  if (weights.empty()) {
    weights.assign(pictures, 1.0);
  }
  check(weights.size() == pictures, "{} style blend weights for {} style pictures; give one each",
        weights.size(), pictures);
  for (const double weight : weights) {
    check_weight(weight, "a style blend weight");
  }
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  check(total > 0, "the style blend weights sum to 0; at least one must be positive");
  std::transform(weights.begin(), weights.end(), weights.begin(),
                 [&](double weight) { return weight / total; });
  return weights;
}

// The features as the loss takes them.
autograd::Variable fed_to(const FeatureLoss& loss, const autograd::Variable& features) {
  return loss.takes_bf16 ? features : convert(features, sum_type(features.value().dtype()));
}

// blend += weight * addition, tensor by tensor
void blend_into(Target& blend, double weight, const Target& addition) {
  const bool first = blend.empty();
  for (std::size_t i = 0; i < addition.size(); ++i) {
    const Tensor& part = addition[i];
    if (first) {
      blend.emplace_back(part.device(), part.shape(), part.dtype());
    }
    check(blend[i].shape() == part.shape(),
          "this style loss keeps targets of the pictures' size: it cannot blend style pictures of "
          "different sizes");
    part.device().ops().axpby(weight, part, first ? 0.0 : 1.0, blend[i]);
  }
}

LayerLoss layer_loss(const FeatureLoss& loss, const Target& target) {
  return [loss, against = loss.against(target)](const autograd::Variable& features) {
    return against(fed_to(loss, features));
  };
}

}  // namespace

std::vector<std::string> required_taps(const ObjectiveOptions& options,
                                       const Architecture& architecture) {
  std::vector<std::string> wanted;
  const auto add = [&](double term_weight, std::span<const WeightedLayer> layers) {
    for (const WeightedLayer& layer : layers) {
      if (term_weight > 0 && layer.weight > 0) {
        wanted.push_back(layer.tap);
      }
    }
  };
  add(options.content_weight, options.content_layers);
  add(options.style_weight, options.style_layers);
  std::vector<std::string> ordered;
  for (const Tap& tap : all_taps(architecture)) {
    if (std::find(wanted.begin(), wanted.end(), tap.name) != wanted.end()) {
      ordered.push_back(tap.name);
    }
  }
  return ordered;
}

void check_options(const ObjectiveOptions& options, const Architecture& architecture) {
  check_weight(options.content_weight, "the content weight");
  check_weight(options.style_weight, "the style weight");
  check_weight(options.tv_weight, "the total variation weight");
  check_weight(options.range_weight, "the range weight");
  check(options.content_weight > 0 || options.style_weight > 0,
        "the content and the style weight are both 0: there is nothing to do");
  const auto check_layers = [&](std::span<const WeightedLayer> layers) {
    for (const WeightedLayer& layer : layers) {
      find_tap(architecture, layer.tap);
      check_weight(layer.weight, fmt::format("the weight of layer {}", layer.tap));
    }
  };
  check_layers(options.content_layers);
  check_layers(options.style_layers);
  check(options.content_weight == 0 || !options.content_layers.empty(), "no content layers given");
  check(options.style_weight == 0 || !options.style_layers.empty(), "no style layers given");
  make_loss(options.content_loss);
  make_loss(options.style_loss);
}

Objective::Objective(const Vgg& vgg, const ObjectiveOptions& options, const Tensor& content,
                     std::span<const Tensor> styles)
    : vgg_(vgg), options_(options), taps_(required_taps(options, vgg.architecture())) {
  check_options(options, vgg.architecture());
  check(!styles.empty(), "at least one style picture is needed");
  if (options.content_weight > 0) {
    add_content_targets(content);
  }
  if (options.style_weight > 0) {
    add_style_targets(styles);
  }
}

void Objective::add_content_targets(const Tensor& content) {
  const FeatureLoss loss = make_loss(options_.content_loss);
  const Features features = vgg_(autograd::Variable(content), taps_of(options_.content_layers));
  for (const WeightedLayer& layer : options_.content_layers) {
    const Target target = loss.target(fed_to(loss, features.at(layer.tap)).value());
    content_.push_back({layer.tap, layer.weight, layer_loss(loss, target)});
  }
}

void Objective::add_style_targets(std::span<const Tensor> styles) {
  const FeatureLoss loss = make_loss(options_.style_loss);
  const std::vector<double> blend = normalized(options_.style_blend_weights, styles.size());
  std::vector<Target> targets(options_.style_layers.size());
  for (std::size_t picture = 0; picture < styles.size(); ++picture) {
    const Features features =
        vgg_(autograd::Variable(styles[picture]), taps_of(options_.style_layers));
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const autograd::Variable& map = features.at(options_.style_layers[i].tap);
      blend_into(targets[i], blend[picture], loss.target(fed_to(loss, map).value()));
    }
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const WeightedLayer& layer = options_.style_layers[i];
    style_.push_back({layer.tap, layer.weight, layer_loss(loss, targets[i])});
  }
}

autograd::Variable Objective::weighted(const std::vector<LayerTerm>& layers,
                                       const Features& features, double weight) const {
  std::vector<autograd::Variable> values;
  std::vector<double> weights;
  for (const LayerTerm& layer : layers) {
    if (layer.weight > 0) {
      const ProfileRange range(layer.tap.c_str());
      values.push_back(layer.loss(features.at(layer.tap)));
      weights.push_back(weight * layer.weight);
    }
  }
  check(!values.empty(), "all layers of a term have weight 0");
  return autograd::weighted_sum(values, weights);
}

Objective::Value Objective::operator()(const autograd::Variable& picture) const {
  Value value;
  const Features features = taps_.empty() ? Features{} : vgg_(picture, taps_);
  const ProfileRange range("losses");
  if (options_.content_weight > 0) {
    value.terms.emplace_back("content", weighted(content_, features, options_.content_weight));
  }
  if (options_.style_weight > 0) {
    value.terms.emplace_back("style", weighted(style_, features, options_.style_weight));
  }
  if (options_.tv_weight > 0) {
    TvLossParams tv = options_.tv;
    tv.weight = options_.tv_weight;
    value.terms.emplace_back("tv", autograd::tv_loss(tv, picture));
  }
  if (options_.range_weight > 0) {
    value.terms.emplace_back("range",
                             autograd::range_loss({.weight = options_.range_weight}, picture));
  }
  std::vector<autograd::Variable> terms;
  for (const auto& [name, term] : value.terms) {
    terms.push_back(term);
  }
  value.total = autograd::weighted_sum(terms, std::vector<double>(terms.size(), 1.0));
  return value;
}

}  // namespace gramgrad::nn
