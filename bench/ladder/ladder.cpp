// A step against the reference in f64.
#include "bench/ladder/ladder.h"

#include "tests/kernels/agreement.h"
#include "tests/kernels/random_tensors.h"

namespace gramgrad::bench {

std::string complaint(const Step& step, const tests::OperatorCase& check, const Device& device) {
  using namespace tests;
  Ops ops = device.ops();
  step.use(ops);
  // With tensor cores on numbers that TF32 has, so that only sums are rounded.
  Inputs::Options inputs{.seed = test_seed()};
  inputs.bits = step.tensor_cores ? 9 : inputs.bits;
  Inputs::Options exact = inputs;
  exact.dtype = DType::f64;
  Inputs::Options absolute = exact;
  absolute.magnitudes = true;
  const auto actual = results_of(check, device.with_ops(ops), inputs);
  const auto expected = results_of(check, Device::reference(), exact);
  const auto magnitudes = results_of(check, Device::reference(), absolute);
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const std::string wrong = disagreement(actual[i], expected[i], magnitudes[i],
                                           step.tensor_cores ? tensor_core_bound : f32_bound);
    if (!wrong.empty()) {
      return fmt::format("{}, {}: {}", step.name, check.name, wrong);
    }
  }
  return "";
}

}  // namespace gramgrad::bench
