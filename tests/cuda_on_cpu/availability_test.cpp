// What people are told about GPUs that can, and cannot, be used.
#include "kernels/cuda/availability.h"

#include <gmock/gmock.h>

#include "kernels/check.h"
#include "kernels/ops.h"

namespace gramgrad {
namespace {

using cuda::Availability;
using cuda::Status;
using testing::HasSubstr;
using testing::IsEmpty;

const cuda::Gpu volta{"Tesla V100", 7, 0, std::size_t{16} << 30};
const cuda::Gpu turing{"Tesla T4", 7, 5, std::size_t{15} << 30};
const cuda::Gpu hopper{"NVIDIA H100", 9, 0, std::size_t{80} << 30};

Availability unusable(Status status) {
  return {.status = status, .message = "", .gpus = {}};
}

Availability with_gpus(std::vector<cuda::Gpu> gpus) {
  return {.status = Status::ready, .message = "", .gpus = std::move(gpus)};
}

TEST(Availability, says_that_the_build_has_no_cuda) {
  EXPECT_THAT(cuda::obstacle(unusable(Status::not_built), 0),
              HasSubstr("this build has no CUDA: install the CUDA toolkit"));
}

TEST(Availability, says_that_there_is_no_driver) {
  EXPECT_THAT(cuda::obstacle(unusable(Status::no_driver), 0),
              HasSubstr("no NVIDIA driver is installed: install one"));
}

TEST(Availability, says_how_old_the_driver_is_and_what_is_needed) {
  Availability found = unusable(Status::old_driver);
  found.driver_version = 12020;
  found.runtime_version = 13000;
  EXPECT_THAT(cuda::obstacle(found, 0),
              HasSubstr("it supports CUDA 12.2, and this build needs 13.0"));
}

TEST(Availability, says_that_the_driver_sees_no_gpu) {
  EXPECT_THAT(cuda::obstacle(unusable(Status::no_device), 0), HasSubstr("sees no GPU"));
}

TEST(Availability, repeats_what_the_driver_says) {
  Availability found = unusable(Status::failed);
  found.message = "system not yet initialized";
  EXPECT_THAT(cuda::obstacle(found, 0), HasSubstr("system not yet initialized"));
}

TEST(Availability, says_how_many_gpus_there_are) {
  const Availability found = with_gpus({turing, hopper});
  EXPECT_THAT(cuda::obstacle(found, 1), IsEmpty());
  EXPECT_THAT(cuda::obstacle(found, 2), HasSubstr("no GPU 2: this machine has 2"));
  EXPECT_THAT(cuda::obstacle(found, -1), HasSubstr("no GPU -1"));
}

TEST(Availability, refuses_gpus_before_turing) {
  EXPECT_THAT(cuda::obstacle(with_gpus({volta}), 0),
              HasSubstr("Tesla V100, compute capability 7.0, 16.0 GiB is too old: compute "
                        "capability 7.5 (Turing) or newer is needed"));
  EXPECT_THAT(cuda::obstacle(with_gpus({turing}), 0), IsEmpty());
}

TEST(Availability, reports_what_can_be_used_first_and_keeps_the_numbers) {
  const auto entries = cuda::report(with_gpus({volta, hopper}));
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].name, "cuda:1");
  EXPECT_TRUE(entries[0].available);
  EXPECT_EQ(entries[0].description, "NVIDIA H100, compute capability 9.0, 80.0 GiB");
  EXPECT_EQ(entries[1].name, "cuda:0");
  EXPECT_FALSE(entries[1].available);
}

TEST(Availability, reports_one_entry_where_there_is_no_gpu) {
  const auto entries = cuda::report(unusable(Status::no_driver));
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].name, "cuda");
  EXPECT_FALSE(entries[0].available);
}

// On whatever this runs on.
TEST(AvailableDevices, end_with_the_processor_and_the_reference) {
  const auto entries = available_devices();
  ASSERT_GE(entries.size(), 3U);
  EXPECT_EQ(entries[0].name.substr(0, 4), "cuda");
  EXPECT_FALSE(entries[0].description.empty());
  const DeviceReport& cpu = entries[entries.size() - 2];
  EXPECT_EQ(cpu.name, "cpu");
  EXPECT_TRUE(cpu.available);
  EXPECT_EQ(entries.back().name, "reference");
  EXPECT_TRUE(entries.back().available);
}

TEST(AvailableDevices, agree_with_what_can_be_created) {
  const DeviceReport first = available_devices().front();
  if (first.available) {
    EXPECT_EQ(Device::cuda(std::stoi(first.name.substr(5))).name(), first.name);
  } else {
    try {
      Device::cuda(0);
      FAIL() << "an unavailable device was created";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), "device cuda:0: " + first.description);
    }
  }
}

}  // namespace
}  // namespace gramgrad
