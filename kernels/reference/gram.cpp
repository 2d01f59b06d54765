// Gram matrices of feature maps: F is a matrix [H*W pixels, C channels], G = scale * F^T F.
#include <vector>

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {
namespace {

// [N, C, C], unrounded. The upper triangle is computed, and mirrored: exactly symmetric.
template <typename T>
std::vector<double> gram_matrices(double scale, const Tensor& f) {
  const Index pixels = f.shape()[1] * f.shape()[2];
  const Index channels = f.shape()[3];
  std::vector<double> g = zeros(f.shape()[0] * channels * channels);
  parallel_for(f.shape()[0] * channels, pixels * channels, [&](Index row) {
    const Index i = row % channels;
    const T* features = f.data<T>() + row / channels * pixels * channels;
    double* upper = g.data() + row * channels + i;
    for (Index p = 0; p < pixels; ++p) {
      const T* pixel = features + p * channels;
      add_scaled(static_cast<double>(pixel[i]), pixel + i, upper, channels - i);
    }
  });
  parallel_for(f.shape()[0] * channels, channels, [&](Index row) {
    const Index i = row % channels;
    double* matrix = g.data() + (row - i) * channels;
    for (Index j = i; j < channels; ++j) {
      matrix[i * channels + j] *= scale;
      matrix[j * channels + i] = matrix[i * channels + j];
    }
  });
  return g;
}

}  // namespace

void gram(double scale, const Tensor& f, Tensor& g) {
  check_gram(f, g);
  with_type(f, [&]<typename T>(T) {
    store_all(gram_matrices<T>(scale, f), g.data<T>(), WriteMode::assign);
  });
}

void gram_backward(double scale, const Tensor& f, const Tensor& dg, Tensor& df, WriteMode mode) {
  check_gram_backward(f, dg, df);
  const Index channels = f.shape()[3];
  const Index pixels = f.shape()[1] * f.shape()[2];
  with_type(f, [&]<typename T>(T) {
    const T* upstream = dg.data<T>();
    std::vector<double> both = zeros(dg.size());  // dg + dg^T, of each image
    parallel_for(f.shape()[0] * channels, channels, [&](Index row) {
      const Index i = row % channels;
      const T* matrix = upstream + (row - i) * channels;
      for (Index j = 0; j < channels; ++j) {
        both[static_cast<std::size_t>(row * channels + j)] =
            static_cast<double>(matrix[i * channels + j]) +
            static_cast<double>(matrix[j * channels + i]);
      }
    });
    const T* features = f.data<T>();
    T* to = df.data<T>();
    parallel_for(f.shape()[0] * pixels, channels * channels, [&](Index pixel) {
      const double* matrix = both.data() + pixel / pixels * channels * channels;
      for (Index i = 0; i < channels; ++i) {
        const double total =
            dot_product(features + pixel * channels, matrix + i * channels, channels);
        store(to[pixel * channels + i], scale * total, mode);
      }
    });
  });
}

void gram_style_loss(const GramStyleLossParams& params, const Tensor& f, const Tensor& target,
                     Tensor& loss, Tensor* dg) {
  check_gram_style_loss(f, target, loss, dg);
  with_type(f, [&]<typename T>(T) {
    std::vector<double> difference = gram_matrices<T>(params.gram_scale, f);
    const T* wanted = target.data<T>();
    T* gradient = data_or_null<T>(dg);
    parallel_for(target.size(), 1, [&](Index i) {
      double& d = difference[static_cast<std::size_t>(i)];
      d -= static_cast<double>(wanted[i]);
      if (gradient != nullptr) {
        gradient[i] = static_cast<T>(2 * params.weight * d);
      }
    });
    const double total = parallel_sum(target.size(), [&](Index i) {
      const double d = difference[static_cast<std::size_t>(i)];
      return d * d;
    });
    loss.data<T>()[0] = static_cast<T>(params.weight * total);
  });
}

}  // namespace gramgrad::reference
