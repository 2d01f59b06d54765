// From the layers of a .caffemodel to those of a VGG.
#include "weights_converter/graphs/caffe.h"

#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "kernels/check.h"
#include "weights_converter/graphs/caffe_model.h"
#include "weights_converter/graphs/vgg_walk.h"
#include "weights_converter/graphs/wire.h"
#include "weights_converter/with_path.h"

namespace gramgrad::converter {
namespace {

std::size_t rank(const CaffeModel& model, std::size_t tensor) {
  return model.tensors[tensor].shape.size();
}

bool is_vector(const CaffeModel& model, std::size_t tensor, std::int64_t count) {
  const std::vector<std::int64_t>& shape = model.tensors[tensor].shape;
  return shape.size() == 1 && shape[0] == count;
}

// Weights and perhaps a bias, of a layer of type Convolution or InnerProduct.
Op weighted(const CaffeModel& model, const CaffeLayer& layer, Step& step) {
  const bool conv = layer.type == "Convolution";
  if (layer.blobs.empty() || layer.blobs.size() > 2 ||
      rank(model, layer.blobs[0]) != (conv ? 4 : 2)) {
    return Op::other;
  }
  const std::vector<std::int64_t>& shape = model.tensors[layer.blobs[0]].shape;
  const WeightLayout matrix = layer.transposed ? WeightLayout::io : WeightLayout::oi;
  step.layer = {conv ? LayerKind::conv : LayerKind::linear,
                layer.name,
                conv ? WeightLayout::oihw : matrix,
                layer.blobs[0],
                std::nullopt,
                std::nullopt};
  step.channels = conv || !layer.transposed ? shape[0] : shape[1];
  if (layer.blobs.size() == 2) {
    if (!is_vector(model, layer.blobs[1], step.channels)) {
      return Op::other;
    }
    step.layer.bias = layer.blobs[1];
  }
  step.window = layer.window;
  const bool agrees = !conv || (shape[2] == step.window.rows && shape[3] == step.window.columns);
  return agrees ? (conv ? Op::conv : Op::linear) : Op::other;
}

// Caffe splits batch normalisation in two layers: BatchNorm holds sums of means and of variances
// and what to divide them by, Scale holds gamma and beta.
Op normalisation(CaffeModel& model, const CaffeLayer& norm, const CaffeLayer& scale, Step& step) {
  if (norm.blobs.size() != 3 || scale.blobs.size() != 2 || rank(model, scale.blobs[0]) != 1 ||
      !is_vector(model, norm.blobs[2], 1)) {
    return Op::other;
  }
  step.channels = model.tensors[scale.blobs[0]].shape[0];
  for (const std::size_t blob : {norm.blobs[0], norm.blobs[1], scale.blobs[1]}) {
    if (!is_vector(model, blob, step.channels)) {
      return Op::other;
    }
  }
  step.batch_norm = {scale.blobs[0], scale.blobs[1], norm.blobs[0], norm.blobs[1], norm.epsilon};
  return Op::batch_norm;
}

// The numbers of `sums` divided by the one number of `divisor`, which is 0 if there are none yet.
void divide(SourceTensor& sums, const SourceTensor& divisor) {
  sums.read = [sum = sums.read, divisor = divisor.read](std::int64_t first, std::span<float> out) {
    float count = 0;
    divisor(0, {&count, 1});
    sum(first, out);
    for (float& value : out) {
      value = count == 0 ? 0 : value / count;
    }
  };
}

Op translate(const CaffeModel& model, const CaffeLayer& layer, Step& step) {
  const std::string& type = layer.type;
  if (type == "Convolution" || type == "InnerProduct") {
    return weighted(model, layer, step);
  }
  if (type == "ReLU") {
    return layer.negative_slope == 0 ? Op::relu : Op::other;
  }
  if (type == "Pooling") {
    step.window = layer.window;
    return Op::pool;
  }
  if (type == "Dropout" || type == "Split") {
    return Op::pass;
  }
  if (type == "Flatten") {
    return Op::flatten;
  }
  return type == "Softmax" || type == "SoftmaxWithLoss" ? Op::softmax : Op::other;
}

class StepBuilder {
 public:
  explicit StepBuilder(CaffeModel& model) : model_(model) {}

  std::vector<Step> build() {
    for (std::size_t i = 0; i < model_.layers.size(); ++i) {
      const CaffeLayer& layer = model_.layers[i];
      const CaffeLayer* next = i + 1 < model_.layers.size() ? &model_.layers[i + 1] : nullptr;
      if (layer.bottoms.empty() || layer.tops.empty() || layer.type == "Accuracy") {
        continue;  // gives data, or only looks at it
      }
      if (layer.type == "BatchNorm" && next != nullptr && next->type == "Scale" &&
          next->bottoms == layer.tops) {
        add_normalisation(layer, *next);
        ++i;
      } else {
        add(layer);
      }
    }
    return std::move(steps_);
  }

  // What the layers read and none before them writes.
  std::vector<std::string> inputs() const { return inputs_; }

 private:
  Step& begin(const CaffeLayer& layer) {
    Step& step = steps_.emplace_back();
    step.name = fmt::format("{} ({})", layer.name, layer.type);
    step.input = layer.bottoms[0];
    if (!written_.contains(step.input)) {
      inputs_.push_back(step.input);
      written_.insert(step.input);
    }
    return step;
  }

  void finish(Step& step, const CaffeLayer& layer) {
    step.outputs = layer.tops;
    written_.insert(layer.tops.begin(), layer.tops.end());
  }

  void add(const CaffeLayer& layer) {
    if (layer.type == "InnerProduct") {  // flattens by itself
      Step& flat = begin(layer);
      flat.op = Op::flatten;
      flat.outputs = {layer.name + " flattened"};
    }
    Step& step = begin(layer);
    if (layer.type == "InnerProduct") {
      step.input = layer.name + " flattened";
    }
    step.op = translate(model_, layer, step);
    finish(step, layer);
  }

  void add_normalisation(const CaffeLayer& norm, const CaffeLayer& scale) {
    Step& step = begin(norm);
    step.op = normalisation(model_, norm, scale, step);
    if (step.op == Op::batch_norm) {
      divide(model_.tensors[norm.blobs[0]], model_.tensors[norm.blobs[2]]);
      divide(model_.tensors[norm.blobs[1]], model_.tensors[norm.blobs[2]]);
    }
    finish(step, scale);
  }

  CaffeModel& model_;
  std::vector<Step> steps_;
  std::vector<std::string> inputs_;
  std::unordered_set<std::string> written_;
};

Source read_net(const InputFilePtr& file) {
  CaffeModel model = parse_caffe(file);
  StepBuilder builder(model);
  const std::vector<Step> steps = builder.build();
  Walk walk = find_vgg(steps, builder.inputs());
  Source source;
  source.format = "caffe";
  source.tensors = std::move(model.tensors);
  source.layers = std::move(walk.layers);
  source.notes = std::move(walk.notes);
  if (!source.layers.empty()) {
    source.feeding = caffe_feeding();
  }
  return source;
}

// Whether a layer of a kind can begin with the field: all files begin it with a text (name, bottom
// or top) or, in 2013, a message, cut short or not.
bool begins_as_layer(std::span<const std::byte> rest, bool old) {
  WireField field;
  if (!take_field(rest, field)) {
    return false;
  }
  const bool known = old ? field.number >= 1 && field.number <= 4 : field.number == 1;
  return known && field.type == WireType::bytes;
}

// The same for a layer that is longer than the file, tag and length included.
bool begins_as_cut_layer(std::span<const std::byte> rest) {
  constexpr std::byte old_tag{2 << 3 | 2};
  constexpr std::byte new_tag[] = {std::byte{0xa2}, std::byte{0x06}};  // 100 << 3 | 2
  const bool old = !rest.empty() && rest[0] == old_tag;
  const bool is_new = rest.size() > 1 && rest[0] == new_tag[0] && rest[1] == new_tag[1];
  if (!old && !is_new) {
    return false;
  }
  rest = rest.subspan(old ? 1 : 2);
  for (int i = 0; i < 10 && !rest.empty(); ++i) {  // over the length
    const bool last = (rest[0] & std::byte{0x80}) == std::byte{0};
    rest = rest.subspan(1);
    if (last) {
      return begins_as_layer(rest, old);
    }
  }
  return false;
}

}  // namespace

bool is_caffe(std::span<const std::byte> file) {
  // NetParameter: a name (1), inputs (3) and their sizes (4, 8), then layers (2 or 100).
  WireField field;
  for (int names = 0; take_field(file, field);) {
    const bool text = field.type == WireType::bytes;
    if (field.number == 2 || field.number == 100) {
      return text && begins_as_layer(field.bytes, field.number == 2);
    }
    names += field.number == 1 ? 1 : 0;
    if (field.number > 8 || names > 1 || ((field.number == 1 || field.number == 3) && !text)) {
      return false;
    }
  }
  // The layer may be cut short: what follows its tag and length can still be told.
  return begins_as_cut_layer(file);
}

Source read_caffe(InputFilePtr file) {
  return with_path(file->path, [&] { return read_net(file); });
}

}  // namespace gramgrad::converter
