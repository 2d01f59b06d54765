// The options of `gramgrad stylize`, in the order of the help.
#include <iterator>

#include "apps/support/image.h"
#include "apps/support/option_builders.h"
#include "apps/support/option_names.h"
#include "apps/support/option_parsers.h"
#include "apps/support/presets.h"

namespace gramgrad::apps {
namespace {

std::string preset_names() {
  std::string names;
  for (const Preset& preset : presets()) {
    names += fmt::format("{}{}", names.empty() ? "" : "|", preset.name);
  }
  return names;
}

std::string preset_help() {
  std::string help = "Method to start from; other options change it. ";
  for (const Preset& preset : presets()) {
    help += fmt::format("{}: {}. ", preset.name, preset.summary);
  }
  help.pop_back();
  return help;
}

std::string loss_help(std::string_view purpose) {
  std::string help = fmt::format("{}: NAME or NAME:key=value,... Losses: ", purpose);
  for (const nn::LossEntry& entry : nn::loss_registry()) {
    help += fmt::format("{} ({}), ", entry.name, entry.summary);
  }
  help.resize(help.size() - 2);
  return help + ".";
}

// ---------------------------------------------------------------- the table, by group

std::vector<Option> schedule_options() {
  const std::string group = "Size and schedule";
  return {
      option(
          {"preset", preset_names(), preset_help(), group},
          [](StylizeArguments& a, std::string_view text) { apply_preset(a, text); },
          [](const StylizeArguments& a) { return a.preset; }),
      optional_integer_option(
          {"size", "N|auto",
           fmt::format("Longer side of the result in pixels; may enlarge. auto: that of the "
                       "content picture, at most {}.",
                       default_size),
           group},
          1, max_image_side, "auto", [](auto& a) -> auto& { return a.size; }),
      optional_integer_option(
          {"scales", "N|auto",
           "Number of sizes, each half of the next, that the picture grows "
           "through; 1: full size only.",
           group},
          1, 16, "auto", [](auto& a) -> auto& { return a.scales; }),
      option({"iterations", "LIST|auto",
              "Iterations: one number for every scale, or one for each, coarse to fine.", group},
             parse_iterations, format_iterations),
      option({"init", "content|style|noise|FILE", "Picture to start from.", group}, parse_init,
             format_init),
      option(
          {"seed", "N", "Seed of --init noise.", group},
          [](StylizeArguments& a, std::string_view t) { a.stylizer.seed = parse_seed(t); },
          [](const StylizeArguments& a) { return std::to_string(a.stylizer.seed); }),
  };
}

std::vector<Option> objective_options() {
  const std::string group = "Content, style and smoothness";
  return {
      number_option(
          {"content-weight", "X", "Weight of the content loss; more: more photo.", group}, 0,
          largest_weight, [](auto& a) -> auto& { return a.stylizer.objective.content_weight; }),
      number_option(
          {"style-weight", "X", "Weight of the style loss; more: more painting.", group}, 0,
          largest_weight, [](auto& a) -> auto& { return a.stylizer.objective.style_weight; }),
      number_option(
          {"tv-weight", "X", "Weight of the total variation; more: smoother.", group}, 0,
          largest_weight, [](auto& a) -> auto& { return a.stylizer.objective.tv_weight; }),
      choice_option(
          {"tv-form", "", "Formula of the total variation.", group}, tv_form_names,
          [](auto& a) -> auto& { return a.stylizer.objective.tv.form; }),
      number_option(
          {"tv-beta", "X", "Exponent of --tv-form power.", group}, 0.1, 10,
          [](auto& a) -> auto& { return a.stylizer.objective.tv.beta; }),
      number_option(
          {"range-weight", "X", "Weight of the penalty on values outside black to white.", group},
          0, largest_weight, [](auto& a) -> auto& { return a.stylizer.objective.range_weight; }),
      layers_option(
          {"content-layers", "NAME[=X],...",
           "Layers of the content loss, such as relu4_2, conv3_1 or pool4. Without "
           "weights each counts 1.",
           group},
          [](int) { return 1.0; },
          [](auto& a) -> auto& { return a.stylizer.objective.content_layers; }),
      layers_option(
          {"style-layers", "NAME[=X],...",
           "Layers of the style loss. Without weights they share 1.", group},
          [](int count) { return 1.0 / count; },
          [](auto& a) -> auto& { return a.stylizer.objective.style_layers; }),
      loss_option(
          {"content-loss", "SPEC", loss_help("Loss of the content layers"), group},
          [](auto& a) -> auto& { return a.stylizer.objective.content_loss; }),
      loss_option(
          {"style-loss", "SPEC", "Loss of the style layers, as --content-loss.", group},
          [](auto& a) -> auto& { return a.stylizer.objective.style_loss; }),
      option({"style-blend-weights", "LIST|equal", "Shares of several style pictures.", group},
             parse_blend, format_blend),
      number_option(
          {"style-scale", "X",
           "Size of the style picture against the result; more: larger strokes.", group},
          0.05, 20, [](auto& a) -> auto& { return a.stylizer.style_scale; }),
      choice_option(
          {"preserve-color", "",
           "luminance: brightness (BT.601 luma) from the result, colours (chroma) from "
           "the content picture. match: the style picture gets the content's colours "
           "before (mean and covariance, Gatys et al. 2017).",
           group},
          preserve_color_names, [](auto& a) -> auto& { return a.preserve_color; }),
  };
}

std::vector<Option> network_options() {
  const std::string group = "Network and optimiser";
  return {
      text_option(
          {"weights", "vgg16|FILE",
           "Network: the embedded VGG16 (to conv5_1), or a .ggw weights file.", group},
          [](auto& a) -> auto& { return a.weights; }),
      choice_option(
          {"pooling", "", "Pooling of the network; avg gives smoother pictures.", group},
          pooling_names, [](auto& a) -> auto& { return a.pooling; }),
      choice_option(
          {"optimizer", "", "How the picture is improved.", group}, optimizer_names,
          [](auto& a) -> auto& { return a.stylizer.optimizer.kind; }),
      option({"learning-rate", "X|auto", "Step length; auto: lbfgs 1, adam 0.02, sgd 0.01.", group},
             parse_learning_rate, format_learning_rate),
      integer_option(
          {"history", "N", "Steps that L-BFGS remembers; each takes two pictures.", group}, 1, 1000,
          [](auto& a) -> auto& { return a.stylizer.optimizer.history; }),
      number_option(
          {"step-limit", "X",
           "The most that L-BFGS changes a value in an iteration, black to white being 1.", group},
          1e-6, 1e6, [](auto& a) -> auto& { return a.stylizer.optimizer.step_limit; }),
      number_option(
          {"momentum", "X", "Momentum of SGD.", group}, 0, 0.9999,
          [](auto& a) -> auto& { return a.stylizer.optimizer.momentum; }),
      number_option(
          {"average", "X",
           "Decay of a running mean of the last scale's pictures, which becomes the "
           "result; helps Adam (0.99). 0: the last picture.",
           group},
          0, 0.9999, [](auto& a) -> auto& { return a.stylizer.average_decay; }),
      choice_option(
          {"clamp", "", "Cut values to black and white each iteration; auto: with adam.", group},
          clamp_names, [](auto& a) -> auto& { return a.clamp; }),
  };
}

std::vector<Option> machine_options() {
  const std::string group = "Machine and output";
  return {
      text_option(
          {"device", "auto|cpu|cuda[:N]|reference", "Where to compute; see `gramgrad devices`.",
           group},
          [](auto& a) -> auto& { return a.device; }),
      choice_option(
          {"precision", "",
           "Arithmetic; auto: tf32 on a GPU, f32 elsewhere; mixed: f32, or on a GPU tf32, with "
           "gradients of numbers in bf16. Which of them a device has, it says.",
           group},
          precision_names, [](auto& a) -> auto& { return a.precision; }),
      choice_option(
          {"autotune", "",
           "On a GPU, but with f32: time cuDNN's plans for each convolution, and remember the "
           "fastest.",
           group},
          autotune_names, [](auto& a) -> auto& { return a.autotune; }),
      integer_option(
          {"threads", "N", "Threads of the processor; 0: all. The result is the same.", group,
           false},
          0, 1024, [](auto& a) -> auto& { return a.threads; }),
      choice_option(
          {"bits", "", "Bits a channel of a PNG output.", group}, bits_names,
          [](auto& a) -> auto& { return a.bits; }),
      integer_option(
          {"save-every", "N",
           "Write the picture so far to the output every N iterations; 0: never.", group, false},
          0, most_iterations, [](auto& a) -> auto& { return a.save_every; }),
  };
}

}  // namespace

const std::vector<Option>& stylize_options() {
  static const std::vector<Option> all = [] {
    std::vector<Option> options;
    for (auto* group : {schedule_options, objective_options, network_options, machine_options}) {
      std::vector<Option> some = group();
      std::move(some.begin(), some.end(), std::back_inserter(options));
    }
    return options;
  }();
  return all;
}

}  // namespace gramgrad::apps
