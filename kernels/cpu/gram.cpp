// Gram matrices of feature maps, their gradient, and the style loss on them.
#include <algorithm>
#include <type_traits>

#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/contraction.h"
#include "kernels/cpu/cpu_backend.h"
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

// S = scale (dG + dG^T) of one image, 0 beyond its channels.
struct SymmetricGradient {
  double scale;
  const float* dg;  // [channels, channels]
  std::int64_t channels;

  float operator()(std::int64_t i, std::int64_t j) const {
    return i < channels && j < channels
               ? static_cast<float>(scale * (static_cast<double>(dg[i * channels + j]) +
                                             static_cast<double>(dg[j * channels + i])))
               : 0.0F;
  }
};

// What products multiply: numbers as they are, or pairs in bf16.
template <typename T>
struct Factors;

template <>
struct Factors<float> {
  static constexpr std::int64_t together = 1;  // numbers in an element
  static float element(const SymmetricGradient& s, std::int64_t row, std::int64_t column) {
    return s(row, column);
  }
  static const float* rows(const float* features, std::int64_t, std::int64_t, float*) {
    return features;
  }
};

template <>
struct Factors<Bf16Pair> {
  static constexpr std::int64_t together = 2;
  static Bf16Pair element(const SymmetricGradient& s, std::int64_t row, std::int64_t column) {
    return {to_bf16(s(2 * row, column)), to_bf16(s(2 * row + 1, column))};
  }
  static const Bf16Pair* rows(const float* features, std::int64_t count, std::int64_t channels,
                              Bf16Pair* memory) {
    round_to_pairs(features, count, channels, memory);
    return memory;
  }
};

// Panels of S. Panel by panel: the rows of dG that are its columns are read in sequence.
template <typename T>
void pack_symmetric(const Device& device, const SymmetricGradient& s, T* panels) {
  const std::int64_t width = panel_width();
  const std::int64_t rows = ceil_div(s.channels, Factors<T>::together);
  parallel_ranges(device.threads(), padded_columns(s.channels), width,
                  [=](std::int64_t begin, std::int64_t end) {
                    T* to = panels + begin * rows;
                    for (std::int64_t i = 0; i < rows; ++i) {
                      for (std::int64_t j = begin; j < end; ++j) {
                        *to++ = Factors<T>::element(s, i, j);
                      }
                    }
                  });
}

// dF (+)= F S for each image.
template <typename T>
void multiply_by_symmetric(double scale, const Tensor& f, const Tensor& dg, Tensor& df,
                           WriteMode mode) {
  constexpr std::int64_t rows_per_task = 192;  // whole tiles of the micro-kernel
  constexpr bool in_place = std::is_same_v<T, float>;
  const Device& device = f.device();
  const std::int64_t channels = f.shape()[3];
  const std::int64_t pixels = f.shape()[1] * f.shape()[2];
  const std::int64_t inner = ceil_div(channels, Factors<T>::together);
  const std::int64_t task_memory = in_place ? 0 : rows_per_task * inner;
  const std::int64_t panel_memory = padded_columns(channels) * inner;
  const Scratch<T> panels(device, panel_memory + task_memory * device.threads());
  T* const rounded = panels.data() + panel_memory;
  for (std::int64_t n = 0; n < f.shape()[0]; ++n) {
    const float* from = f.data<float>() + n * pixels * channels;
    float* to = df.data<float>() + n * pixels * channels;
    pack_symmetric(device, {scale, dg.data<float>() + n * channels * channels, channels},
                   panels.data());
    parallel_for_slots(device.threads(), ceil_div(pixels, rows_per_task),
                       [&](std::int64_t task, int slot) {
                         const std::int64_t first = task * rows_per_task;
                         const std::int64_t rows = std::min(rows_per_task, pixels - first);
                         const T* x = Factors<T>::rows(from + first * channels, rows, channels,
                                                       rounded + slot * task_memory);
                         multiply_rows(RowProduct<T>{.x = x,
                                                     .x_stride = inner,
                                                     .b = panels.data(),
                                                     .inner = inner,
                                                     .y = to + first * channels,
                                                     .y_stride = channels,
                                                     .rows = rows,
                                                     .columns = channels,
                                                     .accumulate = mode == WriteMode::accumulate,
                                                     .far_x = in_place,
                                                     .y_cache = Cache::shared});
                       });
  }
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
  if (f.device().state().backend<CpuBackend>().gradient_factors() == DType::bf16) {
    multiply_by_symmetric<Bf16Pair>(scale, f, dg, df, mode);
  } else {
    multiply_by_symmetric<float>(scale, f, dg, df, mode);
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
