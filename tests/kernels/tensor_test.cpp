// Tensors and shapes: transfers, conversions, views, and what they refuse.
#include "kernels/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/ops.h"

namespace gramgrad {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TensorTest : public testing::Test {
 protected:
  template <typename Call>
  void expect_error(const char* message, Call call) const {
    try {
      call();
      ADD_FAILURE() << "nothing was thrown; expected: " << message;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }

  Device device_ = Device::reference();
};

TEST_F(TensorTest, GoesToTheDeviceAndBack) {
  const Tensor f32 =
      Tensor::from_host<float>(device_, {3}, DType::f32, std::vector<float>{1, -2.5F, 1e30F});
  EXPECT_THAT(f32.to_host<float>(), ElementsAre(1, -2.5F, 1e30F));
  const Tensor u8 =
      Tensor::from_host<std::uint8_t>(device_, {2}, DType::u8, std::vector<std::uint8_t>{0, 255});
  EXPECT_THAT(u8.to_host<std::uint8_t>(), ElementsAre(0, 255));
}

TEST_F(TensorTest, ConvertsBetweenFloatingPointTypes) {
  const std::vector<double> values{0.1, 1 + 0x1p-40};
  const Tensor f32 = Tensor::from_host<double>(device_, {2}, DType::f32, values);
  EXPECT_EQ(f32.dtype(), DType::f32);
  EXPECT_THAT(f32.to_host<double>(), ElementsAre(static_cast<double>(0.1F), 1.0));
  const Tensor f64 = Tensor::from_host<double>(device_, {2}, DType::f64, values);
  EXPECT_THAT(f64.to_host<double>(), ElementsAre(0.1, 1 + 0x1p-40));
  EXPECT_THAT(f64.to_host<float>(), ElementsAre(0.1F, 1.0F));
  const Tensor widened =
      Tensor::from_host<float>(device_, {1}, DType::f64, std::vector<float>{0.1F});
  EXPECT_EQ(widened.item(), static_cast<double>(0.1F));
}

TEST_F(TensorTest, RefusesTheWrongType) {
  Tensor f32(device_, {2}, DType::f32);
  Tensor mask(device_, {2}, DType::u8);
  expect_error("a tensor of f32 was used as f64", [&] { f32.data<double>(); });
  expect_error("a tensor of u8 was used as f32", [&] { mask.data<float>(); });
  expect_error("a tensor of u8 cannot be read as f32", [&] { mask.to_host<float>(); });
  expect_error("a tensor of f32 cannot be read as u8", [&] { f32.to_host<std::uint8_t>(); });
  expect_error("device reference does not compute in f16",
               [&] { Tensor(device_, {2}, DType::f16); });
  expect_error("device cpu does not compute in f64",
               [&] { Tensor(Device::cpu(1), {2}, DType::f64); });
}

TEST_F(TensorTest, RefusesTheWrongSize) {
  const std::vector<float> three(3);
  expect_error("3 values do not fill a tensor of shape [2, 2]", [&] {
    Tensor::from_host<float>(device_, {2, 2}, DType::f32, three);
  });
  const Tensor x = Tensor::from_host<float>(device_, {3}, DType::f32, three);
  expect_error("cannot view a tensor of shape [3] as [2, 2]", [&] { x.reshaped({2, 2}); });
  expect_error("item() needs one element, and the shape is [3]", [&] { x.item(); });
}

TEST_F(TensorTest, UndefinedTensorsSaySo) {
  Tensor undefined;
  EXPECT_FALSE(undefined.defined());
  EXPECT_EQ(undefined.storage_id(), 0U);
  expect_error("an undefined tensor has no data", [&] { undefined.data<float>(); });
  expect_error("an undefined tensor has no device", [&] { undefined.device(); });
}

TEST_F(TensorTest, CopiesAndViewsShareMemory) {
  Tensor x(device_, {2, 3}, DType::f32);
  Tensor view = x.reshaped({6});
  EXPECT_EQ(view.storage_id(), x.storage_id());
  view.data<float>()[5] = 7;
  EXPECT_EQ(x.data<float>()[5], 7);
  EXPECT_NE(Tensor(device_, {2, 3}, DType::f32).storage_id(), x.storage_id());
}

TEST_F(TensorTest, MemoryIsCountedAndReturned) {
  const std::size_t before = device_.memory().current;
  {
    const Tensor x(device_, {1000}, DType::f32);
    const Tensor copy = x;
    EXPECT_EQ(device_.memory().current, before + 4032);
  }
  EXPECT_EQ(device_.memory().current, before);
}

TEST_F(TensorTest, OutlivesItsDeviceHandle) {
  const auto make = [] {
    return Tensor::from_host<float>(Device::reference(), {1}, DType::f32, std::vector<float>{3});
  };
  EXPECT_EQ(make().item(), 3);
}

TEST_F(TensorTest, EmptyTensorsAreTensors) {
  const Tensor x(device_, {0, 4}, DType::f32);
  EXPECT_TRUE(x.defined());
  EXPECT_EQ(x.size(), 0);
  EXPECT_TRUE(x.to_host<float>().empty());
}

TEST(ShapeTest, RefusesWhatDoesNotFit) {
  constexpr std::int64_t large = std::int64_t{1} << 32;
  EXPECT_THROW((Shape{large, large}.size()), Error);
  EXPECT_EQ((Shape{large, large / 4}.size()), std::int64_t{1} << 62);
  EXPECT_THROW((Shape{-1}), Error);
  EXPECT_THROW((Shape{1, 1, 1, 1, 1}), Error);
  // The elements fit, their bytes do not.
  EXPECT_THROW((Tensor(Device::reference(), {large, large / 4}, DType::f64)), Error);
  EXPECT_THROW((Tensor(Device::reference(), {large, large / 8}, DType::f64)), Error);
}

TEST(ShapeTest, ComparesRankAndExtents) {
  EXPECT_EQ((Shape{2, 3}), (Shape{2, 3}));
  EXPECT_FALSE((Shape{2, 3} == Shape{2, 3, 1}));
  EXPECT_FALSE((Shape{2, 3} == Shape{3, 2}));
  EXPECT_EQ((Shape{2, 3, 5}.to_string()), "[2, 3, 5]");
  EXPECT_EQ(Shape{}.size(), 1);
}

TEST(OutputShapes, FollowTheContracts) {
  EXPECT_EQ(conv2d_output_shape({.stride = 2, .padding = 1}, {2, 7, 8, 3}, {5, 3, 3, 3}),
            (Shape{2, 4, 4, 5}));
  EXPECT_EQ(conv2d_pooled_shape({.padding = 1, .pool = PoolKind::max}, {1, 7, 8, 3}, {5, 3, 3, 3}),
            (Shape{1, 3, 4, 5}));
  EXPECT_EQ(pool2d_output_shape({.window = 3, .stride = 2}, {1, 8, 9, 4}), (Shape{1, 3, 4, 4}));
  EXPECT_EQ(relu_mask_shape({1, 2, 3, 9}), (Shape{1, 2, 3, 2}));
  EXPECT_THROW(conv2d_output_shape({.stride = 0}, {1, 8, 8, 3}, {5, 3, 3, 3}), Error);
  EXPECT_THROW(conv2d_output_shape({.padding = -1}, {1, 8, 8, 3}, {5, 3, 3, 3}), Error);
}

}  // namespace
}  // namespace gramgrad
