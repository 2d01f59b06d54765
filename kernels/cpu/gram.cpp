// Gram matrices of feature maps, their gradient, and the style loss on them.
#include <algorithm>

#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/contraction.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/panels.h"
#include "kernels/cpu/reduce.h"

namespace gramgrad::cpu {
namespace {

// visit(image, F^T F) for each image's features [pixels, channels] in f [N, H, W, C]; of the
// products only the elements with i <= j.
template <typename Visit>
void for_each_image(const Tensor& f, const Visit& visit) {
  const Shape& shape = f.shape();
  const std::int64_t pixels = shape[1] * shape[2];
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    const float* features = f.data<float>() + n * pixels * shape[3];
    visit(n, contract_symmetric(f.device(), pixels, rows_in_memory(features, shape[3])));
  }
}

// Panels of S = scale (dG + dG^T) for one image. Panel by panel: the rows of dG that are its
// columns are read in sequence.
void pack_symmetric(const Device& device, double scale, const float* dg, std::int64_t channels,
                    float* panels) {
  const std::int64_t width = panel_width();
  parallel_ranges(
      device.threads(), padded_columns(channels), width, [=](std::int64_t begin, std::int64_t end) {
        float* to = panels + begin * channels;
        for (std::int64_t i = 0; i < channels; ++i) {
          for (std::int64_t j = begin; j < end; ++j) {
            *to++ = j < channels
                        ? static_cast<float>(scale * (static_cast<double>(dg[i * channels + j]) +
                                                      static_cast<double>(dg[j * channels + i])))
                        : 0.0F;
          }
        }
      });
}

}  // namespace

void gram(double scale, const Tensor& f, Tensor& g) {
  check_gram(f, g);
  const std::int64_t channels = f.shape()[3];
  for_each_image(f, [&](std::int64_t n, const ContractionSums& sums) {
    float* to = g.data<float>() + n * channels * channels;
    parallel_for(f.device().threads(), channels, [&](std::int64_t i) {
      for (std::int64_t j = i; j < channels; ++j) {
        to[i * channels + j] = static_cast<float>(scale * sums.row(i)[j]);
        to[j * channels + i] = to[i * channels + j];
      }
    });
  });
}

void gram_backward(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode) {
  check_gram_backward(f, dg, df);
  constexpr std::int64_t rows_per_task = 192;  // whole tiles of the micro-kernel
  const Device& device = f.device();
  const std::int64_t channels = f.shape()[3];
  const std::int64_t pixels = f.shape()[1] * f.shape()[2];
  const Scratch<float> panels(device, padded_columns(channels) * channels);
  for (std::int64_t n = 0; n < f.shape()[0]; ++n) {
    const float* from = f.data<float>() + n * pixels * channels;
    float* to = df.data<float>() + n * pixels * channels;
    pack_symmetric(device, scale, dg.data<float>() + n * channels * channels, channels,
                   panels.data());
    parallel_ranges(device.threads(), pixels, rows_per_task,
                    [&](std::int64_t begin, std::int64_t end) {
                      multiply_rows({.x = from + begin * channels,
                                     .x_stride = channels,
                                     .b = panels.data(),
                                     .inner = channels,
                                     .y = to + begin * channels,
                                     .y_stride = channels,
                                     .rows = end - begin,
                                     .columns = channels,
                                     .accumulate = mode == WriteMode::accumulate,
                                     .far_x = true,
                                     .far_y = true});
                    });
  }
}

void gram_style_loss(const GramStyleLossParams& params, const Tensor& f, const Tensor& target,
                     Tensor& loss, Tensor* dg) {
  check_gram_style_loss(f, target, loss, dg);
  const std::int64_t channels = f.shape()[3];
  float* gradient = data_or_null<float>(dg);
  double squares = 0;
  for_each_image(f, [&](std::int64_t n, const ContractionSums& sums) {
    const std::int64_t matrix = n * channels * channels;
    const float* wanted = target.data<float>() + matrix;
    squares += parallel_sum(f.device(), channels, [&](std::int64_t i) {
      double row_sum = 0;
      for (std::int64_t j = 0; j < channels; ++j) {
        const double product = sums.row(std::min(i, j))[std::max(i, j)];
        const double difference =
            params.gram_scale * product - static_cast<double>(wanted[i * channels + j]);
        row_sum += difference * difference;
        if (gradient != nullptr) {
          gradient[matrix + i * channels + j] = static_cast<float>(2 * params.weight * difference);
        }
      }
      return row_sum;
    });
  });
  *loss.data<float>() = static_cast<float>(params.weight * squares);
}

}  // namespace gramgrad::cpu
