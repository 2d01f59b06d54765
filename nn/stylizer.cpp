// The stylizer's loop.
#include "nn/stylizer.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <random>

#include "autograd/functions.h"
#include "kernels/check.h"
#include "nn/scale_run.h"

namespace gramgrad::nn {
namespace {

// Uniform in (0, 1): the same on every platform, as std's distributions are not.
double uniform(std::mt19937_64& generator) {
  return (static_cast<double>(generator() >> 11) + 0.5) * 0x1p-53;
}

// Normal values around mid grey, by Box and Muller (1958).
Tensor noise_picture(const Scale& scale, const Device& device, DType dtype, std::uint64_t seed) {
  constexpr double mean = 0.5;
  constexpr double deviation = 0.15;
  std::mt19937_64 generator(seed);
  std::vector<double> values(static_cast<std::size_t>(scale.height * scale.width * 3));
  for (double& value : values) {
    const double radius = std::sqrt(-2.0 * std::log(uniform(generator)));
    value = mean + deviation * radius * std::cos(2.0 * std::numbers::pi * uniform(generator));
  }
  return Tensor::from_host<double>(device, {1, scale.height, scale.width, 3}, dtype, values);
}

Tensor copy_of(const Tensor& tensor) {
  Tensor copy(tensor.device(), tensor.shape(), tensor.dtype());
  tensor.device().ops().copy(tensor, copy);
  return copy;
}

Tensor first_picture(const Vgg& vgg, const StylizerOptions& options, const StylizeInputs& inputs,
                     const Scale& scale) {
  switch (options.init) {
    case InitKind::content:
      return resized(inputs.content, scale.height, scale.width);
    case InitKind::style:
      return resized(inputs.styles.front(), scale.height, scale.width);
    case InitKind::noise:
      return noise_picture(scale, vgg.device(), vgg.picture_dtype(), options.seed);
    case InitKind::picture:
      break;
  }
  check(inputs.start.defined(), "starting from a picture needs that picture");
  return resized(inputs.start, scale.height, scale.width);
}

std::vector<Tensor> styles_for(const StylizerOptions& options, const StylizeInputs& inputs,
                               const Scale& scale) {
  const double longer =
      static_cast<double>(std::max(scale.height, scale.width)) * options.style_scale;
  std::vector<Tensor> styles;
  for (const Tensor& style : inputs.styles) {
    const Scale size = fit(style.shape()[1], style.shape()[2], std::max(1.0, longer));
    styles.push_back(resized(style, size.height, size.width));
  }
  return styles;
}

void check_inputs(const Vgg& vgg, const StylizerOptions& options, const StylizeInputs& inputs,
                  std::span<const Scale> schedule) {
  check(!schedule.empty(), "a schedule needs at least one scale");
  check(!inputs.styles.empty(), "at least one style picture is needed");
  check(std::isfinite(options.style_scale) && options.style_scale > 0,
        "the style scale must be a positive number, not {}", options.style_scale);
  check(options.average_decay >= 0 && options.average_decay < 1,
        "the decay of the average must be in [0, 1), not {}", options.average_decay);
  check_options(options.objective, vgg.architecture());
}

// One scale. True: go on with the next.
bool run_scale(ScaleRun& run, const Scale& scale, IterationReport report, const Observer& observer,
               PictureDates& dates, StylizeResult& result) {
  result.stop = StopReason::none;
  while (report.iteration < scale.iterations && result.stop == StopReason::none &&
         !result.interrupted) {
    const int count = dates.limit(scale.iterations - report.iteration);
    const std::vector<ScaleRun::Iteration> iterations = run.advance(count);
    dates.advance(static_cast<int>(iterations.size()));
    const Tensor picture = run.picture();
    for (const ScaleRun::Iteration& iteration : iterations) {
      ++report.iteration;
      report.total = iteration.total;
      report.terms = iteration.terms;
      report.stop = result.stop = iteration.stop;
      result.interrupted = !observer(report, picture) || result.interrupted;
    }
  }
  result.picture = run.picture();
  return !result.interrupted && result.stop != StopReason::not_finite;
}

}  // namespace

Tensor resized(const Tensor& picture, std::int64_t height, std::int64_t width) {
  const Shape& shape = picture.shape();
  if (shape[1] == height && shape[2] == width) {
    return copy_of(picture);
  }
  const bool shrinks = height < shape[1] || width < shape[2];
  return autograd::resize(shrinks ? ResizeFilter::area : ResizeFilter::bicubic,
                          autograd::Variable(picture), height, width)
      .value();
}

StylizeResult stylize(const Vgg& vgg, const StylizerOptions& options, const StylizeInputs& inputs,
                      std::span<const Scale> schedule, const Observer& observer) {
  check_inputs(vgg, options, inputs, schedule);
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(options.optimizer);
  StylizeResult result;
  PictureDates dates(options.picture_every);
  for (std::size_t index = 0; index < schedule.size(); ++index) {
    const Scale& scale = schedule[index];
    const auto to_scale = [&](const Tensor& picture) {
      return resized(picture, scale.height, scale.width);
    };
    if (index == 0) {
      result.picture = first_picture(vgg, options, inputs, scale);
    } else {
      result.picture = to_scale(result.picture);
      optimizer->resize_state(to_scale);
    }
    vgg.device().release_cached_memory();
    const Objective objective(vgg, options.objective, to_scale(inputs.content),
                              styles_for(options, inputs, scale));
    IterationReport report;
    report.scale = static_cast<int>(index);
    report.scales = static_cast<int>(schedule.size());
    report.iterations = scale.iterations;
    report.height = scale.height;
    report.width = scale.width;
    ScaleRun run(objective, *optimizer, {options.clamp, options.average_decay, scale.iterations},
                 result.picture);
    if (!run_scale(run, scale, report, observer, dates, result)) {
      break;
    }
  }
  return result;
}

}  // namespace gramgrad::nn
