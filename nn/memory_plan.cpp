// The prediction: a ledger kept along the same steps as the run's.
#include "nn/memory_plan.h"

#include <set>
#include <utility>

#include "kernels/convolution_memory.h"
#include "nn/architecture.h"
#include "nn/memory_ledger.h"
#include "nn/memory_losses.h"
#include "nn/memory_steps.h"

namespace gramgrad::nn {
namespace {

class Walk {
 public:
  Walk(const WeightsFile& file, const StylizerOptions& options, PoolKind pooling,
       const Device& device, DType dtype, const MemoryInputs& inputs)
      : architecture_(find_architecture(file.architecture())),
        layers_(conv_layers(file)),
        options_(options),
        losses_(memory_losses(options.objective, architecture_)),
        pooling_(pooling),
        device_(device),
        element_(static_cast<std::int64_t>(size_of(dtype))),
        sum_element_(static_cast<std::int64_t>(size_of(sum_type(dtype)))),
        inputs_(inputs),
        picture_(picture_bytes(inputs.picture)) {}

  MemoryPlan run() {
    ledger_.take(Use::pictures, static_cast<std::int64_t>(inputs_.held) + picture_);
    take_weights();
    take_targets();
    take_optimiser();
    iterate();
    return ledger_.plan();
  }

 private:
  std::int64_t picture_bytes(const Scale& size) const {
    return size.height * size.width * 3 * sum_element_;
  }
  // The picture in bf16, as the first convolution reads it.
  std::int64_t converted_bytes(const Scale& size) const {
    return element_ == sum_element_ ? 0 : size.height * size.width * 3 * element_;
  }
  std::int64_t fed_bytes() const {
    const std::int64_t converted = converted_bytes(inputs_.picture);
    return converted > 0 ? converted : picture_;
  }
  // Whatever the style loss: a Gram matrix is larger than channels' statistics.
  std::int64_t gram_bytes(const MemoryStep& step) const {
    return step.channels * step.channels * sum_element_;
  }
  // What the loss keeps from its forward for its backward pass, features apart.
  std::int64_t saved_bytes(const MemoryStep& step, const MemoryLoss& loss) const {
    return loss.style ? gram_bytes(step) : step.bytes_at(loss.tap);
  }

  std::vector<MemoryStep> steps(std::span<const Tap> taps, const Scale& size) const {
    return memory_steps(architecture_, layers_, taps, size, pooling_, element_);
  }

  void take_weights() {
    for (const MemoryStep& step : steps(taps_of(losses_, true, true), inputs_.picture)) {
      ledger_.take(Use::weights, (step.w.size() + step.channels) * element_);
    }
  }

  ConvolutionMemory memory_of(const MemoryStep& step) const {
    return convolution_memory(
        device_, {.padding = 1, .relu = !step.conv_tapped, .frozen_weights = true}, step.x, step.w);
  }

  // A copy of a layer's weights is kept. What suits pictures of another size may be packed in
  // another way: then its size is another, too.
  using KeptWeights = std::set<std::pair<std::int64_t, std::int64_t>>;  // layers, bytes
  void take_packed(KeptWeights& kept, std::int64_t layer, std::int64_t bytes) {
    if (kept.emplace(layer, bytes).second) {
      ledger_.take(Use::packed_weights, bytes);
    }
  }

  // Ends with the tapped maps live, and the masks if there will be a gradient.
  void forward(std::span<const MemoryStep> steps, const Scale& size, bool with_gradient) {
    std::int64_t x = picture_bytes(size);
    ledger_.take(Use::other_features, x);
    if (const std::int64_t converted = converted_bytes(size); converted > 0) {
      ledger_.take(Use::other_features, converted);
      ledger_.give(Use::other_features, x);
      x = converted;
    }
    for (const MemoryStep& step : steps) {
      take_packed(kept_, &step - steps.data(), memory_of(step).packed);
      // What the next convolution reads is a tapped map, or its own.
      const std::int64_t activated = step.conv_tapped ? step.map : 0;
      const std::int64_t y = step.has_map() && !step.tapped ? step.map : activated;
      ledger_.take(Use::tapped_features, step.tapped ? step.map : 0);
      ledger_.take(Use::other_features, y + step.pooled);
      ledger_.take(Use::masks, with_gradient ? step.relu_mask + step.pool_mask : 0);
      ledger_.take_and_give(Use::workspace, memory_of(step).workspace);
      ledger_.give(Use::other_features, x + (step.pooled > 0 ? y : 0));
      x = step.pooled > 0 ? step.pooled : y;
    }
    ledger_.give(Use::other_features, x);
  }

  template <typename Keep>
  void forget_taps(std::span<const MemoryStep> steps, Keep&& keep) {
    for (const MemoryStep& step : steps) {
      ledger_.give(Use::tapped_features, step.tapped && !keep(step) ? step.map : 0);
    }
  }

  // Content and styles are brought to the scale's size meanwhile.
  void take_targets() {
    const auto none = [](const MemoryStep&) { return false; };
    std::int64_t copies = picture_;
    for (const Scale& style : inputs_.styles) {
      copies += picture_bytes(style);
    }
    ledger_.take(Use::pictures, copies);
    const std::vector<Tap> content = taps_of(losses_, true, false);
    const std::vector<MemoryStep> content_steps = steps(content, inputs_.picture);
    forward(content_steps, inputs_.picture, false);
    forget_taps(content_steps, none);
    for (const Tap& tap : content) {
      ledger_.take(Use::targets, step_at(content_steps, tap).bytes_at(tap));
    }
    const std::vector<Tap> style = taps_of(losses_, false, true);
    for (const Scale& size : inputs_.styles) {
      const std::vector<MemoryStep> style_steps = steps(style, size);
      forward(style_steps, size, false);
      const bool first = &size == &inputs_.styles.front();
      for (const Tap& tap : style) {
        ledger_.take(Use::targets, first ? gram_bytes(step_at(style_steps, tap)) : 0);
      }
      forget_taps(style_steps, none);
    }
    ledger_.give(Use::pictures, copies);
  }

  std::int64_t optimiser_bytes() const {
    const OptimizerOptions& optimizer = options_.optimizer;
    switch (optimizer.kind) {
      case OptimizerKind::lbfgs: {
        const std::int64_t pictures = lbfgs_pictures(optimizer.history, inputs_.picture.iterations);
        return pictures * picture_ + lbfgs_state_bytes(pictures / 2);
      }
      case OptimizerKind::adam:
        return 2 * picture_;
      case OptimizerKind::sgd:
        break;
    }
    return optimizer.momentum > 0 ? picture_ : 0;
  }

  void take_optimiser() {
    ledger_.take(Use::optimiser, optimiser_bytes() + (options_.average_decay > 0 ? picture_ : 0));
  }

  void iterate() {
    const std::vector<MemoryStep> network = steps(taps_of(losses_, true, true), inputs_.picture);
    for (const MemoryStep& step : network) {
      take_packed(kept_for_gradient_, &step - network.data(), memory_of(step).packed_gradient);
    }
    forward(network, inputs_.picture, true);
    for (const MemoryLoss& loss : losses_) {
      ledger_.take(Use::gradients, saved_bytes(step_at(network, loss.tap), loss));
    }
    const std::int64_t smoothness = (options_.objective.tv_weight > 0 ? picture_ : 0) +
                                    (options_.objective.range_weight > 0 ? picture_ : 0);
    ledger_.take(Use::gradients, smoothness);
    forget_taps(network, [&](const MemoryStep& step) { return has_style_loss(losses_, step); });
    ledger_.take(Use::gradients, picture_);  // of the picture itself
    ledger_.give(Use::gradients, smoothness);
    backward(network);
  }

  void backward(std::span<const MemoryStep> network) {
    std::vector<OutputGradients> live(network.size());
    for (const MemoryVisit& visit : backward_order(network, losses_)) {
      const auto index = static_cast<std::size_t>(visit.step - network.data());
      if (visit.loss != nullptr) {
        backward_loss(*visit.step, *visit.loss, live[index]);
      } else {
        backward_step(network, index, live);
      }
    }
  }

  // Bytes of the gradients of a convolution's two outputs, as far as they exist.
  struct OutputGradients {
    std::int64_t map = 0;
    std::int64_t pooled = 0;
  };

  void want(std::int64_t& there, std::int64_t bytes) {
    ledger_.take(Use::gradients, bytes - there);
    there = bytes;
  }

  void backward_loss(const MemoryStep& step, const MemoryLoss& loss, OutputGradients& live) {
    want(loss.tap.stage == Stage::pool ? live.pooled : live.map, step.bytes_at(loss.tap));
    ledger_.take_and_give(Use::gradients, loss.style ? gram_bytes(step) : 0);
    ledger_.give(Use::gradients, saved_bytes(step, loss));
    const bool map = loss.style && loss.tap.stage != Stage::pool;
    ledger_.give(Use::tapped_features, map ? step.map : 0);
  }

  void backward_step(std::span<const MemoryStep> network, std::size_t index,
                     std::vector<OutputGradients>& live) {
    const MemoryStep& step = network[index];
    if (index > 0) {
      const MemoryStep& before = network[index - 1];
      OutputGradients& input = live[index - 1];
      want(before.pooled > 0 ? input.pooled : input.map,
           before.pooled > 0 ? before.pooled : before.map);
    } else {
      ledger_.take(Use::gradients, fed_bytes());  // of the picture as it is fed
    }
    ledger_.take_and_give(Use::gradients, step.conv_tapped ? step.map : 0);
    ledger_.take_and_give(Use::workspace, memory_of(step).workspace_gradient);
    ledger_.give(Use::gradients, index == 0 ? fed_bytes() : 0);
    ledger_.give(Use::masks, step.relu_mask + step.pool_mask);
    ledger_.give(Use::gradients, live[index].map + live[index].pooled);
  }

  const Architecture& architecture_;
  std::vector<ConvLayer> layers_;
  const StylizerOptions& options_;
  std::vector<MemoryLoss> losses_;
  PoolKind pooling_;
  const Device& device_;
  std::int64_t element_;      // of maps and weights
  std::int64_t sum_element_;  // of pictures and Gram matrices
  const MemoryInputs& inputs_;
  std::int64_t picture_;  // bytes of one at this scale
  MemoryLedger ledger_;
  KeptWeights kept_, kept_for_gradient_;
};

}  // namespace

MemoryPlan plan_memory(const WeightsFile& file, const StylizerOptions& options, PoolKind pooling,
                       const Device& device, DType dtype, const MemoryInputs& inputs) {
  return Walk(file, options, pooling, device, dtype, inputs).run();
}

}  // namespace gramgrad::nn
