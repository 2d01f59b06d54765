// Each step that can continue a path makes a new state, which knows the state it came from; the
// best state in the end gives the path, read backwards.
#include "weights_converter/graphs/vgg_walk.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "kernels/check.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

// Where in a VGG a path has come to.
enum class Stage {
  input,
  conv,    // behind a convolution that waits for its ReLU
  trunk,   // behind a ReLU or a pooling: the next convolution may come
  tail,    // behind a pooling that is none of a VGG's five: no further convolution
  flat,    // behind the flattening
  linear,  // behind a linear layer that waits for its ReLU
  dense,   // behind that
  end,     // behind the softmax
};

struct State {
  std::size_t parent = none;
  std::size_t step = none;  // that led here
  Stage stage = Stage::input;
  bool has_bias = false, has_batch_norm = false;  // the layer that waits for its ReLU
  std::int64_t channels = 0;                      // of that layer
  bool channels_last = false;
  bool fed_channels_last = false;
  bool prepared = false;  // arithmetic on the input
  FlattenOrder flatten = FlattenOrder::chw;
  int convs = 0, linears = 0, length = 0;
  std::string stopped;  // why the path goes no further
};

std::string refuse(const Step& step, std::string_view why) {
  return fmt::format("{}: {}", step.name, why);
}

// Empty if the window is that of a VGG's convolution.
std::string check_window(const Step& step) {
  const Window& w = step.window;
  const bool padded = w.pads.size() == 4 && std::all_of(w.pads.begin(), w.pads.end(),
                                                        [](std::int64_t pad) { return pad == 1; });
  if (w.rows != 3 || w.columns != 3) {
    return refuse(step, fmt::format("is a {}×{} convolution; a VGG's are 3×3", w.rows, w.columns));
  }
  if (w.row_stride != 1 || w.column_stride != 1) {
    return refuse(step, "does not step by one pixel, as a VGG's convolutions do");
  }
  if (w.dilation != 1 || w.groups != 1) {
    return refuse(step, "is a dilated or grouped convolution; a VGG's are plain");
  }
  return padded ? "" : refuse(step, "does not pad by one pixel, as a VGG's convolutions do");
}

bool is_vgg_pool(const Window& w) {
  return w.rows == 2 && w.columns == 2 && w.row_stride == 2 && w.column_stride == 2 &&
         std::all_of(w.pads.begin(), w.pads.end(), [](std::int64_t pad) { return pad == 0; });
}

std::string after_conv(State& state, const Step& step) {
  if (state.stage != Stage::input && state.stage != Stage::trunk) {
    return refuse(step, state.stage == Stage::conv
                            ? "a convolution follows another without a ReLU between"
                            : "a convolution follows the end of the VGG");
  }
  if (state.channels_last) {
    return refuse(step, "convolves a transposed feature map");
  }
  state.stage = Stage::conv;
  state.has_bias = step.layer.bias.has_value();
  state.has_batch_norm = false;
  state.channels = step.channels;
  ++state.convs;
  return check_window(step);
}

std::string after_linear(State& state, const Step& step) {
  if (state.stage != Stage::tail && state.stage != Stage::flat && state.stage != Stage::dense) {
    return refuse(step, "a linear layer follows no flattening and no ReLU");
  }
  if (state.stage == Stage::tail) {  // flattened by the pooling over the whole map
    state.flatten = state.channels_last ? FlattenOrder::hwc : FlattenOrder::chw;
  }
  state.stage = Stage::linear;
  state.has_bias = step.layer.bias.has_value();
  state.has_batch_norm = false;
  state.channels = step.channels;
  ++state.linears;
  return "";
}

std::string after_arithmetic(State& state, const Step& step) {
  const bool open = state.stage == Stage::conv || state.stage == Stage::linear;
  if (state.stage == Stage::input) {
    state.prepared = true;
    return "";
  }
  if (step.op != Op::bias || !open || state.has_bias || state.has_batch_norm ||
      step.channels != state.channels) {
    return refuse(step, "does arithmetic that a VGG does not do there");
  }
  state.has_bias = true;
  return "";
}

std::string after_batch_norm(State& state, const Step& step) {
  if (state.stage != Stage::conv || state.has_batch_norm || step.channels != state.channels) {
    return refuse(step, "does not fit between a convolution and its ReLU");
  }
  state.has_batch_norm = true;
  return "";
}

std::string after_relu(State& state, const Step& step) {
  if (state.stage == Stage::conv) {
    state.stage = Stage::trunk;
  } else if (state.stage == Stage::linear) {
    state.stage = Stage::dense;
  } else if (state.stage != Stage::trunk && state.stage != Stage::dense) {  // twice is as once
    return refuse(step, "does not follow a convolution or a linear layer");
  }
  return "";
}

std::string after_pool(State& state, const Step& step) {
  if (state.stage != Stage::trunk && state.stage != Stage::tail) {
    return refuse(step, "does not follow a ReLU");
  }
  if (!is_vgg_pool(step.window)) {
    state.stage = Stage::tail;
  }
  return "";
}

std::string after_transpose(State& state, const Step& step) {
  const bool to_last = step.op == Op::to_channels_last;
  if (state.stage == Stage::input && !to_last) {
    state.fed_channels_last = true;
  } else if (state.channels_last == to_last) {
    return refuse(step, "transposes the feature map into an order that is not known");
  }
  state.channels_last = to_last;
  return "";
}

std::string after_flatten(State& state, const Step& step) {
  if (state.stage == Stage::trunk || state.stage == Stage::tail) {
    state.flatten = state.channels_last ? FlattenOrder::hwc : FlattenOrder::chw;
    state.stage = Stage::flat;
  } else if (state.stage != Stage::flat && state.stage != Stage::dense) {
    return refuse(step, "flattens what follows no ReLU");
  }
  return "";
}

std::string after_softmax(State& state, const Step& step) {
  if (state.stage != Stage::linear && state.stage != Stage::dense) {
    return refuse(step, "does not follow a linear layer");
  }
  state.stage = Stage::end;
  return "";
}

// Moves the state past the step; returns why that cannot be, or nothing.
std::string advance(State& state, const Step& step) {
  switch (step.op) {
    case Op::pass:
      return "";
    case Op::conv:
      return after_conv(state, step);
    case Op::linear:
      return after_linear(state, step);
    case Op::bias:
    case Op::arithmetic:
      return after_arithmetic(state, step);
    case Op::batch_norm:
      return after_batch_norm(state, step);
    case Op::relu:
      return after_relu(state, step);
    case Op::pool:
      return after_pool(state, step);
    case Op::to_channels_first:
    case Op::to_channels_last:
      return after_transpose(state, step);
    case Op::flatten:
      return after_flatten(state, step);
    case Op::softmax:
      return after_softmax(state, step);
    case Op::other:
      break;
  }
  return refuse(step, "is not known in a VGG");
}

bool better(const State& a, const State& b) {
  return std::tuple(a.convs, a.linears, a.length) > std::tuple(b.convs, b.linears, b.length);
}

// The path to the state, as layers.
std::vector<SourceLayer> layers_to(const std::vector<State>& states, std::size_t best,
                                   const std::vector<Step>& steps) {
  std::vector<const Step*> path;
  for (std::size_t i = best; states[i].parent != none; i = states[i].parent) {
    path.push_back(&steps[states[i].step]);
  }
  std::vector<SourceLayer> layers;
  for (auto at = path.rbegin(); at != path.rend(); ++at) {
    const Step& step = **at;
    if (step.op == Op::conv || step.op == Op::linear) {
      layers.push_back(step.layer);
    } else if (step.op == Op::bias && !layers.empty()) {
      layers.back().bias = step.bias;
    } else if (step.op == Op::batch_norm) {
      layers.back().batch_norm = step.batch_norm;
    }
  }
  return layers;
}

std::vector<State> follow(const std::vector<Step>& steps, const std::vector<std::string>& starts) {
  std::vector<State> states;
  std::unordered_map<std::string, std::size_t> state_of;  // of each value that a path has reached
  for (const std::string& start : starts) {
    state_of[start] = states.size();
    states.emplace_back();
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto found = state_of.find(steps[i].input);
    if (found == state_of.end()) {
      continue;
    }
    const std::size_t parent = found->second;
    State state = states[parent];
    state.stopped.clear();
    const std::string why = advance(state, steps[i]);
    if (!why.empty()) {
      if (states[parent].stopped.empty()) {
        states[parent].stopped = why;
      }
      // A value that is replaced in place goes on as something else.
      for (const std::string& output : steps[i].outputs) {
        state_of.erase(output);
      }
      continue;
    }
    state.parent = parent;
    state.step = i;
    ++state.length;
    for (const std::string& output : steps[i].outputs) {
      state_of[output] = states.size();
    }
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace

Walk find_vgg(const std::vector<Step>& steps, const std::vector<std::string>& starts) {
  const std::vector<State> states = follow(steps, starts);
  if (states.empty()) {
    return {};
  }
  std::size_t best = 0;
  for (std::size_t i = 1; i < states.size(); ++i) {
    if (better(states[i], states[best])) {
      best = i;
    }
  }
  Walk walk;
  walk.layers = layers_to(states, best, steps);
  walk.flatten = states[best].flatten;
  walk.fed_channels_last = states[best].fed_channels_last;
  if (states[best].prepared) {
    walk.notes.emplace_back(
        "the graph computes with its input before the first convolution, which is left out: make "
        "sure that the feeding is the right one");
  }
  if (!states[best].stopped.empty()) {
    walk.notes.push_back(states[best].stopped + "; it and what follows it are left out");
  }
  return walk;
}

}  // namespace gramgrad::converter
