// Gradient of convolution with respect to weights and bias: dw [O, Kh*Kw*I] is the contraction of
// dz [pixels, O] with the windows of the input [pixels, Kh*Kw*I], over pixels. Not oneDNN's: that
// one's sums depend on the number of threads.
#include <algorithm>

#include "kernels/contract.h"
#include "kernels/cpu/arguments.h"
#include "kernels/cpu/contraction.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/map_gradient.h"
#include "kernels/cpu/panels.h"
#include "kernels/cpu/parallel.h"

namespace gramgrad::cpu {
namespace {

struct WindowSource {
  const float* x;
  Shape in, full, w;
  std::int64_t stride, padding;

  std::int64_t columns() const { return w[1] * w[2] * w[3]; }

  // Packs the windows [Kh, Kw, I] of `count` output pixels, numbered through all images.
  void pack(std::int64_t first, std::int64_t count, float* panels, std::int64_t panel_rows) const {
    for (std::int64_t i = 0; i < count; ++i) {
      pack_window(first + i, {panels, panel_rows, i});
    }
  }

 private:
  struct PanelRow {
    float* panels;
    std::int64_t panel_rows, row;
  };

  void pack_window(std::int64_t pixel, const PanelRow& to) const {
    const std::int64_t ow = pixel % full[2];
    const std::int64_t oh = pixel / full[2] % full[1];
    const std::int64_t n = pixel / full[2] / full[1];
    for (std::int64_t tap = 0; tap < w[1] * w[2]; ++tap) {
      const std::int64_t h = oh * stride + tap / w[2] - padding;
      const std::int64_t column = ow * stride + tap % w[2] - padding;
      const bool inside = h >= 0 && h < in[1] && column >= 0 && column < in[2];
      pack_run(inside ? x + ((n * in[1] + h) * in[2] + column) * in[3] : nullptr, tap * in[3],
               (tap + 1) * in[3], to);
    }
    pack_run(nullptr, columns(), padded_columns(columns()), to);
  }

  // Columns [begin, end) of a row; zeros where `from` is null.
  static void pack_run(const float* from, std::int64_t begin, std::int64_t end,
                       const PanelRow& row) {
    const std::int64_t width = panel_width();
    while (begin < end) {
      const std::int64_t offset = begin % width;
      const std::int64_t count = std::min(end - begin, width - offset);
      float* to = row.panels + (begin - offset) * row.panel_rows + row.row * width + offset;
      if (from == nullptr) {
        std::fill_n(to, count, 0.0F);
      } else {
        std::copy_n(from, count, to);
        from += count;
      }
      begin += count;
    }
  }
};

// dz [N, Ho, Wo, O]
void write_dz(const Device& device, const Conv2dParams& params, const Conv2dGradients& gradients,
              const Shape& full, float* dz) {
  parallel_for(device.threads(), full[0] * full[1], [&](std::int64_t row) {
    write_gradient_row(image_gradient(params, gradients, full, row / full[1]), row % full[1],
                       dz + row * full[2] * full[3], WriteMode::assign);
  });
}

void store(float& to, double value, WriteMode mode) {
  to = static_cast<float>(mode == WriteMode::accumulate ? static_cast<double>(to) + value : value);
}

// dbias (+)= the sum of dz over its rows
void add_columns(const Device& device, const float* dz, std::int64_t pixels, std::int64_t channels,
                 float* dbias, WriteMode mode) {
  constexpr std::int64_t channels_per_task = 16;
  parallel_ranges(device.threads(), channels, channels_per_task,
                  [=](std::int64_t begin, std::int64_t end) {
                    double sums[channels_per_task] = {};
                    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
                      for (std::int64_t o = begin; o < end; ++o) {
                        sums[o - begin] += static_cast<double>(dz[pixel * channels + o]);
                      }
                    }
                    for (std::int64_t o = begin; o < end; ++o) {
                      store(dbias[o], sums[o - begin], mode);
                    }
                  });
}

}  // namespace

void conv2d_backward_weight(const Conv2dParams& params, const Conv2dGradients& gradients,
                            const Tensor& x, Tensor& dw, Tensor& dbias, WriteMode mode) {
  check_conv2d_backward_weight(params, gradients, x, dw, dbias);
  const Device& device = x.device();
  const Shape full = conv2d_output_shape(params, x.shape(), dw.shape());
  const std::int64_t pixels = full[0] * full[1] * full[2];
  const std::int64_t channels = full[3];
  const Scratch<float> dz(device, full.size());
  write_dz(device, params, gradients, full, dz.data());

  const WindowSource windows{x.data<float>(), x.shape(),     full,
                             dw.shape(),      params.stride, params.padding};
  const auto pack = [&](std::int64_t first, std::int64_t count, float* panels, std::int64_t rows) {
    windows.pack(first, count, panels, rows);
  };
  const ContractionSums sums = contract(device, pixels, rows_in_memory(dz.data(), channels),
                                        {.columns = windows.columns(), .pack = pack});
  float* to = dw.data<float>();
  parallel_for(device.threads(), channels, [&](std::int64_t o) {
    for (std::int64_t i = 0; i < windows.columns(); ++i) {
      store(to[o * windows.columns() + i], sums.row(o)[i], mode);
    }
  });
  if (float* bias = data_or_null<float>(&dbias)) {
    add_columns(device, dz.data(), pixels, channels, bias, mode);
  }
}

}  // namespace gramgrad::cpu
