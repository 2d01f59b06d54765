// Attributes by the types that cuDNN wants them with.
#include "kernels/cuda/cudnn/descriptor.h"

#include <utility>

#include "kernels/cuda/cudnn/library.h"

namespace gramgrad::cuda::cudnn {

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  expect_success(required_library().create_descriptor(type, &descriptor_), "creating a descriptor");
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, nullptr)) {}

Descriptor::~Descriptor() {
  if (descriptor_ != nullptr) {
    library().destroy_descriptor(descriptor_);
  }
}

void Descriptor::set_raw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                         std::int64_t count, const void* values) {
  expect_success(library().set_attribute(descriptor_, name, type, count, values),
                 "setting an attribute");
}

void Descriptor::set(cudnnBackendAttributeName_t name, std::int64_t value) {
  set_raw(name, CUDNN_TYPE_INT64, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, std::span<const std::int64_t> values) {
  set_raw(name, CUDNN_TYPE_INT64, static_cast<std::int64_t>(values.size()), values.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, bool value) {
  set_raw(name, CUDNN_TYPE_BOOLEAN, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, float value) {
  set_raw(name, CUDNN_TYPE_FLOAT, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, std::string_view text) {
  set_raw(name, CUDNN_TYPE_CHAR, static_cast<std::int64_t>(text.size()), text.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
  set_raw(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnConvolutionMode_t value) {
  set_raw(name, CUDNN_TYPE_CONVOLUTION_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnPointwiseMode_t value) {
  set_raw(name, CUDNN_TYPE_POINTWISE_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendHeurMode_t value) {
  set_raw(name, CUDNN_TYPE_HEUR_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnHandle_t value) {
  set_raw(name, CUDNN_TYPE_HANDLE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, std::span<void* const> pointers) {
  set_raw(name, CUDNN_TYPE_VOID_PTR, static_cast<std::int64_t>(pointers.size()), pointers.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, void* pointer) {
  set_raw(name, CUDNN_TYPE_VOID_PTR, 1, &pointer);
}
void Descriptor::set(cudnnBackendAttributeName_t name, const Descriptor& value) {
  set_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
}
void Descriptor::set(cudnnBackendAttributeName_t name, std::span<const Descriptor> values) {
  std::vector<cudnnBackendDescriptor_t> raw;
  raw.reserve(values.size());
  for (const Descriptor& value : values) {
    raw.push_back(value.descriptor_);
  }
  set_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<std::int64_t>(raw.size()), raw.data());
}

void Descriptor::finalize() {
  expect_success(library().finalize(descriptor_), "finalising a descriptor");
}

std::int64_t Descriptor::get_raw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                 std::int64_t room, void* values) const {
  std::int64_t count = 0;
  expect_success(library().get_attribute(descriptor_, name, type, room, &count, values),
                 "reading an attribute");
  return count;
}

std::int64_t Descriptor::number(cudnnBackendAttributeName_t name) const {
  std::int64_t value = 0;
  get_raw(name, CUDNN_TYPE_INT64, 1, &value);
  return value;
}

Descriptor Descriptor::descriptor(cudnnBackendAttributeName_t name,
                                  cudnnBackendDescriptorType_t type) const {
  Descriptor result(type);
  get_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &result.descriptor_);
  return result;
}

std::vector<Descriptor> Descriptor::descriptors(cudnnBackendAttributeName_t name,
                                                cudnnBackendDescriptorType_t type,
                                                std::int64_t most) const {
  std::vector<Descriptor> results;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (std::int64_t i = 0; i < most; ++i) {
    raw.push_back(results.emplace_back(type).descriptor_);
  }
  const std::int64_t found = get_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, raw.data());
  while (static_cast<std::int64_t>(results.size()) > found) {
    results.pop_back();
  }
  return results;
}

std::vector<cudnnBackendNumericalNote_t> Descriptor::numerical_notes() const {
  std::vector<cudnnBackendNumericalNote_t> notes(CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  notes.resize(
      static_cast<std::size_t>(get_raw(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                       CUDNN_NUMERICAL_NOTE_TYPE_COUNT, notes.data())));
  return notes;
}

}  // namespace gramgrad::cuda::cudnn
