// Recognition of VGG networks.
#include "weights_converter/recognise.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "kernels/check.h"

namespace gramgrad::converter {
namespace {

int total_convs(const nn::Architecture& architecture) {
  return std::accumulate(architecture.convs.begin(), architecture.convs.end(), 0);
}

// How many of the first layers are 3×3 convolutions, each fed by the one before. What follows is
// somebody's head.
std::vector<std::int64_t> chain_widths(const Source& source) {
  std::vector<std::int64_t> widths;
  std::int64_t channels = 3;
  for (const SourceLayer& layer : source.layers) {
    const LayerShape shape = shape_of(source, layer);
    const bool three = layer.kind == LayerKind::conv && shape.rows == 3 && shape.columns == 3;
    if (widths.empty()) {
      check(three, "its first layer {} is {}×{}; VGG begins with a 3×3 convolution", layer.name,
            shape.rows, shape.columns);
    }
    if (!three || (!widths.empty() && layer.kind == LayerKind::linear)) {
      break;
    }
    check(shape.in == channels, "layer {} takes {} channels, but {} come to it; it is no VGG",
          layer.name, shape.in, channels);
    widths.push_back(channels = shape.out);
  }
  return widths;
}

// Whether blocks 1 to 3 end just where the width changes. Blocks 4 and 5 have the same width, so
// where one ends cannot be seen.
bool fits(const nn::Architecture& architecture, const std::vector<std::int64_t>& widths) {
  if (widths.size() > static_cast<std::size_t>(total_convs(architecture))) {
    return false;
  }
  std::size_t position = 0;
  for (std::size_t block = 0; block < architecture.convs.size(); ++block) {
    for (int i = 0; i < architecture.convs[block] && position < widths.size(); ++i, ++position) {
      const bool begins = i == 0 && position > 0;
      const bool changes = position > 0 && widths[position] != widths[position - 1];
      if (begins ? !changes && block < 4 : changes) {
        return false;
      }
    }
  }
  return true;
}

std::vector<nn::Architecture> candidates(const std::vector<std::int64_t>& widths,
                                         std::vector<std::string>& notes) {
  std::vector<nn::Architecture> found;
  const auto all = nn::architectures();
  std::copy_if(all.begin(), all.end(), std::back_inserter(found),
               [&](const nn::Architecture& a) { return fits(a, widths); });
  const auto complete = [&](const nn::Architecture& a) {
    return static_cast<std::size_t>(total_convs(a)) == widths.size();
  };
  // A whole network is more likely than one cut off just there.
  if (const auto whole = std::find_if(found.begin(), found.end(), complete); whole != found.end()) {
    return {*whole};
  }
  if (found.empty()) {
    std::copy_if(all.begin(), all.end(), std::back_inserter(found), complete);
    if (!found.empty()) {
      notes.push_back(
          fmt::format("taken for {} because it has {} convolutions; its widths are unusual: {}",
                      found.front().name, widths.size(), fmt::join(widths, ", ")));
    }
  }
  return found;
}

nn::Architecture choose(const std::vector<std::int64_t>& widths, const std::string& name,
                        std::vector<std::string>& notes) {
  if (!name.empty()) {
    return nn::find_architecture(name);
  }
  const std::vector<nn::Architecture> found = candidates(widths, notes);
  check(!found.empty(),
        "its {} convolutions of 3×3 with {} channels are no VGG11, 13, 16 or 19; if they are the "
        "beginning of one, name it by --architecture",
        widths.size(), fmt::join(widths, ", "));
  std::vector<std::string_view> names;
  names.reserve(found.size());
  for (const nn::Architecture& architecture : found) {
    names.push_back(architecture.name);
  }
  check(found.size() == 1, "its {} convolutions could begin {}; name it by --architecture",
        widths.size(), fmt::join(names, " or "));
  return found.front();
}

}  // namespace

LayerShape shape_of(const Source& source, const SourceLayer& layer) {
  const SourceTensor& tensor = source.tensors.at(layer.weight);
  const auto& shape = tensor.shape;
  const bool conv = layer.kind == LayerKind::conv;
  check(shape.size() == (conv ? 4 : 2) && tensor.element_count() > 0,
        "layer {}: tensor {} has shape [{}]; {} dimensions are needed", layer.name, tensor.name,
        fmt::join(shape, ", "), conv ? 4 : 2);
  switch (layer.layout) {
    case WeightLayout::oihw:
      return {shape[0], shape[1], shape[2], shape[3]};
    case WeightLayout::oiwh:
      return {shape[0], shape[1], shape[3], shape[2]};
    case WeightLayout::ohwi:
      return {shape[0], shape[3], shape[1], shape[2]};
    case WeightLayout::hwio:
      return {shape[3], shape[2], shape[0], shape[1]};
    case WeightLayout::oi:
      return {shape[0], shape[1]};
    case WeightLayout::io:
      return {shape[1], shape[0]};
  }
  fail("layer {}: has an unknown layout", layer.name);
}

Recognised recognise(const Source& source, const std::string& architecture) {
  check(!source.layers.empty(), "there is no VGG in it: no convolutions that feed one another");
  Recognised result;
  std::vector<std::int64_t> widths = chain_widths(source);
  result.architecture = choose(widths, architecture, result.notes);
  const auto most = static_cast<std::size_t>(total_convs(result.architecture));
  if (widths.size() > most) {
    result.notes.push_back(fmt::format("{} of its {} convolutions lie beyond {} and are left out",
                                       widths.size() - most, widths.size(),
                                       result.architecture.name));
    widths.resize(most);
  }
  result.convs = nn::conv_names(result.architecture, "");
  result.convs.resize(widths.size());
  for (std::size_t i = widths.size(); i < source.layers.size(); ++i) {
    if (source.layers[i].kind == LayerKind::linear) {
      result.linear.push_back(i);
    }
  }
  return result;
}

}  // namespace gramgrad::converter
