// Tensor: storage, transfers to and from the host.
#include "kernels/tensor.h"

#include <algorithm>
#include <atomic>

#include "kernels/device_state.h"

namespace gramgrad {
namespace {

std::uint64_t next_storage_id() {
  static std::atomic<std::uint64_t> next{1};
  return next++;
}

template <typename To, typename From>
To element_as(From value) {
  if constexpr (std::is_same_v<To, Bf16>) {
    return to_bf16(static_cast<float>(value));
  } else if constexpr (std::is_same_v<From, Bf16>) {
    return static_cast<To>(to_f32(value));
  } else {
    return static_cast<To>(value);
  }
}

// Values as the element type To, ready to be moved as bytes.
template <typename To, typename From>
std::vector<To> converted(std::span<const From> values) {
  std::vector<To> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), element_as<To, From>);
  return result;
}

}  // namespace

struct Tensor::Storage {
  Storage(const Device& on, std::size_t bytes)
      : device(on), memory(on.state().resources->allocator.allocate(bytes)) {}
  ~Storage() { device.state().resources->allocator.release(memory); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  Device device;
  void* memory;
  std::uint64_t id = next_storage_id();
};

Tensor::Tensor(const Device& device, Shape shape, DType dtype) : shape_(shape), dtype_(dtype) {
  check(device.supports(dtype), "device {} does not compute in {}", device.name(), name_of(dtype));
  std::size_t bytes = 0;
  check(!__builtin_mul_overflow(static_cast<std::size_t>(shape.size()), size_of(dtype), &bytes),
        "a tensor of shape {} has too many elements", shape.to_string());
  storage_ = std::make_shared<Storage>(device, bytes);
}

const Device& Tensor::device() const {
  check(defined(), "an undefined tensor has no device");
  return storage_->device;
}

std::uint64_t Tensor::storage_id() const {
  return defined() ? storage_->id : 0;
}

Tensor Tensor::reshaped(Shape shape) const {
  check(shape.size() == size(), "cannot view a tensor of shape {} as {}", shape_.to_string(),
        shape.to_string());
  Tensor view = *this;
  view.shape_ = shape;
  return view;
}

void* Tensor::typed(DType dtype) const {
  check(defined(), "an undefined tensor has no data");
  check(dtype == dtype_, "a tensor of {} was used as {}", name_of(dtype_), name_of(dtype));
  return storage_->memory;
}

template <typename T>
Tensor Tensor::from_host(const Device& device, Shape shape, DType dtype,
                         std::span<const T> values) {
  Tensor tensor(device, shape, dtype);
  check(static_cast<std::size_t>(shape.size()) == values.size(),
        "{} values do not fill a tensor of shape {}", values.size(), shape.to_string());
  const auto move = [&](const void* host) {
    device.state().transfers.from_host(tensor.storage_->memory, host, tensor.bytes());
  };
  if (dtype == dtype_of<T>()) {
    move(values.data());
  } else if (dtype == DType::f32) {
    move(converted<float>(values).data());
  } else if (dtype == DType::f64) {
    move(converted<double>(values).data());
  } else if (dtype == DType::bf16) {
    move(converted<Bf16>(values).data());
  } else {
    fail("values of {} cannot become a tensor of {}", name_of(dtype_of<T>()), name_of(dtype));
  }
  return tensor;
}

template <typename T>
std::vector<T> Tensor::to_host() const {
  const auto fetch = [&]<typename From>(From) {
    std::vector<From> values(static_cast<std::size_t>(size()));
    device().synchronize();
    device().state().transfers.to_host(values.data(), storage_->memory, bytes());
    return values;
  };
  if (dtype_ == dtype_of<T>()) {
    return fetch(T{});
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (dtype_ == DType::f32) {
      return converted<T, float>(fetch(float{}));
    }
    if (dtype_ == DType::f64) {
      return converted<T, double>(fetch(double{}));
    }
    if (dtype_ == DType::bf16) {
      return converted<T, Bf16>(fetch(Bf16{}));
    }
  }
  fail("a tensor of {} cannot be read as {}", name_of(dtype_), name_of(dtype_of<T>()));
}

double Tensor::item() const {
  check(size() == 1, "item() needs one element, and the shape is {}", shape_.to_string());
  return to_host<double>().front();
}

template Tensor Tensor::from_host(const Device&, Shape, DType, std::span<const float>);
template Tensor Tensor::from_host(const Device&, Shape, DType, std::span<const double>);
template Tensor Tensor::from_host(const Device&, Shape, DType, std::span<const std::uint8_t>);
template std::vector<float> Tensor::to_host() const;
template std::vector<double> Tensor::to_host() const;
template std::vector<std::uint8_t> Tensor::to_host() const;

}  // namespace gramgrad
