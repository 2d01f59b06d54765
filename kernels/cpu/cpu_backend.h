// What a CPU device keeps between calls: oneDNN's engine, its primitives, and packed weights.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "kernels/cpu/convolution_plan.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/winograd/weights.h"

namespace gramgrad::cpu {

// It keeps no Tensor and no Device: those keep the device's resources, which own this.
class CpuBackend {
 public:
  CpuBackend(CachingAllocator& allocator, int threads, Math math);

  using PackedWeights = std::shared_ptr<const Scratch<float>>;

  const ConvolutionPlan& plan(const ConvolutionKey& key);
  // w [O, Kh, Kw, I] as the plan wants it; kept for the next call where the weights are frozen.
  PackedWeights pack(const ConvolutionPlan& plan, const Tensor& w, WeightOrientation orientation,
                     bool frozen);
  // What Winograd's convolutions with weights of that orientation round their factors to.
  DType factors(WeightOrientation orientation) const;
  // The same of gradients: of convolutions with transposed weights, and of Gram matrices.
  DType gradient_factors() const;
  // w [O, 3, 3, I] as winograd/weights.h packs it; of either type.
  PackedWeights winograd_weights(const Tensor& w, const WinogradWeights& weights, bool frozen);
  // bias may be null.
  void run(const ConvolutionPlan& plan, const float* from, const PackedWeights& weights,
           const float* bias, float* to);

 private:
  struct PackingKey {
    std::uint64_t storage_id;
    WeightOrientation orientation;
    std::variant<dnnl::memory::desc, winograd::TileShape> format;
    friend bool operator==(const PackingKey&, const PackingKey&) = default;
  };
  struct Packed {
    PackingKey key;
    PackedWeights weights;
  };

  // The weights of that key, made by make() unless they are kept.
  template <typename Make>
  PackedWeights kept(const PackingKey& key, const Make& make);
  PackedWeights packed(const ConvolutionPlan& plan, const Tensor& w, WeightOrientation orientation);

  CachingAllocator& allocator_;
  int threads_;
  Math math_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::mutex mutex_;
  std::map<ConvolutionKey, ConvolutionPlan> plans_;
  std::vector<Packed> packed_;  // the least recently used first
};

}  // namespace gramgrad::cpu
