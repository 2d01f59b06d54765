// Asks cuDNN itself, without a GPU, whether it can run the graphs that gramgrad makes: for every
// convolution of VGG19, forward and backward, on described GPUs of five generations. A plan that
// cuDNN finalises for a described device is one that it would run there.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <string>

#include "kernels/check.h"
#include "kernels/cuda/cudnn/library.h"
#include "kernels/cuda/cudnn/plan.h"

namespace gramgrad::cuda::cudnn {
namespace {

// Published figures of one card of each generation.
struct Gpu {
  std::string name;
  int capability;  // 10 * major + minor
  int processors;
  int clock_khz, memory_clock_khz;
  int l2_bytes, shared_bytes;  // shared_bytes: the most for one block
  int threads_per_processor, blocks_per_processor;
  long long memory_bytes;
};

std::string json_of(const Gpu& gpu) {
  return fmt::format(
      R"({{"deviceVer": {}, "driverVer": 13000, "cudaDeviceId": 0, "deviceId": 0,)"
      R"( "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64],)"
      R"( "regsPerBlock": 65536, "multiProcessorCount": {}, "warpSize": 32,)"
      R"( "smClockRateKHz": {}, "memClockRateKHz": {}, "l2CacheSize": {},)"
      R"( "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": {},)"
      R"( "reservedSharedMemoryPerBlock": {}, "maxRegistersPerSM": 65536, "pciDeviceId": 0,)"
      R"( "maxCtasPerSM": {}, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": {},)"
      R"( "isTccDriver": 0, "supportCoopLaunch": 1, "totalGlobalMem": {},)"
      R"( "deviceName": "{}"}})",
      gpu.capability * 10, gpu.processors, gpu.clock_khz, gpu.memory_clock_khz, gpu.l2_bytes,
      gpu.shared_bytes, gpu.capability >= 80 ? 1024 : 0, gpu.blocks_per_processor,
      gpu.threads_per_processor, gpu.memory_bytes, gpu.name);
}

const std::vector<Gpu>& gpus() {
  static const std::vector<Gpu> all{
      {"Tesla T4", 75, 40, 1590000, 5001000, 4 << 20, 65536, 1024, 16, 16LL << 30},
      {"NVIDIA A100-SXM4-80GB", 80, 108, 1410000, 1593000, 40 << 20, 166912, 2048, 32, 80LL << 30},
      {"NVIDIA GeForce RTX 4090", 89, 128, 2520000, 10501000, 72 << 20, 101376, 1536, 24,
       24LL << 30},
      {"NVIDIA H100 80GB HBM3", 90, 132, 1980000, 2619000, 50 << 20, 232448, 2048, 32, 79LL << 30},
      {"NVIDIA B200", 100, 148, 1965000, 3996000, 126 << 20, 232448, 2048, 32, 180LL << 30}};
  return all;
}

// The convolutions of VGG19 for a picture of 512 x 341 pixels, each size once.
struct Layer {
  const char* name;
  std::int64_t height, width, in, out;
};
constexpr Layer layers[] = {
    {"conv1_1", 341, 512, 3, 64},    {"conv1_2", 341, 512, 64, 64},  {"conv2_1", 170, 256, 64, 128},
    {"conv2_2", 170, 256, 128, 128}, {"conv3_1", 85, 128, 128, 256}, {"conv3_2", 85, 128, 256, 256},
    {"conv4_1", 42, 64, 256, 512},   {"conv4_2", 42, 64, 512, 512},  {"conv5_1", 21, 32, 512, 512}};

ConvolutionKey key_of(const Layer& layer, ConvolutionPass pass, bool accumulate,
                      DType dtype = DType::f32) {
  const bool forward = pass == ConvolutionPass::forward;
  return {.pass = pass,
          .dtype = dtype,
          .height = layer.height,
          .width = layer.width,
          .in_channels = layer.in,
          .out_channels = layer.out,
          .kernel_height = 3,
          .kernel_width = 3,
          .padding = 1,
          .bias = forward,
          .relu = forward,
          .accumulate = accumulate};
}

class CudnnHeuristics : public testing::TestWithParam<Gpu> {
 protected:
  void SetUp() override {
    if (!library().obstacle.empty()) {
      GTEST_SKIP() << library().obstacle;
    }
  }
};

std::optional<Plan> plan_for(const ConvolutionKey& key, const Descriptor& device) {
  return Plans(ConvolutionGraph(key, nullptr), Math::tf32, device).best();
}

void expect_plan(const ConvolutionKey& key, const Descriptor& device) {
  const std::optional<Plan> plan = plan_for(key, device);
  ASSERT_TRUE(plan.has_value());
  EXPECT_GE(plan->workspace_bytes(), 0);
}

TEST_P(CudnnHeuristics, EveryLayerOfVggHasAPlan) {
  const Descriptor device = described_device(json_of(GetParam()));
  for (const Layer& layer : layers) {
    SCOPED_TRACE(layer.name);
    expect_plan(key_of(layer, ConvolutionPass::forward, false), device);
    for (const bool accumulate : {false, true}) {
      SCOPED_TRACE(accumulate ? "accumulated" : "assigned");
      expect_plan(key_of(layer, ConvolutionPass::backward_input, accumulate), device);
      expect_plan(key_of(layer, ConvolutionPass::backward_weight, accumulate), device);
    }
  }
}

// In bf16, which GPUs multiply from 8.0 on. Before that there are kernels of our own.
TEST_P(CudnnHeuristics, EveryLayerOfVggHasAPlanInBf16) {
  const Descriptor device = described_device(json_of(GetParam()));
  if (GetParam().capability < 80) {
    EXPECT_FALSE(plan_for(key_of(layers[1], ConvolutionPass::forward, false, DType::bf16), device));
    return;
  }
  for (const Layer& layer : layers) {
    SCOPED_TRACE(layer.name);
    expect_plan(key_of(layer, ConvolutionPass::forward, false, DType::bf16), device);
    for (const bool accumulate : {false, true}) {
      SCOPED_TRACE(accumulate ? "accumulated" : "assigned");
      expect_plan(key_of(layer, ConvolutionPass::backward_input, accumulate, DType::bf16), device);
    }
  }
}

// Whether there is a plan or none: an answer, not an error.
TEST_P(CudnnHeuristics, AnswersForOddChannelsInBf16) {
  const Descriptor device = described_device(json_of(GetParam()));
  for (const Layer& layer : {Layer{"5 to 17", 30, 40, 5, 17}, Layer{"33 to 3", 13, 17, 33, 3}}) {
    for (const ConvolutionPass pass : {ConvolutionPass::forward, ConvolutionPass::backward_input}) {
      EXPECT_NO_THROW(plan_for(key_of(layer, pass, false, DType::bf16), device)) << layer.name;
    }
  }
}

// What is asked for must matter: strict f32 has fewer engines than TF32, where there is TF32.
TEST_P(CudnnHeuristics, StrictMathHasFewerEngines) {
  const Descriptor device = described_device(json_of(GetParam()));
  const ConvolutionGraph graph(key_of(layers[1], ConvolutionPass::forward, false), nullptr);
  const std::size_t strict = Plans(graph, Math::f32, device).candidates();
  const std::size_t tensor_cores = Plans(graph, Math::tf32, device).candidates();
  EXPECT_GT(strict, 0u);
  if (GetParam().capability >= 80) {
    EXPECT_LT(strict, tensor_cores);
  } else {
    EXPECT_EQ(strict, tensor_cores);
  }
}

// A device that nobody has must not get a plan: else the answers above would mean nothing.
TEST(CudnnHeuristicsOf, ADeviceThatIsTooOld) {
  if (!library().obstacle.empty()) {
    GTEST_SKIP() << library().obstacle;
  }
  Gpu old = gpus().front();
  old.capability = 30;
  const auto plan = [&] {
    const Descriptor device = described_device(json_of(old));
    return plan_for(key_of(layers[1], ConvolutionPass::forward, false), device);
  };
  EXPECT_THROW(plan(), Error);
}

INSTANTIATE_TEST_SUITE_P(Gpus, CudnnHeuristics, testing::ValuesIn(gpus()),
                         [](const auto& instance) {
                           return fmt::format("sm_{}", instance.param.capability);
                         });

}  // namespace
}  // namespace gramgrad::cuda::cudnn
