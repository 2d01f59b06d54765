// Folding, reordering and rounding of one layer. Everything is computed in f64 from the source's
// numbers and rounded once.
#include "weights_converter/layer_weights.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "kernels/check.h"
#include "weights_converter/narrow.h"
#include "weights_converter/source_order.h"

namespace gramgrad::converter {
namespace {

constexpr std::int64_t piece_elements = std::int64_t{1} << 17;  // 1 MB in f64: within the caches

// What one layer's streams share.
struct Layer {
  InputFilePtr file;
  const Source* source;
  const SourceTensor* weight;
  std::string tensor_name;
  LayerShape shape;
  Strides strides;
  DType dtype;
  std::vector<double> out_factors;  // batch normalisation's included; empty: 1
  std::vector<double> in_factors;   // empty: 1
};

std::vector<double> read_vector(const Source& source, std::size_t index, std::int64_t size) {
  const SourceTensor& tensor = source.tensors.at(index);
  check(tensor.element_count() == size, "tensor {} has shape [{}]; the layer has {} channels",
        tensor.name, fmt::join(tensor.shape, ", "), size);
  const std::vector<float> values = read_all(tensor);
  return {values.begin(), values.end()};
}

template <typename Stored, typename Round>
void store_as(std::span<const double> values, std::byte* to, Round round) {
  for (const double value : values) {
    const Stored stored = round(value);
    std::memcpy(to, &stored, sizeof stored);
    to += sizeof stored;
  }
}

void store(std::span<const double> values, DType dtype, std::byte* to) {
  switch (dtype) {
    case DType::f16:
      return store_as<std::uint16_t>(values, to, to_f16);
    case DType::bf16:
      return store_as<std::uint16_t>(values, to, to_bf16);
    default:
      return store_as<float>(values, to, [](double value) { return static_cast<float>(value); });
  }
}

// Rounds all numbers of a piece; one look at the result tells whether all were in range.
void store_piece(const Layer& layer, const std::vector<double>& values, DType dtype,
                 const std::string& tensor_name, const nn::ByteSink& sink) {
  std::vector<std::byte> bytes(values.size() * size_of(dtype));
  store(values, dtype, bytes.data());
  if (!nn::all_finite({tensor_name, dtype, {}, bytes})) {
    for (const double value : values) {
      check(std::isfinite(value), "{}: tensor {} has the value {}; it is damaged", layer.file->path,
            tensor_name, value);
      std::byte stored[sizeof(float)];
      store({&value, 1}, dtype, stored);
      check(nn::all_finite({tensor_name, dtype, {}, std::span(stored).first(size_of(dtype))}),
            "{}: tensor {} has the value {:g}, beyond the range of {}; use --dtype {}",
            layer.file->path, tensor_name, value, name_of(dtype),
            dtype == DType::f16 ? "f32 or bf16" : "f32");
    }
  }
  sink(bytes);
}

void multiply(const Layer& layer, std::int64_t first, std::vector<double>& values) {
  if (layer.out_factors.empty() && layer.in_factors.empty()) {
    return;
  }
  const auto in = static_cast<std::size_t>(layer.shape.in);
  const auto row = in * static_cast<std::size_t>(layer.shape.rows * layer.shape.columns);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double out_factor = layer.out_factors.empty()
                                  ? 1
                                  : layer.out_factors[static_cast<std::size_t>(first) + k / row];
    values[k] *= out_factor * (layer.in_factors.empty() ? 1 : layer.in_factors[k % in]);
  }
}

// What was read is not needed again soon.
void release_pages(const Layer& layer) {
  layer.file->mapping.release();
  for (const InputFilePtr& shard : layer.source->shards) {
    shard->mapping.release();
  }
}

// All of the source's numbers, in pieces, so that they are not there twice.
std::vector<float> read_whole(const Layer& layer) {
  constexpr std::size_t piece = std::size_t{1} << 22;
  std::vector<float> all(static_cast<std::size_t>(layer.weight->element_count()));
  for (std::size_t done = 0; done < all.size(); done += piece) {
    layer.weight->read(static_cast<std::int64_t>(done),
                       std::span(all).subspan(done, std::min(piece, all.size() - done)));
    release_pages(layer);
  }
  return all;
}

void produce_weight(const Layer& layer, const nn::ByteSink& sink) {
  const LayerShape& s = layer.shape;
  const std::int64_t row_elements = s.rows * s.columns * s.in;
  const bool whole = layer.strides.out == 1;
  const std::int64_t most = std::clamp<std::int64_t>(piece_elements / row_elements, 1, s.out);
  std::vector<float> from =
      whole ? read_whole(layer) : std::vector<float>(static_cast<std::size_t>(most * row_elements));
  for (std::int64_t first = 0; first < s.out; first += most) {
    const std::int64_t count = std::min(most, s.out - first);
    const std::int64_t base = whole ? 0 : first * row_elements;
    if (!whole) {
      layer.weight->read(base,
                         std::span(from).first(static_cast<std::size_t>(count * row_elements)));
    }
    std::vector<double> values = gather_rows(layer.strides, layer.shape, from, base, first, count);
    multiply(layer, first, values);
    store_piece(layer, values, layer.dtype, layer.tensor_name, sink);
  }
  release_pages(layer);
}

// gamma / sqrt(variance + epsilon), and the bias: (bias − mean) · that + beta.
void fold(const Source& source, const BatchNorm& norm, std::vector<double>& factors,
          std::vector<double>& bias) {
  const auto out = static_cast<std::int64_t>(bias.size());
  factors = read_vector(source, norm.gamma, out);
  const std::vector<double> beta = read_vector(source, norm.beta, out);
  const std::vector<double> mean = read_vector(source, norm.mean, out);
  const std::vector<double> variance = read_vector(source, norm.variance, out);
  for (std::size_t o = 0; o < bias.size(); ++o) {
    check(variance[o] + norm.epsilon > 0, "tensor {} has the variance {:g}; it is damaged",
          source.tensors[norm.variance].name, variance[o]);
    factors[o] /= std::sqrt(variance[o] + norm.epsilon);
    bias[o] = (bias[o] - mean[o]) * factors[o] + beta[o];
  }
}

// Reads the small tensors, and makes of the bias what is to be stored.
std::vector<double> prepare(const Source& source, const SourceLayer& from,
                            const ChannelFactors& factors, Layer& layer) {
  const std::int64_t out = layer.shape.out;
  std::vector<double> bias(static_cast<std::size_t>(out));
  if (from.bias) {
    bias = read_vector(source, *from.bias, out);
  }
  if (from.batch_norm) {
    fold(source, *from.batch_norm, layer.out_factors, bias);
  }
  if (!factors.out.empty()) {
    layer.out_factors.resize(bias.size(), 1);
    for (std::size_t o = 0; o < bias.size(); ++o) {
      layer.out_factors[o] *= factors.out[o];
      bias[o] *= factors.out[o];
    }
  }
  layer.in_factors = factors.in;
  return bias;
}

}  // namespace

StoredLayer stored_layer(const InputFilePtr& file, const Source& source, const SourceLayer& layer,
                         const std::string& name, const LayerShape& as, DType dtype,
                         const ChannelFactors& factors) try {
  const SourceTensor& weight = source.tensors.at(layer.weight);
  check(weight.read != nullptr, "tensor {} has no floating-point numbers", weight.name);
  check(weight.element_count() == as.out * as.in * as.rows * as.columns,
        "tensor {} has shape [{}]; [{}, {}, {}, {}] is needed", weight.name,
        fmt::join(weight.shape, ", "), as.out, as.rows, as.columns, as.in);
  const auto shared = std::make_shared<Layer>(Layer{file,
                                                    &source,
                                                    &weight,
                                                    weight.name,
                                                    as,
                                                    strides_of(layer.layout, source.flatten, as),
                                                    dtype,
                                                    {},
                                                    {}});
  const std::string bias_name = layer.bias ? source.tensors.at(*layer.bias).name : name + ".bias";
  const auto bias = prepare(source, layer, factors, *shared);
  StoredLayer result{name, as, {}, {}};
  result.weight = {name + ".weight",
                   dtype,
                   {as.out, as.rows, as.columns, as.in},
                   [shared](const nn::ByteSink& sink) { produce_weight(*shared, sink); }};
  result.bias = {
      name + ".bias", DType::f32, {as.out}, [shared, bias, bias_name](const nn::ByteSink& sink) {
        store_piece(*shared, bias, DType::f32, bias_name, sink);
      }};
  return result;
} catch (const Error& error) {
  fail("{}: layer {}: {}", file->path, layer.name, error.what());
}

std::vector<float> values_of(const nn::TensorStream& stream) {
  std::vector<float> values;
  stream.produce([&](std::span<const std::byte> piece) {
    const nn::TensorView view{stream.name, stream.dtype, {}, piece};
    const std::size_t before = values.size();
    values.resize(before + view.element_count());
    nn::expand_to_f32(view, std::span(values).subspan(before));
  });
  return values;
}

}  // namespace gramgrad::converter
