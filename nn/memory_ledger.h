// The books of the memory prediction: what is live, and what was when most was.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "nn/memory_plan.h"

namespace gramgrad::nn {

enum class Use {
  weights,
  packed_weights,
  pictures,
  optimiser,
  targets,
  tapped_features,
  other_features,
  masks,
  gradients,
  workspace
};

class MemoryLedger {
 public:
  void take(Use use, std::int64_t bytes) {
    change(use, bytes);
    if (total_ > peak_total_) {
      peak_total_ = total_;
      peak_ = live_;
    }
  }
  void give(Use use, std::int64_t bytes) { change(use, -bytes); }
  void take_and_give(Use use, std::int64_t bytes) {
    take(use, bytes);
    give(use, bytes);
  }

  MemoryPlan plan() const {
    MemoryPlan plan;
    for (std::size_t i = 0; i < names.size(); ++i) {
      plan.parts.push_back({names[i], static_cast<std::size_t>(peak_[i])});
      plan.total += plan.parts.back().bytes;
    }
    return plan;
  }

 private:
  static constexpr std::array<std::string_view, 10> names{
      "weights",         "packed weights", "pictures", "optimiser state", "targets",
      "tapped features", "other features", "masks",    "gradients",       "workspace"};

  void change(Use use, std::int64_t bytes) {
    live_[static_cast<std::size_t>(use)] += bytes;
    total_ += bytes;
  }

  std::array<std::int64_t, names.size()> live_{};
  std::array<std::int64_t, names.size()> peak_{};
  std::int64_t total_ = 0;
  std::int64_t peak_total_ = 0;
};

}  // namespace gramgrad::nn
