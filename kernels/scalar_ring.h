// Scalars on their way from the device to the host: rows of numbers in memory that both see. The
// device appends without waiting, the host takes many rows at a time.
#pragma once

#include <span>
#include <vector>

#include "kernels/ops.h"

namespace gramgrad {

class ScalarRing {
 public:
  // Rows of at most 15 scalars; the ring holds `rows` of them.
  ScalarRing(const Device& device, int rows);
  ~ScalarRing();
  ScalarRing(const ScalarRing&) = delete;
  ScalarRing& operator=(const ScalarRing&) = delete;

  // Enqueues: a row of these scalars [1] and the stop reason in an optimiser's state.
  void append(std::span<const Tensor> scalars, const Tensor& state);

  struct Row {
    std::vector<double> scalars;
    StopReason stop;
  };
  // The rows since the last call, each with so many scalars. Waits for the device. Throws Error
  // where there were more than the ring holds.
  std::vector<Row> take(std::size_t scalars);

 private:
  Device device_;
  Tensor cursor_;  // on the device: how many rows were appended
  RowRing ring_;
  std::int64_t taken_ = 0;
};

}  // namespace gramgrad
