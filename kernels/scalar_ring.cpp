// The host's side of the ring.
#include "kernels/scalar_ring.h"

#include <cstring>

#include "kernels/check.h"
#include "kernels/device_state.h"

namespace gramgrad {
namespace {

std::size_t bytes_of(int rows) {
  return sizeof(RowRing::Row) * static_cast<std::size_t>(rows);
}

}  // namespace

ScalarRing::ScalarRing(const Device& device, int rows) : device_(device) {
  const std::vector<std::uint8_t> zero(sizeof(std::int64_t));
  cursor_ = Tensor::from_host<std::uint8_t>(device, {sizeof(std::int64_t)}, DType::u8, zero);
  ring_.rows = static_cast<RowRing::Row*>(device.state().host_visible.allocate(bytes_of(rows)));
  check(ring_.rows != nullptr, "out of memory that {} shares with the host", device.name());
  ring_.count = rows;
}

ScalarRing::~ScalarRing() {
  device_.state().host_visible.release(ring_.rows, bytes_of(ring_.count));
}

void ScalarRing::append(std::span<const Tensor> scalars, const Tensor& state) {
  device_.ops().append_row(scalars, state, cursor_, ring_);
}

std::vector<ScalarRing::Row> ScalarRing::take(std::size_t scalars) {
  const std::vector<std::uint8_t> bytes = cursor_.to_host<std::uint8_t>();  // waits
  std::int64_t appended = 0;
  std::memcpy(&appended, bytes.data(), sizeof appended);
  check(appended - taken_ <= ring_.count,
        "{} rows were appended to a ring of {} before it was read", appended - taken_, ring_.count);
  std::vector<Row> rows;
  for (; taken_ < appended; ++taken_) {
    const RowRing::Row& row = ring_.rows[taken_ % ring_.count];
    rows.push_back({{row.scalars, row.scalars + scalars}, row.stop});
  }
  return rows;
}

}  // namespace gramgrad
