// Tensor: a shape, an element type and a share of contiguous memory on a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "kernels/bf16.h"
#include "kernels/device.h"
#include "kernels/dtype.h"
#include "kernels/shape.h"

namespace gramgrad {

template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) {
    return DType::f32;
  } else if constexpr (std::is_same_v<T, double>) {
    return DType::f64;
  } else if constexpr (std::is_same_v<T, Bf16>) {
    return DType::bf16;
  } else {
    static_assert(std::is_same_v<T, std::uint8_t>);
    return DType::u8;
  }
}

// A handle: copies share memory. Contiguous and row-major, feature maps in NHWC.
class Tensor {
 public:
  Tensor() = default;  // undefined
  // Uninitialised memory. Throws Error where the device does not compute in `dtype`.
  Tensor(const Device& device, Shape shape, DType dtype);

  // Copies host values to the device, as f32, f64 or (through f32) bf16. `values` has shape.size()
  // elements.
  template <typename T>
  static Tensor from_host(const Device& device, Shape shape, DType dtype,
                          std::span<const T> values);
  // Copies to the host, from any of those types; u8 to u8 only. Synchronises.
  template <typename T>
  std::vector<T> to_host() const;
  // The value of a tensor with one element. Synchronises.
  double item() const;

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return shape_.size(); }
  std::size_t bytes() const { return static_cast<std::size_t>(size()) * size_of(dtype_); }
  DType dtype() const { return dtype_; }
  const Device& device() const;

  // The same memory under another shape with as many elements.
  Tensor reshaped(Shape shape) const;
  // A number that no other storage of this process has ever had: a key for caches.
  std::uint64_t storage_id() const;

  // Device memory; T must be the element type.
  template <typename T>
  T* data() {
    return static_cast<T*>(typed(dtype_of<T>()));
  }
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(typed(dtype_of<T>()));
  }

 private:
  struct Storage;
  void* typed(DType dtype) const;

  std::shared_ptr<Storage> storage_;
  Shape shape_;
  DType dtype_ = DType::f32;
};

}  // namespace gramgrad
