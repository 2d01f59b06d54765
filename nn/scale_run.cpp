// The recorded step, and how many of it make a batch.
#include "nn/scale_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "kernels/check.h"

namespace gramgrad::nn {
namespace {

constexpr int ring_rows = 64;
// Of a batch: progress and interruption must not wait longer.
constexpr double batch_seconds = 0.1;
// Their time says nothing yet: plans are made, memory is asked for, the step is recorded.
constexpr int unusual_runs = 3;

Tensor zeros_like(const Tensor& x) {
  Tensor zeros(x.device(), x.shape(), x.dtype());
  x.device().ops().fill(zeros, 0);
  return zeros;
}

}  // namespace

ScaleRun::ScaleRun(const Objective& objective, Optimizer& optimizer, const ScaleRunOptions& options,
                   Tensor picture)
    : objective_(objective),
      optimizer_(optimizer),
      average_decay_(options.average_decay),
      picture_(std::move(picture)),
      ring_(picture_.device(), ring_rows) {
  if (options.clamp) {
    after_.low = 0;
    after_.high = 1;
  }
  if (average_decay_ > 0) {
    average_ = zeros_like(picture_);
    after_.average_decay = average_decay_;
    after_.average = &average_;
  }
  optimizer_.expect_steps(options.iterations);
  iterate_ = picture_.device().record([this] { enqueue(); });
}

// One iteration. Nothing in it may wait for the device.
void ScaleRun::enqueue() {
  std::vector<Tensor> scalars;
  names_.clear();
  optimizer_.step(
      picture_,
      [&] {
        autograd::Variable x(picture_, true);
        const Objective::Value value = objective_(x);
        autograd::backward(value.total);
        scalars.push_back(value.total.value());
        for (const auto& [name, term] : value.terms) {
          names_.push_back(name);
          scalars.push_back(term.value());
        }
        return Evaluation{value.total.value(), x.grad()};
      },
      after_);
  ring_.append(scalars, optimizer_.state());
}

int ScaleRun::batch(int most) const {
  if (picture_.device().kind() != Device::Kind::cuda || runs_ < unusual_runs || seconds_ <= 0) {
    return 1;
  }
  return static_cast<int>(
      std::clamp(batch_seconds / seconds_, 1.0, static_cast<double>(std::min(most, ring_rows))));
}

std::vector<ScaleRun::Iteration> ScaleRun::advance(int most) {
  using Clock = std::chrono::steady_clock;
  const int count = batch(most);
  const Clock::time_point began = Clock::now();
  for (int i = 0; i < count; ++i) {
    iterate_();
  }
  const std::vector<ScalarRing::Row> rows = ring_.take(names_.size() + 1);
  runs_ += count;
  seconds_ = std::chrono::duration<double>(Clock::now() - began).count() / count;
  std::vector<Iteration> iterations;
  for (const ScalarRing::Row& row : rows) {
    Iteration& iteration = iterations.emplace_back(Iteration{row.scalars.front(), {}, row.stop});
    for (std::size_t i = 0; i < names_.size(); ++i) {
      iteration.terms.push_back({names_[i], row.scalars[i + 1]});
    }
    if (row.stop != StopReason::none) {
      break;
    }
    remaining_ *= average_decay_;
  }
  return iterations;
}

Tensor ScaleRun::picture() const {
  const bool moved = remaining_ < 1;
  if (!average_.defined() || !moved) {
    return picture_;
  }
  Tensor corrected(average_.device(), average_.shape(), average_.dtype());
  average_.device().ops().axpby(1 / (1 - remaining_), average_, 0.0, corrected);
  return corrected;
}

int PictureDates::limit(int iterations) const {
  return every_ > 0 ? std::min(iterations, every_ - since_) : iterations;
}

void PictureDates::advance(int iterations) {
  since_ = every_ > 0 ? (since_ + iterations) % every_ : 0;
}

}  // namespace gramgrad::nn
