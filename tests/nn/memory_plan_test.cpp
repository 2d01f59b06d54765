// The predicted peak memory against the measured one.
#include "nn/memory_plan.h"

#include <gtest/gtest.h>

#include <ostream>

#include <cmath>

#include "kernels/cpu/panels.h"
#include "nn/networks/embedded.h"
#include "nn/tap.h"
#include "nn/vgg.h"

namespace gramgrad::nn {
namespace {

struct Case {
  std::string name;
  Scale size;
  std::vector<Scale> styles;
  StylizerOptions options;
  PoolKind pooling = PoolKind::average;
  int iterations = 3;
};

Tensor picture(const Device& device, DType dtype, const Scale& size) {
  std::vector<float> values(static_cast<std::size_t>(size.height * size.width * 3));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(0.5 + 0.4 * std::sin(0.01 * static_cast<double>(i * i % 7919)));
  }
  return Tensor::from_host<float>(device, {1, size.height, size.width, 3}, dtype, values);
}

struct Memory {
  double total;
  double work;  // without the weights
};

Memory measured(const WeightsFile& file, const Device& device, DType dtype, const Case& c) {
  StylizeInputs inputs;
  inputs.content = picture(device, dtype, c.size);
  for (const Scale& style : c.styles) {
    inputs.styles.push_back(picture(device, dtype, style));
  }
  const std::vector<std::string> taps =
      required_taps(c.options.objective, find_architecture(file.architecture()));
  device.reset_peak_memory();
  const Vgg vgg(file, device, dtype, c.pooling, taps.back());
  const Scale scale{c.size.height, c.size.width, c.iterations};
  stylize(vgg, c.options, inputs, std::span(&scale, 1),
          [](const IterationReport&, const Tensor&) { return true; });
  return {static_cast<double>(device.memory().peak), 0};
}

Memory predicted(const WeightsFile& file, const Device& device, DType dtype, const Case& c) {
  MemoryInputs inputs{{c.size.height, c.size.width, c.iterations}, c.styles, 0};
  const auto bytes = [&](const Scale& size) {
    return static_cast<std::size_t>(size.height * size.width * 3) * size_of(dtype);
  };
  inputs.held = bytes(c.size);
  for (const Scale& style : c.styles) {
    inputs.held += bytes(style);
  }
  const MemoryPlan plan = plan_memory(file, c.options, c.pooling, device, dtype, inputs);
  Memory memory{static_cast<double>(plan.total), static_cast<double>(plan.total)};
  for (const MemoryPart& part : plan.parts) {
    if (part.name.find("weights") != part.name.npos) {
      memory.work -= static_cast<double>(part.bytes);
    }
  }
  return memory;
}

void PrintTo(const Case& c, std::ostream* stream) {
  *stream << c.name;
}

std::vector<Case> cases() {
  std::vector<Case> all{{"balanced", {144, 192, 0}, {{144, 192, 0}}, {}},
                        {"odd_size", {101, 77, 0}, {{101, 97, 0}}, {}},
                        {"long_history", {96, 96, 0}, {{96, 96, 0}}, {}}};
  all[2].iterations = 10;

  Case peers{"neural_style", {160, 160, 0}, {{120, 160, 0}}, {}, PoolKind::max};
  peers.options.objective.style_layers.push_back({"relu5_1", 1});
  peers.options.objective.tv_weight = 0;
  peers.options.objective.range_weight = 0;
  all.push_back(peers);

  Case adam{"adam", {144, 144, 0}, {{144, 144, 0}}, {}};
  adam.options.optimizer.kind = OptimizerKind::adam;
  adam.options.average_decay = 0.9;
  all.push_back(adam);

  Case styles{"large_styles", {128, 128, 0}, {{256, 256, 0}, {200, 256, 0}}, {}};
  styles.options.style_scale = 2;
  all.push_back(styles);

  Case shallow{"shallow", {192, 192, 0}, {{192, 192, 0}}, {}, PoolKind::max};
  shallow.options.objective.content_layers = {{"pool2", 1}, {"relu2_1", 1}};
  shallow.options.objective.style_layers = {{"relu1_2", 1}, {"conv2_1", 1}};
  all.push_back(shallow);

  Case content{"content_only", {128, 128, 0}, {{128, 128, 0}}, {}};
  content.options.objective.style_weight = 0;
  all.push_back(content);
  return all;
}

void expect_agreement(const Device& device, DType dtype, const Case& c) {
  const WeightsFile file = WeightsFile::from_memory(embedded_vgg16(), "vgg16");
  const Memory prediction = predicted(file, device, dtype, c);
  Memory measurement = measured(file, device, dtype, c);
  measurement.work = measurement.total - (prediction.total - prediction.work);
  EXPECT_NEAR(prediction.total / measurement.total, 1, 0.15) << c.name;
  EXPECT_NEAR(prediction.work / measurement.work, 1, 0.15) << c.name;
}

class MemoryPlanOf : public testing::TestWithParam<Case> {};

TEST_P(MemoryPlanOf, AgreesWithTheCpuDevice) {
  expect_agreement(Device::cpu(), DType::f32, GetParam());
}
// What is packed in bf16, and how large blocks of tiles are. Scratch memory of Gram matrices is not
// predicted: up to 2 MiB here, where it is more than the convolutions'.
TEST_P(MemoryPlanOf, AgreesWithTheCpuDeviceInMixedAndBf16) {
  if (!cpu::multiplies_bf16()) {
    GTEST_SKIP() << "this processor has no instructions that multiply bf16 numbers";
  }
  const WeightsFile file = WeightsFile::from_memory(embedded_vgg16(), "vgg16");
  for (const Math math : {Math::mixed, Math::bf16}) {
    const Device device = Device::cpu(0, math);
    EXPECT_NEAR(predicted(file, device, DType::f32, GetParam()).total,
                measured(file, device, DType::f32, GetParam()).total, 3 << 20)
        << GetParam().name << (math == Math::mixed ? ", mixed" : ", bf16");
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, MemoryPlanOf, testing::ValuesIn(cases()),
                         [](const auto& chosen) { return chosen.param.name; });

// Maps of less than 8 pixels want other tiles than larger ones: the style's weights and the
// content's. As above, up to 2 MiB of scratch memory are not predicted; a second copy is tens of
// MiB.
TEST(MemoryPlan, CountsWeightsThatAreKeptInTwoShapes) {
  const WeightsFile file = WeightsFile::from_memory(embedded_vgg16(), "vgg16");
  const Device device = Device::cpu();
  const Case apart{"apart", {40, 30, 0}, {{48, 40, 0}}, {}};
  EXPECT_NEAR(predicted(file, device, DType::f32, apart).total,
              measured(file, device, DType::f32, apart).total, 3 << 20);
}

TEST(MemoryPlan, AgreesWithTheReferenceDevice) {
  Case c{"f64", {32, 40, 0}, {{32, 40, 0}}, {}};
  c.iterations = 2;
  c.options.objective.content_layers = {{"relu2_2", 1}};
  c.options.objective.style_layers = {{"relu1_1", 1}, {"relu2_1", 1}};
  expect_agreement(Device::reference(), DType::f64, c);
}

// Features, their gradients and weights take two bytes in place of four, nothing else does.
TEST(MemoryPlan, Bf16HalvesWhatIsAMap) {
  const WeightsFile file = WeightsFile::from_memory(embedded_vgg16(), "vgg16");
  const auto plan = [&](DType dtype) {
    return plan_memory(file, {}, PoolKind::max, Device::reference(), dtype,
                       {{512, 512, 100}, {{512, 512, 0}}, 0});
  };
  const MemoryPlan f32 = plan(DType::f32);
  const MemoryPlan bf16 = plan(DType::bf16);
  for (std::size_t i = 0; i < f32.parts.size(); ++i) {
    const MemoryPart& part = f32.parts[i];
    if (part.name == "weights" || part.name == "tapped features") {
      EXPECT_EQ(2 * bf16.parts[i].bytes, part.bytes) << part.name;
    }
    if (part.name == "pictures" || part.name == "optimiser state" || part.name == "masks") {
      EXPECT_EQ(bf16.parts[i].bytes, part.bytes) << part.name;
    }
  }
  EXPECT_GT(2 * bf16.total, f32.total);
  EXPECT_LT(bf16.total, f32.total * 3 / 4);
}

TEST(MemoryPlan, PartsSumToTheTotal) {
  const WeightsFile file = WeightsFile::from_memory(embedded_vgg16(), "vgg16");
  const StylizerOptions options;
  const MemoryPlan plan = plan_memory(file, options, PoolKind::average, Device::cpu(), DType::f32,
                                      {{512, 512, 100}, {{512, 512, 0}}, 0});
  std::size_t sum = 0;
  for (const MemoryPart& part : plan.parts) {
    sum += part.bytes;
  }
  EXPECT_EQ(sum, plan.total);
  EXPECT_GT(plan.total, std::size_t{100} << 20);
}

}  // namespace
}  // namespace gramgrad::nn
