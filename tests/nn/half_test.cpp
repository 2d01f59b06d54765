// f16 and bf16 against their definitions, for every one of their 65536 values.
#include "nn/half.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/check.h"
#include "nn/tensor_view.h"

namespace gramgrad::nn {
namespace {

struct Format {
  int mantissa_bits;
  int bias;
  int max_exponent;  // of infinity and NaN
  float (*widen)(std::uint16_t);
  std::uint16_t (*narrow)(float);

  int exponent(std::uint16_t bits) const { return (bits & 0x7fff) >> mantissa_bits; }
  int mantissa(std::uint16_t bits) const { return bits & ((1 << mantissa_bits) - 1); }
  std::uint16_t infinity() const {
    return static_cast<std::uint16_t>(max_exponent << mantissa_bits);
  }

  // The definition: (−1)^s · 1.m · 2^(e − bias), or (−1)^s · 0.m · 2^(1 − bias) if e is 0. The
  // exponent of infinity is taken as one more binade, which is right for finding midpoints.
  double value(std::uint16_t bits) const {
    const int e = exponent(bits);
    const int significand = mantissa(bits) + (e == 0 ? 0 : 1 << mantissa_bits);
    const double magnitude = std::ldexp(significand, std::max(e, 1) - bias - mantissa_bits);
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
  }
};

constexpr Format f16 = {10, 15, 31, f16_to_f32, f32_to_f16};
constexpr Format bf16 = {7, 127, 255, bf16_to_f32, f32_to_bf16};

class Half : public testing::TestWithParam<Format> {};

INSTANTIATE_TEST_SUITE_P(Formats, Half, testing::Values(f16, bf16), [](const auto& param) {
  return std::string(param.index == 0 ? "f16" : "bf16");
});

TEST_P(Half, WidensEveryValueExactly) {
  const Format& format = GetParam();
  for (int i = 0; i < 65536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float wide = format.widen(bits);
    ASSERT_EQ(std::signbit(wide), i >= 0x8000) << i;
    if (format.exponent(bits) < format.max_exponent) {
      ASSERT_EQ(static_cast<double>(wide), format.value(bits)) << i;
    } else if (format.mantissa(bits) == 0) {
      ASSERT_TRUE(std::isinf(wide)) << i;
    } else {
      ASSERT_TRUE(std::isnan(wide)) << i;
    }
  }
}

TEST_P(Half, NarrowsWhatItWidened) {
  const Format& format = GetParam();
  for (int i = 0; i < 65536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const std::uint16_t back = format.narrow(format.widen(bits));
    if (std::isnan(format.widen(bits))) {
      ASSERT_TRUE(std::isnan(format.widen(back))) << i;
      ASSERT_EQ(back & 0x8000, bits & 0x8000) << i;
    } else {
      ASSERT_EQ(back, bits) << i;
    }
  }
}

// Between all neighbours, the last finite value and infinity included.
TEST_P(Half, RoundsToNearestTiesToEven) {
  const Format& format = GetParam();
  for (const int sign : {0, 0x8000}) {
    for (int i = 0; i < format.infinity(); ++i) {
      const auto low = static_cast<std::uint16_t>(i | sign);
      const auto high = static_cast<std::uint16_t>((i + 1) | sign);
      const auto middle = static_cast<float>((format.value(low) + format.value(high)) / 2);
      const auto even = (i & 1) == 0 ? low : high;
      ASSERT_EQ(format.narrow(middle), even) << i;
      ASSERT_EQ(format.narrow(std::nextafter(middle, 0.0f)), low) << i;
      const float outward = std::copysign(std::numeric_limits<float>::infinity(), middle);
      ASSERT_EQ(format.narrow(std::nextafter(middle, outward)), high) << i;
    }
  }
}

TEST_P(Half, NarrowsTheEndsOfF32) {
  const Format& format = GetParam();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(format.narrow(std::numeric_limits<float>::max()), format.infinity());
  EXPECT_EQ(format.narrow(-std::numeric_limits<float>::max()), format.infinity() | 0x8000);
  EXPECT_EQ(format.narrow(infinity), format.infinity());
  EXPECT_EQ(format.narrow(-infinity), format.infinity() | 0x8000);
  EXPECT_EQ(format.narrow(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(format.narrow(-std::numeric_limits<float>::denorm_min()), 0x8000);
  // The payload of this NaN lies in bits that narrowing drops.
  EXPECT_TRUE(std::isnan(format.widen(format.narrow(std::bit_cast<float>(0x7f800001u)))));
}

// Tensor views, from bytes that are not aligned.
TEST(TensorView, ExpandsToF32AndF64) {
  const std::vector<std::uint16_t> halves = {0x3c00, 0xc000, 0x0001, 0x7bff, 0x83ff};
  const std::vector<double> expected = {1, -2, 0x1p-24, 65504, -1023 * 0x1p-24};
  std::vector<std::byte> bytes(1 + 2 * halves.size());
  std::memcpy(bytes.data() + 1, halves.data(), 2 * halves.size());
  const TensorView tensor{"t", DType::f16, {5}, std::span(bytes).subspan(1)};
  std::vector<float> narrow(5, std::nanf(""));
  std::vector<double> wide(5, std::nan(""));
  expand_to_f32(tensor, narrow);
  expand_to_f64(tensor, wide);
  EXPECT_EQ(wide, expected);
  EXPECT_EQ(std::vector<double>(narrow.begin(), narrow.end()), expected);
  narrow.resize(4);
  EXPECT_THROW(expand_to_f32(tensor, narrow), Error);
}

TEST(TensorView, FindsWhatIsNotFinite) {
  const auto finite = [](DType dtype, std::uint64_t bits) {
    const std::vector<std::uint64_t> storage = {bits};
    const TensorView tensor{
        "t", dtype, {8 / static_cast<int>(size_of(dtype))}, std::as_bytes(std::span(storage))};
    return all_finite(tensor);
  };
  EXPECT_TRUE(finite(DType::f32, 0x7f7fffff'ff7fffff));
  EXPECT_FALSE(finite(DType::f32, 0x7f800000'00000000));
  EXPECT_FALSE(finite(DType::f32, 0x00000000'ffc00000));
  EXPECT_TRUE(finite(DType::f16, 0x7bff'fbff'03ff'8000));
  EXPECT_FALSE(finite(DType::f16, 0x0000'fc00'0000'0000));
  EXPECT_FALSE(finite(DType::f16, 0x0000'0000'0000'7c01));
  EXPECT_TRUE(finite(DType::bf16, 0x7f7f'ff7f'007f'8000));
  EXPECT_FALSE(finite(DType::bf16, 0x7f80'0000'0000'0000));
  EXPECT_FALSE(finite(DType::bf16, 0x0000'0000'ffff'0000));
}

}  // namespace
}  // namespace gramgrad::nn
