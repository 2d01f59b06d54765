// Field numbers are those of caffe.proto. Layers are messages of one of two kinds: LayerParameter
// (since 2014) and V1LayerParameter, in which the VGG files of 2014 are written.
#include "weights_converter/graphs/caffe_model.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/graphs/limits.h"
#include "weights_converter/graphs/number_list.h"
#include "weights_converter/graphs/wire.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t max_layers = 10'000;
constexpr std::size_t max_layer_values = 1'000;  // bottoms or tops of one layer
constexpr std::size_t max_layer_blobs = 64;

// Where the two kinds of layer message keep things.
struct LayerFields {
  std::uint64_t name, type, bottom, top, blobs, convolution, inner_product, pooling, relu,
      batch_norm;
};
constexpr LayerFields new_fields = {1, 2, 3, 4, 7, 106, 117, 121, 123, 139};
constexpr LayerFields old_fields = {4, 5, 2, 3, 6, 10, 17, 19, 30, 0};

// V1LayerParameter.LayerType; the others stay numbers.
std::string type_name(std::uint64_t type) {
  constexpr std::array<std::pair<std::uint64_t, std::string_view>, 10> names = {{
      {1, "Accuracy"},
      {4, "Convolution"},
      {6, "Dropout"},
      {8, "Flatten"},
      {14, "InnerProduct"},
      {17, "Pooling"},
      {18, "ReLU"},
      {20, "Softmax"},
      {21, "SoftmaxWithLoss"},
      {22, "Split"},
  }};
  const auto* found = std::find_if(names.begin(), names.end(),
                                   [&](const auto& entry) { return entry.first == type; });
  return found == names.end() ? fmt::format("type {}", type) : std::string(found->second);
}

// A pair of settings of a window: both at once (one number, or two, rows first), or each by name.
struct Pair {
  std::vector<std::int64_t> both;
  std::int64_t rows = -1, columns = -1;

  std::int64_t row(std::int64_t otherwise) const {
    return rows >= 0 ? rows : both.empty() ? otherwise : both.front();
  }
  std::int64_t column(std::int64_t otherwise) const {
    return columns >= 0 ? columns : both.empty() ? otherwise : both.back();
  }
};

struct WindowSettings {
  Pair kernel, stride, pad, dilation;
  std::int64_t groups = 1;
  bool whole = false;  // pools over the whole map

  Window window() const {
    Window window;
    window.rows = whole ? 0 : kernel.row(0);
    window.columns = whole ? 0 : kernel.column(0);
    window.row_stride = stride.row(1);
    window.column_stride = stride.column(1);
    const std::int64_t row_pad = pad.row(0);
    const std::int64_t column_pad = pad.column(0);
    window.pads = {row_pad, column_pad, row_pad, column_pad};
    window.dilation = std::max(dilation.row(1), dilation.column(1));
    window.groups = groups;
    return window;
  }
};

// Field numbers of the settings in the two messages that have them; 0: not there.
struct WindowFields {
  std::uint64_t kernel, stride, pad, dilation, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w,
      groups, whole;
};
constexpr WindowFields convolution_fields = {4, 6, 3, 18, 11, 12, 13, 14, 9, 10, 5, 0};
constexpr WindowFields pooling_fields = {2, 3, 4, 0, 5, 6, 7, 8, 9, 10, 0, 12};

Window parse_window(const InputFile& file, std::span<const std::byte> message,
                    const WindowFields& fields) {
  WindowSettings settings;
  const std::pair<std::uint64_t, std::vector<std::int64_t>*> pairs[] = {
      {fields.kernel, &settings.kernel.both},
      {fields.stride, &settings.stride.both},
      {fields.pad, &settings.pad.both},
      {fields.dilation, &settings.dilation.both}};
  const std::pair<std::uint64_t, std::int64_t*> singles[] = {
      {fields.kernel_h, &settings.kernel.rows}, {fields.kernel_w, &settings.kernel.columns},
      {fields.stride_h, &settings.stride.rows}, {fields.stride_w, &settings.stride.columns},
      {fields.pad_h, &settings.pad.rows},       {fields.pad_w, &settings.pad.columns},
      {fields.groups, &settings.groups}};
  for (WireReader at(file, message); at.next();) {
    for (const auto& [number, values] : pairs) {
      if (at.number() == number) {
        at.append_integers(*values, max_dimensions);
      }
    }
    for (const auto& [number, value] : singles) {
      if (at.number() == number) {
        *value = static_cast<std::int64_t>(at.varint());
      }
    }
    settings.whole = settings.whole || (at.number() == fields.whole && at.varint() != 0);
  }
  return settings.window();
}

struct Blob {
  std::vector<std::int64_t> shape;
  bool has_shape = false;
  std::array<std::int64_t, 4> legacy = {0, 0, 0, 0};  // num, channels, height, width
  NumberList floats{ElementType::f32};
  NumberList doubles{ElementType::f64};
};

Blob parse_blob(const InputFile& file, std::span<const std::byte> message) {
  Blob blob;
  for (WireReader at(file, message); at.next();) {
    if (at.number() >= 1 && at.number() <= 4) {
      blob.legacy[at.number() - 1] = static_cast<std::int64_t>(at.varint());
    } else if (at.number() == 5) {
      blob.floats.append(at);
    } else if (at.number() == 7) {
      blob.has_shape = true;
      for (WireReader shape(file, at.bytes()); shape.next();) {
        if (shape.number() == 1) {
          shape.append_integers(blob.shape, max_dimensions);
        }
      }
    } else if (at.number() == 8) {
      blob.doubles.append(at);
    }
  }
  return blob;
}

// Old blobs always have four dimensions: a matrix is [1, 1, out, in], a vector [1, 1, 1, count].
std::vector<std::int64_t> shape_of_blob(const Blob& blob, std::size_t rank) {
  if (blob.has_shape) {
    return blob.shape;
  }
  const auto ones = static_cast<std::ptrdiff_t>(4 - rank);
  const bool shorter = std::all_of(blob.legacy.begin(), blob.legacy.begin() + ones,
                                   [](std::int64_t dimension) { return dimension == 1; });
  return {blob.legacy.begin() + (shorter ? ones : 0), blob.legacy.end()};
}

SourceTensor blob_tensor(const InputFilePtr& file, std::span<const std::byte> message,
                         const CaffeLayer& layer, std::size_t index) {
  const bool conv = layer.type == "Convolution";
  const bool weighted = conv || layer.type == "InnerProduct";
  const std::size_t rank = index > 0 || !weighted ? 1 : conv ? 4 : 2;
  std::string name = fmt::format("{}.{}", layer.name, index);
  if (weighted && index < 2) {
    name = layer.name + (index == 0 ? ".weight" : ".bias");
  }
  const Blob blob = parse_blob(*file, message);
  std::vector<std::int64_t> shape = shape_of_blob(blob, rank);
  try {
    check(std::all_of(shape.begin(), shape.end(), [](std::int64_t n) { return n >= 0; }),
          "has a negative dimension");
    const NumberList& numbers = blob.doubles.empty() ? blob.floats : blob.doubles;
    return numbers.tensor(file, name, std::move(shape));
  } catch (const Error& error) {
    fail("at byte {}: blob {}: {}", message.data() - file->bytes().data(), name, error.what());
  }
}

void parse_settings(const InputFile& file, const WireReader& at, const LayerFields& fields,
                    CaffeLayer& layer) {
  if (at.number() == fields.convolution) {
    layer.window = parse_window(file, at.bytes(), convolution_fields);
  } else if (at.number() == fields.pooling) {
    layer.window = parse_window(file, at.bytes(), pooling_fields);
  } else if (at.number() == fields.inner_product) {
    for (WireReader setting(file, at.bytes()); setting.next();) {
      layer.transposed = setting.number() == 6 ? setting.varint() != 0 : layer.transposed;
    }
  } else if (at.number() == fields.relu) {
    for (WireReader setting(file, at.bytes()); setting.next();) {
      layer.negative_slope = setting.number() == 1 ? setting.f32() : layer.negative_slope;
    }
  } else if (at.number() == fields.batch_norm) {
    for (WireReader setting(file, at.bytes()); setting.next();) {
      layer.epsilon = setting.number() == 3 ? setting.f32() : layer.epsilon;
    }
  }
}

void parse_layer(const InputFilePtr& file, std::span<const std::byte> message,
                 const LayerFields& fields, CaffeModel& model) {
  const bool old = &fields == &old_fields;
  CaffeLayer layer;
  std::vector<std::span<const std::byte>> blobs;  // their names need the layer's, which may follow
  for (WireReader at(*file, message); at.next();) {
    if (at.number() == fields.name) {
      layer.name = at.text();
    } else if (at.number() == fields.type) {
      layer.type = old ? type_name(at.varint()) : at.text();
    } else if (at.number() == fields.bottom) {
      append_within(layer.bottoms, max_layer_values, at, "bottoms of one layer") = at.text();
    } else if (at.number() == fields.top) {
      append_within(layer.tops, max_layer_values, at, "tops of one layer") = at.text();
    } else if (at.number() == fields.blobs) {
      append_within(blobs, max_layer_blobs, at, "blobs of one layer") = at.bytes();
    } else if (old && at.number() == 1) {
      at.fail_here(
          "is a layer of Caffe's first format, of 2013; bring the file up to date by Caffe's "
          "upgrade_net_proto_binary");
    } else {
      parse_settings(*file, at, fields, layer);
    }
  }
  for (const std::span<const std::byte> blob : blobs) {
    const std::size_t index = layer.blobs.size();
    layer.blobs.push_back(model.tensors.size());
    model.tensors.push_back(blob_tensor(file, blob, layer, index));
  }
  model.layers.push_back(std::move(layer));
}

}  // namespace

CaffeModel parse_caffe(const InputFilePtr& file) {
  CaffeModel model;
  for (WireReader at(*file, file->bytes()); at.next();) {
    if (at.number() != 2 && at.number() != 100) {
      continue;
    }
    if (model.layers.size() >= max_layers) {
      at.fail_here(fmt::format("there are more than {} layers", max_layers));
    }
    parse_layer(file, at.bytes(), at.number() == 2 ? old_fields : new_fields, model);
  }
  return model;
}

}  // namespace gramgrad::converter
