// gradcheck must catch wrong gradients, and say where they are.
#include "autograd/gradcheck.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "autograd/functions.h"
#include "autograd/node.h"
#include "kernels/check.h"
#include "tests/autograd/random_tensor.h"

namespace gramgrad::autograd {
namespace {

using Inputs = std::span<const Variable>;

// x, with whatever gradient.
template <typename Gradient>
DifferentiableFunction identity_with(Gradient gradient) {
  return [gradient](Inputs in) {
    Tensor y(in[0].device(), in[0].shape(), in[0].value().dtype());
    y.device().ops().copy(in[0].value(), y);
    return record("identity", std::move(y), {in[0]}, [gradient](Backward& step) {
      step.into(0, [&](Tensor& dx, WriteMode mode) { gradient(step.dy(), dx, mode); });
    });
  };
}

double keep(WriteMode mode) {
  return mode == WriteMode::accumulate ? 1.0 : 0.0;
}

void right(const Tensor& dy, Tensor& dx, WriteMode mode) {
  dx.device().ops().axpby(1.0, dy, keep(mode), dx);
}

TEST(Gradcheck, CatchesWrongGradients) {
  const Tensor x = random_tensor({1, 2, 3, 2}, 23);
  const auto passes = [&](auto gradient) { return gradcheck(identity_with(gradient), {x}).passed; };
  EXPECT_TRUE(passes(right));
  EXPECT_FALSE(passes([](const Tensor& dy, Tensor& dx, WriteMode mode) {
    dx.device().ops().axpby(1.0 + 1e-7, dy, keep(mode), dx);
  }));
  EXPECT_FALSE(passes([](const Tensor& dy, Tensor& dx, WriteMode mode) {
    right(dy, dx, mode);
    dx.data<double>()[7] += 1e-6;  // one entry only
  }));
  // Assigns where it should add.
  EXPECT_FALSE(passes(
      [](const Tensor& dy, Tensor& dx, WriteMode) { dx.device().ops().axpby(1.0, dy, 0.0, dx); }));
}

TEST(Gradcheck, NamesTheWorstElement) {
  const Tensor x = random_tensor({1, 2, 3, 2}, 24);
  const GradcheckReport report =
      gradcheck(identity_with([](const Tensor& dy, Tensor& dx, WriteMode mode) {
                  right(dy, dx, mode);
                  dx.data<double>()[7] += 0.5;
                }),
                {x});
  EXPECT_NE(report.message.find("input 0, element 7"), std::string::npos) << report.message;
}

TEST(Gradcheck, NothingThatIsNotANumberPasses) {
  const Tensor x = random_tensor({1, 2, 3, 2}, 25);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, inf}) {
    const GradcheckReport in_gradient =
        gradcheck(identity_with([bad](const Tensor& dy, Tensor& dx, WriteMode mode) {
                    right(dy, dx, mode);
                    dx.data<double>()[0] = bad;
                  }),
                  {x});
    EXPECT_FALSE(in_gradient.passed);
    EXPECT_TRUE(std::isinf(in_gradient.worst_error));
    const GradcheckReport in_value = gradcheck([bad](Inputs in) { return scale(in[0], bad); }, {x});
    EXPECT_FALSE(in_value.passed);
  }
}

TEST(Gradcheck, RefusesWhatItCannotCheck) {
  const Tensor single =
      Tensor::from_host<double>(Device::reference(), {2}, DType::f32, std::vector<double>{1, 2});
  EXPECT_THROW(gradcheck([](Inputs in) { return in[0]; }, {single}), Error);
  const Tensor x = random_tensor({2}, 26);
  EXPECT_THROW(gradcheck([](Inputs in) { return scale(in[0], 2); }, {x, x}), Error);
}

}  // namespace
}  // namespace gramgrad::autograd
