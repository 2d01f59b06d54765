// Scalars for the host, where device and host are one. The CPU device has no faster way.
#include <algorithm>
#include <cstring>

#include "kernels/contract.h"
#include "kernels/reference/loops.h"
#include "kernels/reference/operators.h"

namespace gramgrad::reference {

void append_row(std::span<const Tensor> scalars, const Tensor& state, Tensor& cursor,
                const RowRing& ring) {
  check_append_row(scalars, state, cursor, ring);
  auto& appended = *state_in<std::int64_t>(cursor);
  RowRing::Row& row = ring.rows[appended++ % ring.count];
  std::transform(scalars.begin(), scalars.end(), row.scalars, [](const Tensor& scalar) {
    double value = 0;
    with_type(scalar, [&]<typename T>(T) { value = static_cast<double>(*scalar.data<T>()); });
    return value;
  });
  row.stop = state_in<StepStatus>(state)->stop;
}

}  // namespace gramgrad::reference
