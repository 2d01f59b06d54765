// Losses on the features of one layer, and the list of all of them.
//
// To add a loss, write one file (docs/add_a_loss.md): its formula in a comment, an options struct,
// a function that makes a FeatureLoss, and one line in registry.cpp. It then works on every device,
// by name on the command line, and is gradient-checked by the tests.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/variable.h"
#include "kernels/tensor.h"

namespace gramgrad::nn {

// What is remembered of the target picture at one layer: a Gram matrix, a feature map, moments.
// Several style pictures are blended by weighted sums of these tensors.
using Target = std::vector<Tensor>;

// The loss as a function of the generated picture's features [1, H', W', C]: a scalar [1].
using LayerLoss = std::function<autograd::Variable(const autograd::Variable& features)>;

struct FeatureLoss {
  // What is remembered of the target picture's features [1, H, W, C].
  std::function<Target(const Tensor& features)> target;
  // The loss against that target. Called once, before the iterations: what depends on the target
  // alone is computed here, so that an iteration never waits for the device.
  std::function<LayerLoss(const Target& target)> against;
  // Both take features in bf16 too, as the operators that they are made of do ("maps" in
  // kernels/ops.h). Else they are given f32.
  bool takes_bf16 = false;
};

// Options as `key=value` pairs. A loss reads those that it knows; reject_unknown() then refuses the
// rest, so that a mistyped key is never ignored.
class LossOptions {
 public:
  explicit LossOptions(std::map<std::string, std::string> values = {})
      : values_(std::move(values)) {}

  // The index of the chosen one of `choices`. Throws Error for anything else.
  std::size_t choice(const std::string& key, std::span<const std::string> choices,
                     std::size_t otherwise);
  bool flag(const std::string& key, bool otherwise);  // true|false
  // Throws Error, naming `loss`, a key that nobody read, and the nearest known one.
  void reject_unknown(std::string_view loss) const;

 private:
  std::map<std::string, std::string> values_;
  std::vector<std::string> known_;
};

// A loss by name: `name` or `name:key=value,key=value`.
struct LossSpec {
  std::string name;
  std::map<std::string, std::string> options;
};
LossSpec parse_loss_spec(std::string_view text);

struct LossEntry {
  std::string name;
  std::string summary;  // one line, with the options
  FeatureLoss (*make)(LossOptions& options);
};

std::span<const LossEntry> loss_registry();
// Throws Error for a name or an option that does not exist.
FeatureLoss make_loss(const LossSpec& spec);

}  // namespace gramgrad::nn
