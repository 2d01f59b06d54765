// Every step of bench/ladder gives the reference's results, in every order.
#include <gtest/gtest.h>

#include "bench/ladder/ladder.h"
#include "tests/cuda_on_cpu/runner.h"

namespace gramgrad::bench {
namespace {

using cuda_on_cpu::Order;

class LadderTest : public testing::TestWithParam<Ladder> {
 protected:
  void TearDown() override { cuda_on_cpu::configure({}); }
};

TEST_P(LadderTest, EveryStepIsRight) {
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    cuda_on_cpu::configure({.order = order});
    for (const Step& step : GetParam().steps) {
      for (const tests::OperatorCase& check : GetParam().checks) {
        EXPECT_EQ(complaint(step, check, Device::cuda()), "");
      }
    }
  }
}

// The check itself: a step that writes something else is complained about.
TEST_P(LadderTest, AStepThatIsWrongIsFound) {
  const Step wrong{"wrong", [](Ops& ops) {
                     ops.gram =
                         +[](double, const Tensor&, Tensor& g) { g.device().ops().fill(g, 7); };
                     ops.tv_loss = +[](const TvLossParams&, const Tensor&, Tensor& loss, Tensor*) {
                       loss.device().ops().fill(loss, 7);
                     };
                     ops.content_loss = +[](double, const Tensor&, const Tensor&, Tensor& loss,
                                            Tensor*) { loss.device().ops().fill(loss, 7); };
                   }};
  EXPECT_NE(complaint(wrong, GetParam().checks.back(), Device::cuda()), "");
}

INSTANTIATE_TEST_SUITE_P(Ladders, LadderTest, testing::ValuesIn(all_ladders()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace gramgrad::bench
