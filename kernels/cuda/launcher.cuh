// What launchers share: where work is queued, scratch memory, sizes.
#pragma once

#include <cstddef>
#include <limits>

#include "kernels/contract.h"
#include "kernels/cuda/device.cuh"
#include "kernels/device_state.h"
#include "kernels/optional_data.h"
#include "kernels/tensor.h"

namespace gramgrad::cuda {

// The stream of the device that the tensor lives on; its GPU becomes current for the thread.
Stream stream_of(const Tensor& tensor);

// Memory for the length of one operator call, from the device's pool. It may be handed on as soon
// as the call returns, because a device has one stream: what uses it next runs later.
template <typename T>
class Scratch {
 public:
  // Uninitialised.
  Scratch(const Tensor& like, Index count)
      : allocator_(like.device().state().resources->allocator),
        data_(static_cast<T*>(allocator_.allocate(static_cast<std::size_t>(count) * sizeof(T)))) {}
  ~Scratch() { allocator_.release(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() const { return data_; }

 private:
  CachingAllocator& allocator_;
  T* data_;
};

// Calls function(T{}) with the element type of a map, float or Bf16.
template <typename Function>
void with_map_type(const Tensor& map, const Function& function) {
  if (map.dtype() == DType::bf16) {
    function(Bf16{});
  } else {
    function(float{});
  }
}

inline bool adds(WriteMode mode) {
  return mode == WriteMode::accumulate;
}

// The number of elements, for kernels that divide indices into coordinates with 32 bits.
inline unsigned expect_small(const Shape& shape) {
  check(shape.size() <= std::numeric_limits<std::int32_t>::max(),
        "a tensor of shape {} has too many elements for the CUDA device (at most 2^31 - 1): use a "
        "smaller picture or batch",
        shape.to_string());
  return static_cast<unsigned>(shape.size());
}

constexpr unsigned threads_per_block = 256;

// Blocks for a loop over `count` elements in strides of the grid; enough to fill any GPU.
inline unsigned blocks_for(Index count) {
  constexpr Index most = 1 << 16;
  const Index blocks = ceil_div<Index>(count, threads_per_block);
  return static_cast<unsigned>(blocks < most ? blocks : most);
}

}  // namespace gramgrad::cuda
