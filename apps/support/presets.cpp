// The presets. Those of other programs have their formulas and weights; the features are those of
// the network in use, fed with 0 to 255 as theirs are. Their pictures are 0 to 255 themselves and
// ours 0 to 1, so weights of the total variation carry a factor of 255 (absolute differences) or
// 255^2 (squared ones), and an Adam learning rate of theirs is to be divided by 255.
#include "apps/support/presets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernels/check.h"
#include "nn/suggest.h"

namespace gramgrad::apps {
namespace {

using nn::LossSpec;

// What jcjohnson/neural-style and its successors share: sums over five layers, plain terms.
void five_layers(StylizeArguments& arguments, double layer_weight) {
  nn::ObjectiveOptions& objective = arguments.stylizer.objective;
  objective.content_layers = {{"relu4_2", 1.0}};
  objective.style_layers.clear();
  for (const char* tap : {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"}) {
    objective.style_layers.push_back({tap, layer_weight});
  }
  objective.tv_weight = 0;
  objective.range_weight = 0;
  arguments.stylizer.optimizer.history = 100;
  arguments.scales = 1;
}

void painterly(StylizeArguments& arguments) {
  arguments.stylizer.objective.content_weight = 20;
}

void photo(StylizeArguments& arguments) {
  arguments.stylizer.objective.content_weight = 100;
}

// Gatys, Ecker, Bethge 2016: equations 1, 4, 5 and 7, average pooling. The paper gives the ratio
// alpha/beta = 1e-3 only; they are small so that products of gradients stay within f32.
void gatys(StylizeArguments& arguments) {
  five_layers(arguments, 0.2);
  nn::ObjectiveOptions& objective = arguments.stylizer.objective;
  objective.content_loss = LossSpec{"content", {{"normalization", "gatys"}}};
  objective.style_loss = LossSpec{"gram", {{"normalization", "gatys"}}};
  objective.content_weight = 1e-9;
  objective.style_weight = 1e-6;
  arguments.stylizer.init = nn::InitKind::noise;
  arguments.iterations = {500};
}

// leongatys/PytorchNeuralStyleTransfer: 1e3 / C^2 a layer times the mean squared difference.
void gatys_pytorch(StylizeArguments& arguments) {
  five_layers(arguments, 1.0);
  nn::ObjectiveOptions& objective = arguments.stylizer.objective;
  constexpr std::array<double, 5> channels{64, 128, 256, 512, 512};
  for (std::size_t i = 0; i < channels.size(); ++i) {
    objective.style_layers[i].weight = 1 / (channels[i] * channels[i]);
  }
  objective.content_loss = LossSpec{"content", {{"normalization", "mean"}}};
  objective.style_loss = LossSpec{"gram", {{"normalization", "hw"}}};
  objective.content_weight = 1;
  objective.style_weight = 1000;
  arguments.pooling = PoolKind::max;
  arguments.iterations = {500};
}

void neural_style_pt(StylizeArguments& arguments) {
  five_layers(arguments, 1.0);
  nn::ObjectiveOptions& objective = arguments.stylizer.objective;
  objective.content_loss = LossSpec{"content", {{"normalization", "mean"}}};
  objective.style_loss = LossSpec{"gram", {{"normalization", "chw"}}};
  objective.content_weight = 5;
  objective.style_weight = 100;
  objective.tv.form = TvForm::absolute;
  objective.tv_weight = 1e-3 * 255;
  arguments.pooling = PoolKind::max;
  arguments.stylizer.init = nn::InitKind::noise;
  arguments.iterations = {1000};
}

void neural_style(StylizeArguments& arguments) {
  neural_style_pt(arguments);
  arguments.stylizer.objective.tv.form = TvForm::squared_cropped;
  arguments.stylizer.objective.tv_weight = 1e-3 * 255 * 255;
}

}  // namespace

std::span<const Preset> presets() {
  static constexpr std::array entries{
      Preset{"balanced", "relative losses that need no tuning; half photo, half painting",
             [](StylizeArguments&) {}},
      Preset{"painterly", "as balanced, with more of the painting (content weight 20)", painterly},
      Preset{"photo", "as balanced, with more of the photo (content weight 100)", photo},
      Preset{
          "gatys",
          "the formulas of Gatys et al. 2016; their weights are meant for a normalised VGG, others "
          "want more --content-weight",
          gatys},
      Preset{"gatys-pytorch", "leongatys/PytorchNeuralStyleTransfer", gatys_pytorch},
      Preset{"neural-style", "jcjohnson/neural-style with L-BFGS", neural_style},
      Preset{"neural-style-pt", "ProGamerGov/neural-style-pt with L-BFGS", neural_style_pt},
  };
  return entries;
}

void apply_preset(StylizeArguments& arguments, std::string_view name) {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) {
    if (preset.name == name) {
      const StylizeArguments defaults;
      arguments.preset = name;
      arguments.stylizer = defaults.stylizer;
      arguments.clamp = defaults.clamp;
      arguments.scales = defaults.scales;
      arguments.iterations = defaults.iterations;
      arguments.init_picture = defaults.init_picture;
      arguments.pooling = defaults.pooling;
      preset.change(arguments);
      return;
    }
    names.emplace_back(preset.name);
  }
  fail("there is no '{}'; did you mean '{}'? (one of {})", name, nn::nearest(name, names),
       fmt::join(names, ", "));
}

}  // namespace gramgrad::apps
