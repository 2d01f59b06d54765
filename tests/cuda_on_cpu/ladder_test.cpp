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

void write_7(Tensor& to) {
  to.device().ops().fill(to, 7);
}

// Writes something else in place of every operator that has a ladder.
void use_wrong_ones(Ops& ops) {
  using Output = Tensor&;
  using Input = const Tensor&;
  ops.gram = +[](double, Input, Output g) { write_7(g); };
  ops.gram_backward = +[](double, Input, Input, Output df, WriteMode) { write_7(df); };
  ops.gram_style_loss =
      +[](const GramStyleLossParams&, Input, Input, Output loss, Tensor*) { write_7(loss); };
  ops.content_loss = +[](double, Input, Input, Output loss, Tensor*) { write_7(loss); };
  ops.tv_loss = +[](const TvLossParams&, Input, Output loss, Tensor*) { write_7(loss); };
  ops.relu = +[](Input, Output y, Tensor*) { write_7(y); };
  ops.pool2d = +[](const Pool2dParams&, Input, Output y, Tensor*) { write_7(y); };
  ops.channel_affine = +[](const ChannelAffineParams&, Input, Output y) { write_7(y); };
  ops.adam_step = +[](const AdamParams&, const AfterStep&, Input, Input, Output, Output, Output,
                      Output x) { write_7(x); };
  ops.lbfgs_step = +[](const LbfgsParams&, const AfterStep&, Input, Input, Output, Output, Output,
                       Output x) { write_7(x); };
  ops.dot = +[](Input, Input, Output out) { write_7(out); };
  ops.resize = +[](ResizeFilter, Input, Output y) { write_7(y); };
  ops.channel_statistics = +[](double, Input, Output, Output deviation) { write_7(deviation); };
}

// The check itself: a step that writes something else is complained about.
TEST_P(LadderTest, AStepThatIsWrongIsFound) {
  const Step wrong{"wrong", use_wrong_ones};
  EXPECT_NE(complaint(wrong, GetParam().checks.back(), Device::cuda()), "");
}

INSTANTIATE_TEST_SUITE_P(Ladders, LadderTest, testing::ValuesIn(all_ladders()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace gramgrad::bench
