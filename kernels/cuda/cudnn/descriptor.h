// A descriptor of cuDNN's graph API: an object with attributes, usable once it is finalised.
#pragma once

#include <cudnn_graph.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gramgrad::cuda::cudnn {

// All functions throw Error with cuDNN's words where it refuses.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();

  void set(cudnnBackendAttributeName_t name, std::int64_t value);
  void set(cudnnBackendAttributeName_t name, std::span<const std::int64_t> values);
  void set(cudnnBackendAttributeName_t name, bool value);
  void set(cudnnBackendAttributeName_t name, float value);
  void set(cudnnBackendAttributeName_t name, std::string_view text);
  void set(cudnnBackendAttributeName_t name, cudnnDataType_t value);
  void set(cudnnBackendAttributeName_t name, cudnnConvolutionMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnPointwiseMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnBackendHeurMode_t value);
  void set(cudnnBackendAttributeName_t name, cudnnHandle_t value);
  void set(cudnnBackendAttributeName_t name, std::span<void* const> pointers);
  void set(cudnnBackendAttributeName_t name, void* pointer);
  void set(cudnnBackendAttributeName_t name, const Descriptor& value);
  void set(cudnnBackendAttributeName_t name, std::span<const Descriptor> values);
  void finalize();

  std::int64_t number(cudnnBackendAttributeName_t name) const;
  // The descriptor that is this one's attribute.
  Descriptor descriptor(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type) const;
  // At most `most` of a list of descriptors.
  std::vector<Descriptor> descriptors(cudnnBackendAttributeName_t name,
                                      cudnnBackendDescriptorType_t type, std::int64_t most) const;
  std::vector<cudnnBackendNumericalNote_t> numerical_notes() const;  // of an engine

  cudnnBackendDescriptor_t get() const { return descriptor_; }

 private:
  void set_raw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
               std::int64_t count, const void* values);
  // How many there are; as many of them as fit are written.
  std::int64_t get_raw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                       std::int64_t room, void* values) const;

  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

}  // namespace gramgrad::cuda::cudnn
