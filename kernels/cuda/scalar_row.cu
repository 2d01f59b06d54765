// Scalars for the host: one thread writes a row to memory that the host sees too.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launcher.cuh"

namespace gramgrad::cuda {
namespace {

struct Scalars {
  const float* values[RowRing::most_scalars];
  int count;
};

__global__ void append_row_kernel(Scalars scalars, const StepStatus* status, std::int64_t* cursor,
                                  RowRing ring) {
  RowRing::Row& row = ring.rows[*cursor % ring.count];
  for (int i = 0; i < scalars.count; ++i) {
    row.scalars[i] = static_cast<double>(*scalars.values[i]);
  }
  row.stop = status->stop;
  ++*cursor;
}

}  // namespace

void append_row(std::span<const Tensor> scalars, const Tensor& state, Tensor& cursor,
                const RowRing& ring) {
  check_append_row(scalars, state, cursor, ring);
  Scalars values{};
  for (const Tensor& scalar : scalars) {
    values.values[values.count++] = scalar.data<float>();
  }
  launch(append_row_kernel, 1, 1, stream_of(cursor), values, state_in<StepStatus>(state),
         state_in<std::int64_t>(cursor), ring);
}

}  // namespace gramgrad::cuda
