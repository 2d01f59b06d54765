// The table of operator cases: what tests check and benchmarks time, on every device.
//
// A case makes its inputs from a seed, on a device and in an element type, and runs one operator.
// Inputs are f32 numbers in f64 too, and bf16 numbers where a device is to be compared that stores
// maps in bf16, so that all devices and types compute from the same ones.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/ops.h"

namespace gramgrad::tests {

// Where a case's tensors come from.
class Inputs {
 public:
  struct Options {
    DType dtype = DType::f32;  // of maps (kernels/ops.h); other tensors have its sum_type
    bool bf16_maps = false;    // maps are bf16 numbers, whatever their type
    std::uint64_t seed = 1;
    WriteMode mode = WriteMode::assign;
    // Magnitudes in place of values: |x|, and -|x| for what the operator subtracts. The result is
    // then the sum of the absolute values of all terms, which rounding errors are proportional to.
    bool magnitudes = false;
    // Of the inputs' fractions. With 9, every input, and every sum of two, is a TF32 number; with 6
    // a bf16 number.
    int bits = 22;
  };
  enum class Role { added, subtracted };

  Inputs(const Device& device, const Options& options) : device_(device), options_(options) {}

  // A map, uniform in [-1, 1]; the same for the same name and seed.
  Tensor values(std::string_view name, const Shape& shape, Role role = Role::added) const;
  // Of another tensor than a map.
  Tensor sums(std::string_view name, const Shape& shape, Role role = Role::added) const;
  // The same numbers even where magnitudes are asked for.
  Tensor signed_values(std::string_view name, const Shape& shape) const;
  // centre + spread * signed_values, and the same of another tensor than a map: for what is only
  // defined, or only hard, away from 0.
  Tensor values_around(std::string_view name, const Shape& shape, double centre,
                       double spread) const;
  Tensor sums_around(std::string_view name, const Shape& shape, double centre, double spread) const;
  // u8, uniform in [0, below).
  Tensor bytes(std::string_view name, const Shape& shape, int below) const;
  // What the operator writes: NaN where it assigns, values where it accumulates.
  Tensor output(std::string_view name, const Shape& shape) const;
  // Always assigned.
  Tensor assigned(const Shape& shape) const;
  Tensor assigned_sums(const Shape& shape) const;
  Tensor assigned_bytes(const Shape& shape) const;

  // A factor among the parameters.
  double factor(double value) const;
  WriteMode mode() const { return options_.mode; }
  const Ops& ops() const { return device_.ops(); }
  const Device& device() const { return device_; }

 private:
  Tensor map(const Shape& shape, std::vector<double> numbers) const;
  std::vector<double> numbers(std::string_view name, const Shape& shape, Role role) const;
  std::vector<double> numbers_around(std::string_view name, const Shape& shape, double centre,
                                     double spread) const;

  Device device_;
  Options options_;
};

// An optimiser's state before its first step.
Tensor zero_state(const Device& device, std::int64_t bytes);

// How far an f32 result may be from the exact one:
//   eps * (roundings + sqrt(terms)) * magnitude,      eps = 2^-23.
// Each of `terms` additions rounds by at most eps/2 of its partial sum, which is at most the
// magnitude (the sum of the terms' absolute values); the errors' signs are as good as random, so
// they grow with the square root of their number. `roundings` counts those that every term suffers.
// A single lost or doubled term of average size is 1/terms of the magnitude: it is found as long as
// terms * (roundings + sqrt(terms)) < 2^23, that is up to 40,000 terms.
struct Tolerance {
  enum class Kind {
    element,     // relative to each element's magnitude
    tensor,      // relative to the largest magnitude in the tensor
    exact,       // no difference
    by_another,  // only compared between runs of one device; a test of its own checks the values
  };
  Kind kind = Kind::element;
  double roundings = 4;
  double terms = 0;
  // Roundings of what is summed to a map's type on the way: matters where that is bf16.
  double map_roundings = 0;
};
inline constexpr Tolerance to_the_bit{.kind = Tolerance::Kind::exact};

struct Result {
  std::string name;
  Tensor tensor;
  Tolerance tolerance;
};

// One operator with its arguments, ready to be run once (tests) or often (benchmarks).
struct Prepared {
  std::function<void()> run;
  std::vector<Result> results;
};

struct OperatorCase {
  std::string name;  // the operator, then the sizes: letters, digits and underscores
  std::function<Prepared(const Inputs&)> prepare;
  bool accumulates = false;  // has a WriteMode
  bool takes_bf16 = false;   // its maps may be bf16 on CUDA devices
  double operations = 0;     // floating-point additions and multiplications
};

// ---------------------------------------------------------------- cases of any size

struct Conv2dSize {
  int batch, height, width, in, out, kernel;
  int stride = 1;
  int padding = 0;
  bool relu = false;
  PoolKind pool = PoolKind::none;
  bool full = true;  // the full-resolution map, or its gradient, is there too where there is a pool
  bool bias = true;
  bool frozen = false;
};
// The same with ReLU, and with pooling.
inline Conv2dSize with_relu(Conv2dSize size, PoolKind pool = PoolKind::none, bool full = true) {
  size.relu = true;
  size.pool = pool;
  size.full = full;
  return size;
}
OperatorCase conv2d_case(const Conv2dSize& size);
OperatorCase conv2d_backward_input_case(const Conv2dSize& size);
OperatorCase conv2d_backward_weight_case(const Conv2dSize& size);

OperatorCase relu_case(const Shape& x, bool mask);
OperatorCase relu_backward_case(const Shape& x);
OperatorCase pool2d_case(const Pool2dParams& params, const Shape& x);
OperatorCase pool2d_backward_case(const Pool2dParams& params, const Shape& x);

OperatorCase gram_case(const Shape& f);
OperatorCase gram_backward_case(const Shape& f);
OperatorCase gram_style_loss_case(const Shape& f, bool gradient);
// Features in centre +- spread.
OperatorCase channel_statistics_case(const Shape& x, double centre = 1, double spread = 1);
OperatorCase channel_statistics_backward_case(const Shape& x);
OperatorCase content_loss_case(const Shape& x, bool gradient);
OperatorCase tv_loss_case(TvForm form, const Shape& x, bool gradient);
OperatorCase range_loss_case(const Shape& x, bool gradient);

OperatorCase channel_affine_case(const ChannelAffineParams& params, const Shape& x);
OperatorCase channel_affine_backward_case(const ChannelAffineParams& params, const Shape& x);
OperatorCase resize_case(ResizeFilter filter, const Shape& x, const Shape& y);
OperatorCase resize_backward_case(ResizeFilter filter, const Shape& x, const Shape& y);

OperatorCase dot_case(const Shape& x);

// Some steps of each optimiser, with what follows a step; L-BFGS with a history of `pairs`.
OperatorCase adam_step_case(const Shape& shape);
OperatorCase sgd_step_case(const Shape& shape, double momentum);
OperatorCase lbfgs_step_case(const Shape& shape, int pairs);
// The same for ever shorter gradients, whose steps can be compared between devices.
OperatorCase lbfgs_descent_case(const Shape& shape, int pairs);

// Every operator that goes element by element or reduces, on x of that shape.
std::vector<OperatorCase> elementwise_cases(const Shape& x);

// ---------------------------------------------------------------- the table

// Every operator of the table at odd sizes: single pixels, single rows, channels that no vector
// width divides, batches, strides.
const std::vector<OperatorCase>& operator_cases();

}  // namespace gramgrad::tests
