// Plan cache, packed weights, and oneDNN's calls.
#include "kernels/cpu/cpu_backend.h"

#include <omp.h>

#include <algorithm>

namespace gramgrad::cpu {
namespace {

// Kept packed weights: more than two networks' worth, forward and backward. The oldest go first.
constexpr std::size_t most_packed_weights = 128;

// oneDNN takes the number of threads from OpenMP's setting, when it makes a primitive and when it
// runs one.
class OpenMpThreads {
 public:
  explicit OpenMpThreads(int threads) : before_(omp_get_max_threads()) {
    omp_set_num_threads(threads);
  }
  ~OpenMpThreads() { omp_set_num_threads(before_); }
  OpenMpThreads(const OpenMpThreads&) = delete;
  OpenMpThreads& operator=(const OpenMpThreads&) = delete;

 private:
  int before_;
};

// w [O, Kh, Kw, I] in oneDNN's order of dimensions: outputs, inputs, Kh, Kw.
dnnl::memory::desc plain_format(const Shape& w) {
  return {{w[0], w[3], w[1], w[2]},
          dnnl::memory::data_type::f32,
          {w[1] * w[2] * w[3], 1, w[2] * w[3], w[3]}};
}

// The same memory, input and output channels swapped.
dnnl::memory::desc swapped_format(const Shape& w) {
  return {{w[3], w[0], w[1], w[2]},
          dnnl::memory::data_type::f32,
          {1, w[1] * w[2] * w[3], w[2] * w[3], w[3]}};
}

// to[o, kh, kw, i] = w[o, Kh-1-kh, Kw-1-kw, i]
void turn_kernels(const Shape& shape, const float* w, float* to) {
  const std::int64_t taps = shape[1] * shape[2];
  const std::int64_t inputs = shape[3];
  for (std::int64_t o = 0; o < shape[0]; ++o) {
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      std::copy_n(w + (o * taps + taps - 1 - tap) * inputs, inputs, to + (o * taps + tap) * inputs);
    }
  }
}

void* writable(const float* data) {
  return const_cast<float*>(data);  // oneDNN's memory objects know no const
}

}  // namespace

CpuBackend::CpuBackend(CachingAllocator& allocator, int threads, Math math)
    : allocator_(allocator),
      threads_(threads),
      math_(math),
      engine_(dnnl::engine::kind::cpu, 0),
      stream_(engine_) {}

const ConvolutionPlan& CpuBackend::plan(const ConvolutionKey& key) {
  const std::lock_guard lock(mutex_);
  const auto known = plans_.find(key);
  if (known != plans_.end()) {
    return known->second;
  }
  const OpenMpThreads scope(threads_);
  return plans_.emplace(key, make_convolution_plan(key, engine_)).first->second;
}

CpuBackend::PackedWeights CpuBackend::pack(const ConvolutionPlan& plan, const Tensor& w,
                                           WeightOrientation orientation, bool frozen) {
  const auto make = [&] { return packed(plan, w, orientation); };
  return frozen ? kept({w.storage_id(), orientation, plan.weights}, make) : make();
}

DType CpuBackend::factors(WeightOrientation orientation) const {
  if (orientation == WeightOrientation::transposed) {
    return gradient_factors();
  }
  return math_ == Math::bf16 ? DType::bf16 : DType::f32;
}

DType CpuBackend::gradient_factors() const {
  return math_ == Math::bf16 || math_ == Math::mixed ? DType::bf16 : DType::f32;
}

CpuBackend::PackedWeights CpuBackend::winograd_weights(const Tensor& w,
                                                       const WinogradWeights& weights,
                                                       bool frozen) {
  const auto make = [&] {
    auto u = std::make_shared<Scratch<float>>(allocator_, weights.elements());
    transform_weights(threads_, w.data<float>(), w.shape(), weights, u->data());
    return u;
  };
  return frozen ? kept({w.storage_id(), weights.packed, weights.tile_shape}, make) : make();
}

template <typename Make>
CpuBackend::PackedWeights CpuBackend::kept(const PackingKey& key, const Make& make) {
  const std::lock_guard lock(mutex_);
  const auto known = std::find_if(packed_.begin(), packed_.end(),
                                  [&](const Packed& entry) { return entry.key == key; });
  if (known != packed_.end()) {
    std::rotate(known, known + 1, packed_.end());
    return packed_.back().weights;
  }
  if (packed_.size() == most_packed_weights) {
    packed_.erase(packed_.begin());
  }
  packed_.push_back({key, make()});
  return packed_.back().weights;
}

CpuBackend::PackedWeights CpuBackend::packed(const ConvolutionPlan& plan, const Tensor& w,
                                             WeightOrientation orientation) {
  const OpenMpThreads scope(threads_);
  const auto floats = static_cast<std::int64_t>(plan.weights.get_size() / sizeof(float));
  auto result = std::make_shared<Scratch<float>>(allocator_, floats);
  dnnl::memory to(plan.weights, engine_, result->data());
  const auto reorder = [&](const dnnl::memory::desc& format, const float* values) {
    dnnl::memory from(format, engine_, writable(values));
    dnnl::reorder(from, to).execute(stream_, from, to);
    stream_.wait();
  };
  if (orientation == WeightOrientation::plain) {
    reorder(plain_format(w.shape()), w.data<float>());
  } else {
    const Scratch<float> turned(allocator_, w.size());
    turn_kernels(w.shape(), w.data<float>(), turned.data());
    reorder(swapped_format(w.shape()), turned.data());
  }
  return result;
}

void CpuBackend::run(const ConvolutionPlan& plan, const float* from, const PackedWeights& weights,
                     const float* bias, float* to) {
  const OpenMpThreads scope(threads_);
  const Scratch<std::byte> scratchpad(allocator_,
                                      static_cast<std::int64_t>(plan.scratchpad.get_size()));
  plan.primitive.execute(
      stream_, {{plan.from_argument, dnnl::memory(plan.from, engine_, writable(from))},
                {DNNL_ARG_WEIGHTS, dnnl::memory(plan.weights, engine_, writable(weights->data()))},
                {DNNL_ARG_BIAS, dnnl::memory(plan.bias, engine_, writable(bias))},
                {plan.to_argument, dnnl::memory(plan.to, engine_, to)},
                {DNNL_ARG_SCRATCHPAD, dnnl::memory(plan.scratchpad, engine_, scratchpad.data())}});
  stream_.wait();
}

}  // namespace gramgrad::cpu
