// Luma exchange and linear colour matching.
#include "apps/support/colour_transfer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;  // rows

struct ColourStatistics {
  Vector mean{};
  Matrix covariance{};  // regularised
};

float cut(double value) {
  return static_cast<float>(std::clamp(value, 0.0, 1.0));
}

double luma(const float* rgb) {
  return 0.299 * static_cast<double>(rgb[0]) + 0.587 * static_cast<double>(rgb[1]) +
         0.114 * static_cast<double>(rgb[2]);
}

ColourStatistics statistics(const Image& image) {
  constexpr double regularisation = 1e-5;
  const double share = 1.0 / static_cast<double>(image.pixel_count());
  ColourStatistics result;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    result.mean[i % 3] += share * static_cast<double>(image.pixels[i]);
  }
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) {
        result.covariance[r][c] += share *
                                   (static_cast<double>(image.pixels[i + r]) - result.mean[r]) *
                                   (static_cast<double>(image.pixels[i + c]) - result.mean[c]);
      }
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    result.covariance[c][c] += regularisation;
  }
  return result;
}

// One rotation of Jacobi's method: makes a[p][q] zero, turns the columns of v along.
void rotate(Matrix& a, Matrix& v, std::size_t p, std::size_t q) {
  if (a[p][q] == 0) {
    return;
  }
  const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::hypot(1.0, theta));
  const double cosine = 1 / std::hypot(1.0, t);
  const double sine = t * cosine;
  const auto turn = [&](double& x, double& y) {
    const double old = x;
    x = cosine * old - sine * y;
    y = sine * old + cosine * y;
  };
  for (std::size_t k = 0; k < 3; ++k) {
    turn(a[k][p], a[k][q]);
  }
  for (std::size_t k = 0; k < 3; ++k) {
    turn(a[p][k], a[q][k]);
    turn(v[k][p], v[k][q]);
  }
}

// V diag(lambda^exponent) V^T for a symmetric positive definite matrix.
Matrix power(Matrix a, double exponent) {
  constexpr int sweeps = 16;  // converges quadratically: about five are enough
  Matrix v{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    rotate(a, v, 0, 1);
    rotate(a, v, 0, 2);
    rotate(a, v, 1, 2);
  }
  Matrix result{};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t k = 0; k < 3; ++k) {
        result[r][c] += v[r][k] * std::pow(std::max(a[k][k], 1e-12), exponent) * v[c][k];
      }
    }
  }
  return result;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result{};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t k = 0; k < 3; ++k) {
        result[r][c] += a[r][k] * b[k][c];
      }
    }
  }
  return result;
}

}  // namespace

Image with_luma_of(const Image& result, const Image& content) {
  check(result.width == content.width && result.height == content.height,
        "luma is exchanged between pictures of one size, not {}x{} and {}x{}", result.width,
        result.height, content.width, content.height);
  Image mixed = result;
  for (std::size_t i = 0; i < mixed.pixels.size(); i += 3) {
    const double change = luma(&result.pixels[i]) - luma(&content.pixels[i]);
    for (std::size_t c = 0; c < 3; ++c) {
      mixed.pixels[i + c] = cut(static_cast<double>(content.pixels[i + c]) + change);
    }
  }
  return mixed;
}

Image with_colours_of(const Image& content, const Image& style) {
  const ColourStatistics wanted = statistics(content);
  const ColourStatistics given = statistics(style);
  const Matrix a = product(power(wanted.covariance, 0.5), power(given.covariance, -0.5));
  Image matched = style;
  for (std::size_t i = 0; i < style.pixels.size(); i += 3) {
    for (std::size_t r = 0; r < 3; ++r) {
      double value = wanted.mean[r];
      for (std::size_t c = 0; c < 3; ++c) {
        value += a[r][c] * (static_cast<double>(style.pixels[i + c]) - given.mean[c]);
      }
      matched.pixels[i + r] = cut(value);
    }
  }
  return matched;
}

}  // namespace gramgrad::apps
