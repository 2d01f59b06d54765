// A device: where tensors live and where operators run.
//
// `Device` is a handle. What it stands for (memory pool, operator table, library handles, plan
// caches, stream) lives as long as a handle or a tensor refers to it, so nothing is a static and
// everything dies in a declared order.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/allocator.h"
#include "kernels/dtype.h"

namespace gramgrad {

struct Ops;
struct DeviceState;

// How convolutions multiply numbers of maps in f32; their sums stay f32.
//   f32:   as they are.
//   tf32:  on a GPU, rounded to 10 bits of mantissa, on tensor cores, through cuDNN 9, as in
//          products of Gram matrices.
//   mixed: as f32, on a GPU as tf32; for the gradient of the input, rounded to bf16.
//   bf16:  on a CPU, rounded to bf16.
// Maps in bf16 go through cuDNN and tensor cores with tf32, and through hand-written kernels with
// f32.
// On a CPU, of the convolutions only Winograd's round, and what they have transformed: 3x3, stride
// 1, at least 16 channels on both sides. All others are computed in f32. With mixed and bf16 the
// gradient of Gram matrices rounds its factors too, features and dG + dG^T.
enum class Math { f32, tf32, mixed, bf16 };

// Which of cuDNN's plans a convolution gets. expected: the one that cuDNN's heuristics put first.
// measured: the fastest of its candidates, each timed when a convolution is first met, and
// remembered on disk (kernels/cuda/cudnn/plan_file.h). Plans differ in how they round.
enum class CudaPlans { expected, measured };

class Device {
 public:
  enum class Kind { reference, cpu, cuda };

  // Plain loops in f32 and f64: slow, and the oracle for the others.
  static Device reference();
  // Optimised for the processor, f32. threads = 0: one for each processor that the process may use.
  // Throws Error for tf32, and for mixed and bf16 where the processor cannot multiply bf16 numbers.
  static Device cpu(int threads = 0, Math math = Math::f32);
  // The GPU of that number. Throws Error where there is none, where the build has no CUDA, for
  // bf16, for tf32 and mixed where there is no cuDNN 9, and for mixed before compute
  // capability 8.0.
  static Device cuda(int ordinal = 0, Math math = Math::f32, CudaPlans plans = CudaPlans::expected);

  Kind kind() const;
  std::string name() const;          // "cpu", "reference", "cuda:0"
  std::string description() const;   // what it runs on, for people
  bool supports(DType dtype) const;  // tensors of that type; bf16: maps (kernels/ops.h)
  int threads() const;               // 1 on CUDA: the number of host threads that compute

  const Ops& ops() const;
  // The same device (memory, handles) with another operator table: for benchmarks that swap one
  // function pointer and for tests.
  Device with_ops(const Ops& ops) const;

  MemoryStatistics memory() const;
  void reset_peak_memory() const;
  void release_cached_memory() const;

  // Blocks until all that was enqueued is done. Nothing to do on a CPU.
  void synchronize() const;
  // Returns something to call for each repetition of `step`: on a GPU the first calls run it, to
  // learn what memory it needs, then it is recorded once as a CUDA graph, which the other calls
  // replay with the same addresses and parameters; on a CPU it is `step` itself. `step` must not
  // synchronise, and what it refers to must outlive the result.
  std::function<void()> record(std::function<void()> step) const;

  // For operators and tensors.
  DeviceState& state() const { return *state_; }

  friend bool operator==(const Device& a, const Device& b);

 private:
  friend struct DeviceState;
  explicit Device(std::shared_ptr<DeviceState> state) : state_(std::move(state)) {}

  std::shared_ptr<DeviceState> state_;
};

// What can run here: one entry a device, in the order in which `auto` would choose.
struct DeviceReport {
  std::string name;
  bool available;
  std::string description;  // what it is, or why it cannot be used and what would help
};
std::vector<DeviceReport> available_devices();

}  // namespace gramgrad
