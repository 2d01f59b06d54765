// Follows the channels from layer to layer.
#include "weights_converter/containers/vgg_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "kernels/check.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t max_named = 8;  // layers in one note

void note_left_out(const std::vector<std::string>& names, Source& source) {
  if (names.empty()) {
    return;
  }
  const auto shown = static_cast<std::ptrdiff_t>(std::min(names.size(), max_named));
  source.notes.push_back(fmt::format(
      "no part of a VGG, left out: {}{}", fmt::join(names.begin(), names.begin() + shown, ", "),
      names.size() > max_named ? fmt::format(" and {} more", names.size() - max_named) : ""));
}

// Whether `dense` take the last features, `channels` of them per pixel, to classes, as VGG's do.
bool is_classifier(const std::vector<const CandidateLayer*>& dense, std::int64_t channels) {
  return dense.size() == 3 && channels > 0 && dense[0]->inputs % channels == 0 &&
         dense[1]->inputs == dense[0]->outputs && dense[2]->inputs == dense[1]->outputs;
}

}  // namespace

void take_vgg_chain(const std::vector<CandidateLayer>& candidates, Source& source) {
  std::vector<const CandidateLayer*> dense;
  std::vector<std::string> left_out;
  std::int64_t channels = 3;
  for (const CandidateLayer& candidate : candidates) {
    if (candidate.layer.kind == LayerKind::linear) {
      dense.push_back(&candidate);
    } else if (candidate.kernel_height == 3 && candidate.kernel_width == 3 &&
               candidate.inputs == channels) {
      source.layers.push_back(candidate.layer);
      channels = candidate.outputs;
    } else {
      left_out.push_back(candidate.layer.name);
    }
  }
  const bool classifies = !source.layers.empty() && is_classifier(dense, channels);
  for (const CandidateLayer* layer : dense) {
    if (classifies) {
      source.layers.push_back(layer->layer);
    } else {
      left_out.push_back(layer->layer.name);
    }
  }
  note_left_out(left_out, source);
}

}  // namespace gramgrad::converter
