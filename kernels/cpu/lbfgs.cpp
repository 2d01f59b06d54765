// L-BFGS: one pass over the history for all dot products, the recursion on numbers
// (lbfgs_rules.h), one pass for the direction and the step.
#include <cmath>

#include "kernels/contract.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/lbfgs_passes.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"
#include "kernels/lbfgs_rules.h"

namespace gramgrad::cpu {
namespace {

class LbfgsStep {
 public:
  LbfgsStep(const Tensor& g, Tensor& s, Tensor& y, Tensor& state)
      : slots_(static_cast<int>(s.shape()[0])),
        size_(g.size()),
        device_(g.device()),
        g_(g.data<float>()),
        s_(s.data<float>()),
        y_(y.data<float>()),
        state_(*state_in<LbfgsState>(state)),
        numbers_(lbfgs_numbers(&state_, slots_)) {}

  void run(const LbfgsParams& params, double loss, const MovedPicture& picture) {
    reduce();
    const auto alone = [] {};
    LbfgsRecursion(state_, numbers_, slots_, 0, 1, alone).run(params, loss);
    if (state_.status.stop == StopReason::none) {
      move({state_.step_length, params.step_limit}, picture);
    } else if (state_.learnt >= 0) {
      keep_pair();
    }
  }

 private:
  // The live pairs, newest first, at an element.
  std::vector<LbfgsPair> pairs_at(std::int64_t offset) const {
    std::vector<LbfgsPair> pairs;
    for (int age = 0; age < state_.pairs; ++age) {
      const int j = lbfgs_slot(state_.spare, age, slots_);
      pairs.push_back({s_ + j * size_ + offset, y_ + j * size_ + offset, numbers_.along_s[j],
                       numbers_.along_y[j]});
    }
    return pairs;
  }

  // One row of sums a task, added up in the tasks' order.
  void reduce() {
    const std::int64_t tasks = ceil_div(size_, elements_per_task);
    const std::int64_t row = 4 * slots_;
    const Scratch<double> dots(device_, tasks * row);
    const Scratch<LbfgsSums> sums(device_, tasks);
    parallel_for(device_.threads(), tasks, [&](std::int64_t task) {
      const std::int64_t first = task * elements_per_task;
      const std::int64_t spare = state_.spare * size_ + first;
      const bool moved = state_.moved != 0;
      std::fill_n(&dots[task * row], row, 0.0);
      sums[task] = lbfgs_dots(
          g_ + first, {moved ? s_ + spare : nullptr, moved ? y_ + spare : nullptr}, pairs_at(first),
          static_cast<std::size_t>(std::min(elements_per_task, size_ - first)), &dots[task * row]);
    });
    LbfgsSums total;
    std::vector<double> totals(static_cast<std::size_t>(row));
    for (std::int64_t task = 0; task < tasks; ++task) {
      add(sums[task], total);
      std::transform(totals.begin(), totals.end(), &dots[task * row], totals.begin(),
                     std::plus<double>());
    }
    note(total, totals);
  }

  static void add(const LbfgsSums& part, LbfgsSums& total) {
    total.gradient_norm2 += part.gradient_norm2;
    total.gradient_norm1 += part.gradient_norm1;
    total.largest_gradient = std::max(total.largest_gradient, part.largest_gradient);
    total.largest_step = std::max(total.largest_step, part.largest_step);
  }

  // The squares of f32 numbers do not overflow in f64: g.g is finite where g is.
  void note(const LbfgsSums& total, const std::vector<double>& totals) {
    state_.gradient_norm2 = total.gradient_norm2;
    state_.gradient_norm1 = total.gradient_norm1;
    state_.largest_gradient =
        std::isfinite(total.gradient_norm2) ? total.largest_gradient : total.gradient_norm2;
    state_.largest_step = total.largest_step;
    for (int age = -1; age < state_.pairs; ++age) {
      const int row = age < 0 ? state_.pairs : age;  // the last step comes after the pairs
      std::copy_n(totals.begin() + 4 * row, 4,
                  numbers_.dots + 4 * lbfgs_slot(state_.spare, age, slots_));
    }
  }

  void move(const LbfgsStepSize& size, const MovedPicture& picture) {
    parallel_ranges(
        device_.threads(), size_, elements_per_task, [&](std::int64_t first, std::int64_t end) {
          const LbfgsTargets to{state_.learnt >= 0 ? y_ + state_.learnt * size_ + first : nullptr,
                                s_ + state_.spare * size_ + first,
                                y_ + state_.spare * size_ + first};
          lbfgs_move(g_ + first, state_.gradient_factor, size, pairs_at(first), to,
                     picture.from(first), static_cast<std::size_t>(end - first));
        });
  }

  // x stays; the pair has been learnt all the same.
  void keep_pair() {
    float* y = y_ + state_.learnt * size_;
    std::transform(g_, g_ + size_, y, y, std::minus<float>());
  }

  int slots_;
  std::int64_t size_;
  Device device_;
  const float* g_;
  float* s_;
  float* y_;
  LbfgsState& state_;
  LbfgsNumbers numbers_;
};

}  // namespace

void lbfgs_step(const LbfgsParams& params, const AfterStep& after, const Tensor& loss,
                const Tensor& g, Tensor& s, Tensor& y, Tensor& state, Tensor& x) {
  check_lbfgs_step(params, after, loss, g, s, y, state, x);
  LbfgsStep(g, s, y, state)
      .run(params, static_cast<double>(*loss.data<float>()), MovedPicture(after, x));
}

}  // namespace gramgrad::cpu
