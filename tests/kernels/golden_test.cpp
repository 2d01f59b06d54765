// The reference in f64 against what PyTorch computed (tests/golden/make_kernel_goldens.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/kernels/random_tensors.h"

namespace gramgrad::tests {
namespace {

using Json = nlohmann::json;

const Json& goldens() {
  static const Json json =
      Json::parse(std::ifstream(GRAMGRAD_SOURCE_DIR "/tests/golden/kernel_goldens.json"));
  return json;
}

Shape shape_of(const Json& golden) {
  const auto e = golden.at("shape").get<std::vector<std::int64_t>>();
  return e.size() == 4 ? Shape{e[0], e[1], e[2], e[3]} : Shape{e.at(0)};
}

class Golden : public testing::Test {
 protected:
  Tensor tensor(const Json& golden) const {
    return f64_tensor(device_, shape_of(golden), golden.at("values").get<std::vector<double>>());
  }
  Tensor like(const Json& golden) const { return random_f64(device_).assigned(shape_of(golden)); }
  const Ops& ops() const { return device_.ops(); }

  // Inputs are at most 2 and sums have at most a few dozen terms: errors of f64 stay below 1e-13.
  static void expect_equal(const Tensor& actual, const Json& golden) {
    const auto values = actual.to_host<double>();
    const auto expected = golden.at("values").get<std::vector<double>>();
    ASSERT_EQ(values.size(), expected.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_NEAR(values[i], expected[i], 1e-13) << "element " << i;
    }
  }

  Device device_ = Device::reference();
};

TEST_F(Golden, Conv2d) {
  for (const Json& golden : goldens().at("conv2d")) {
    const Conv2dParams params{.stride = golden.at("stride"), .padding = golden.at("padding")};
    const Tensor x = tensor(golden.at("x"));
    const Tensor w = tensor(golden.at("w"));
    const Tensor dy = tensor(golden.at("dy"));
    Tensor y = like(golden.at("y"));
    Tensor dx = like(golden.at("x"));
    Tensor dw = like(golden.at("w"));
    Tensor dbias = like(golden.at("bias"));
    ops().conv2d(params, x, w, tensor(golden.at("bias")), {.y = &y});
    ops().conv2d_backward_input(params, {.dy = &dy}, w, dx, WriteMode::assign);
    ops().conv2d_backward_weight(params, {.dy = &dy}, x, dw, dbias, WriteMode::assign);
    expect_equal(y, golden.at("y"));
    expect_equal(dx, golden.at("dx"));
    expect_equal(dw, golden.at("dw"));
    expect_equal(dbias, golden.at("dbias"));
  }
}

TEST_F(Golden, Pool2d) {
  for (const Json& golden : goldens().at("pool2d")) {
    const bool max = golden.at("kind") == "max";
    const Pool2dParams params{.kind = max ? PoolKind::max : PoolKind::average,
                              .window = golden.at("window"),
                              .stride = golden.at("stride")};
    Tensor y = like(golden.at("y"));
    Tensor dx = like(golden.at("x"));
    Tensor mask(device_, y.shape(), DType::u8);
    ops().pool2d(params, tensor(golden.at("x")), y, max ? &mask : nullptr);
    ops().pool2d_backward(params, tensor(golden.at("dy")), max ? &mask : nullptr, dx,
                          WriteMode::assign);
    expect_equal(y, golden.at("y"));
    expect_equal(dx, golden.at("dx"));
  }
}

TEST_F(Golden, Resize) {
  for (const Json& golden : goldens().at("resize")) {
    SCOPED_TRACE(golden.at("filter"));
    const ResizeFilter filter = golden.at("filter") == "area"       ? ResizeFilter::area
                                : golden.at("filter") == "bilinear" ? ResizeFilter::bilinear
                                                                    : ResizeFilter::bicubic;
    Tensor y = like(golden.at("y"));
    Tensor dx = like(golden.at("x"));
    ops().resize(filter, tensor(golden.at("x")), y);
    ops().resize_backward(filter, tensor(golden.at("dy")), dx, WriteMode::assign);
    expect_equal(y, golden.at("y"));
    expect_equal(dx, golden.at("dx"));
  }
}

TEST_F(Golden, Adam) {
  const Json& golden = goldens().at("adam");
  Tensor x = tensor(golden.at("start"));
  Tensor m = like(golden.at("start"));
  Tensor v = like(golden.at("start"));
  ops().fill(m, 0);
  ops().fill(v, 0);
  Tensor state = zero_state(device_, sizeof(AdamState));
  const Tensor loss = random_f64(device_).values("loss", {1});
  for (std::size_t i = 0; i < golden.at("values").size(); ++i) {
    ops().adam_step({.learning_rate = 0.02}, {}, loss, tensor(golden.at("gradients")[i]), m, v,
                    state, x);
    expect_equal(x, golden.at("values")[i]);
  }
}

TEST_F(Golden, NinePointTotalVariation) {
  for (const Json& golden : goldens().at("nine_point_tv")) {
    Tensor loss = random_f64(device_).assigned({1});
    Tensor dx = like(golden.at("x"));
    ops().tv_loss({.form = TvForm::nine_point}, tensor(golden.at("x")), loss, &dx);
    EXPECT_NEAR(loss.item(), golden.at("loss").get<double>(), 1e-13);
    expect_equal(dx, golden.at("dx"));
  }
}

}  // namespace
}  // namespace gramgrad::tests
