// Chains of modules, and the layers that they make.
#include "weights_converter/archives/named_layers.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "kernels/check.h"
#include "weights_converter/archives/colour_layer.h"
#include "weights_converter/archives/named_modules.h"

namespace gramgrad::converter {
namespace {

using Shape = std::vector<std::int64_t>;

struct ConvSize {
  std::int64_t outputs, inputs, rows, columns;
};

ConvSize conv_size(const Shape& shape, WeightLayout layout) {
  switch (layout) {
    case WeightLayout::hwio:
      return {shape[3], shape[2], shape[0], shape[1]};
    case WeightLayout::ohwi:
      return {shape[0], shape[3], shape[1], shape[2]};
    default:
      return {shape[0], shape[1], shape[2], shape[3]};
  }
}

struct Chain {
  const std::vector<NamedModule>* group = nullptr;
  WeightLayout layout = WeightLayout::oihw;
  std::vector<std::size_t> members;    // indices into the group
  std::optional<std::size_t> colours;  // a 1×1 convolution of the picture's channels before them
  std::int64_t outputs = 0;            // of the last
};

class LayerFinder {
 public:
  explicit LayerFinder(Source& source) : source_(source), groups_(group_modules(source.tensors)) {}

  void run() {
    const Chain convs = longest_conv_chain();
    if (convs.members.empty()) {
      return;  // no network of the kind
    }
    add_convs(convs);
    add_linears(convs);
    choose_feeding(convs);
  }

 private:
  const Shape& shape(std::size_t tensor) const { return source_.tensors[tensor].shape; }

  bool has_shape(const std::optional<std::size_t>& tensor, const Shape& wanted) const {
    return tensor.has_value() && shape(*tensor) == wanted;
  }

  // A weight of so many dimensions; its bias, if there is one, fits.
  bool is_layer(const NamedModule& module, std::size_t rank) const {
    return module.part(Part::weight) && shape(*module.part(Part::weight)).size() == rank;
  }

  bool bias_fits(const NamedModule& module, std::int64_t outputs) const {
    return !module.part(Part::bias) || has_shape(module.part(Part::bias), {outputs});
  }

  Chain longest_conv_chain() const {
    Chain longest;
    for (const auto& [name, group] : groups_) {
      for (const WeightLayout layout :
           {WeightLayout::oihw, WeightLayout::ohwi, WeightLayout::hwio}) {
        Chain chain = conv_chain(group, layout);
        if (chain.members.size() > longest.members.size()) {
          longest = std::move(chain);
        }
      }
    }
    return longest;
  }

  // From the first 3×3 convolution of 3 channels on.
  Chain conv_chain(const std::vector<NamedModule>& group, WeightLayout layout) const {
    Chain chain{&group, layout, {}, {}, 3};
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (!is_layer(group[i], 4)) {
        continue;
      }
      const ConvSize size = conv_size(shape(*group[i].part(Part::weight)), layout);
      if (size.rows == 3 && size.columns == 3 && size.inputs == chain.outputs &&
          bias_fits(group[i], size.outputs)) {
        chain.members.push_back(i);
        chain.outputs = size.outputs;
      } else if (!chain.members.empty()) {
        break;
      } else {
        const bool mixes_colours = size.rows == 1 && size.columns == 1 && size.inputs == 3 &&
                                   size.outputs == 3 && bias_fits(group[i], 3);
        chain.colours = mixes_colours ? std::optional(i) : std::nullopt;
      }
    }
    return chain;
  }

  SourceLayer make_layer(const NamedModule& module, LayerKind kind, WeightLayout layout) const {
    return {kind, module.name, layout, *module.part(Part::weight), module.part(Part::bias), {}};
  }

  void add_convs(const Chain& chain) {
    for (const std::size_t index : chain.members) {
      const NamedModule& module = (*chain.group)[index];
      SourceLayer layer = make_layer(module, LayerKind::conv, chain.layout);
      const auto outputs = conv_size(shape(layer.weight), chain.layout).outputs;
      layer.batch_norm = find_batch_norm(chain, index, outputs);
      source_.layers.push_back(std::move(layer));
    }
    std::size_t all = 0;
    for (const auto& [name, group] : groups_) {
      all += static_cast<std::size_t>(
          std::ranges::count_if(group, [&](const NamedModule& m) { return is_layer(m, 4); }));
    }
    const std::size_t used = chain.members.size() + (chain.colours ? 1 : 0);
    if (all > used) {
      source_.notes.push_back(fmt::format(
          "{} other convolutions, which are not part of the VGG, are left out", all - used));
    }
  }

  std::optional<BatchNorm> as_batch_norm(const NamedModule& module, std::int64_t channels) const {
    for (const auto& part : module.parts) {
      if (!has_shape(part, {channels})) {
        return std::nullopt;
      }
    }
    return BatchNorm{*module.part(Part::weight), *module.part(Part::bias), *module.part(Part::mean),
                     *module.part(Part::variance), 1e-5};
  }

  // The next module ("features.1" after "features.0"), or one that has the same numbers and another
  // name ("bn1_1" beside "conv1_1").
  std::optional<BatchNorm> find_batch_norm(const Chain& chain, std::size_t index,
                                           std::int64_t channels) const {
    const std::vector<NamedModule>& group = *chain.group;
    if (index + 1 < group.size()) {
      if (const auto found = as_batch_norm(group[index + 1], channels)) {
        return found;
      }
    }
    for (const auto& [name, other] : groups_) {
      const auto same =
          std::ranges::lower_bound(other, group[index].numbers, {}, &NamedModule::numbers);
      if (&other != &group && same != other.end() && same->numbers == group[index].numbers) {
        if (const auto found = as_batch_norm(*same, channels)) {
          return found;
        }
      }
    }
    return std::nullopt;
  }

  // Files that store convolutions as TensorFlow does store matrices as it does.
  void add_linears(const Chain& convs) {
    const bool tensorflow = convs.layout == WeightLayout::hwio;
    const WeightLayout layout = tensorflow ? WeightLayout::io : WeightLayout::oi;
    std::vector<SourceLayer> longest;
    std::size_t all = 0;
    for (const auto& [name, group] : groups_) {
      std::vector<SourceLayer> chain;
      std::int64_t inputs = 0;
      for (const NamedModule& module : group) {
        if (!is_layer(module, 2)) {
          continue;
        }
        ++all;
        const Shape& size = shape(*module.part(Part::weight));
        const std::int64_t in = size[tensorflow ? 0 : 1];
        const std::int64_t out = size[tensorflow ? 1 : 0];
        const bool follows =
            chain.empty() ? in > 0 && convs.outputs > 0 && in % convs.outputs == 0 : in == inputs;
        if (follows && bias_fits(module, out)) {
          chain.push_back(make_layer(module, LayerKind::linear, layout));
          inputs = out;
        }
      }
      if (chain.size() > longest.size()) {
        longest = std::move(chain);
      }
    }
    source_.flatten = tensorflow ? FlattenOrder::hwc : FlattenOrder::chw;
    if (all > longest.size()) {
      source_.notes.push_back(fmt::format(
          "{} fully connected layers that do not follow are left out", all - longest.size()));
    }
    std::ranges::move(longest, std::back_inserter(source_.layers));
  }

  void choose_feeding(const Chain& chain) {
    const NamedModule& first = (*chain.group)[chain.members[0]];
    if (chain.colours) {
      const NamedModule& colours = (*chain.group)[*chain.colours];
      source_.feeding =
          feeding_of_colours(source_, make_layer(colours, LayerKind::conv, chain.layout));
      source_.notes.push_back(fmt::format(
          "layer {} prepares the picture's colours and becomes the way of feeding; networks that "
          "begin like this, such as AdaIN's vgg_normalised.pth, were made to pad by reflection, "
          "gramgrad pads with zeros",
          colours.name));
    } else if (first.ending == "_W") {
      source_.feeding =
          nn::Feeding{nn::ChannelOrder::rgb, 255, {123.68, 116.779, 103.939}, {1, 1, 1}};
      source_.notes.emplace_back(
          "names as in Frossard's vgg16_weights.npz: fed with RGB from 0 to 255 minus its mean");
    } else if (first.name.ends_with("conv1_1")) {
      source_.feeding = caffe_feeding();
      source_.notes.emplace_back(
          "names as in Caffe's VGG: fed with BGR from 0 to 255 minus its mean");
    } else {
      source_.feeding = torchvision_feeding();
      source_.notes.emplace_back(
          "taken for a network of torchvision: fed with RGB from 0 to 1, normalised");
    }
  }

  Source& source_;
  ModuleGroups groups_;
};

}  // namespace

void find_named_layers(Source& source) {
  std::set<std::string_view> names;
  for (const SourceTensor& tensor : source.tensors) {
    check(names.insert(tensor.name).second, "tensor {}: is there twice", tensor.name);
  }
  LayerFinder(source).run();
}

}  // namespace gramgrad::converter
