// All losses by name, and how names and options are read.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kernels/check.h"
#include "nn/losses/content.h"
#include "nn/losses/feature_loss.h"
#include "nn/losses/gram.h"
#include "nn/losses/statistics.h"
#include "nn/suggest.h"

namespace gramgrad::nn {

std::span<const LossEntry> loss_registry() {
  static const std::array entries{
      LossEntry{"gram",
                "squared distance of Gram matrices; normalization=gatys|hw|chw|none, "
                "relative=true|false",
                make_gram_loss},
      LossEntry{"statistics",
                "squared distance of channels' means and deviations; relative=true|false",
                make_statistics_loss},
      LossEntry{"content", "squared distance of feature maps; normalization=gatys|mean|relative",
                make_content_loss},
  };
  return entries;
}

LossSpec parse_loss_spec(std::string_view text) {
  LossSpec spec;
  const std::size_t colon = text.find(':');
  spec.name = text.substr(0, colon);
  std::string_view rest = colon == text.npos ? "" : text.substr(colon + 1);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view pair = rest.substr(0, comma);
    const std::size_t equals = pair.find('=');
    check(equals != pair.npos && equals > 0, "'{}' in '{}' is not key=value", pair, text);
    spec.options[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
    rest = comma == rest.npos ? "" : rest.substr(comma + 1);
  }
  return spec;
}

FeatureLoss make_loss(const LossSpec& spec) {
  const std::span<const LossEntry> entries = loss_registry();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const LossEntry& entry) { return entry.name == spec.name; });
  if (found == entries.end()) {
    std::vector<std::string> names;
    std::transform(entries.begin(), entries.end(), std::back_inserter(names),
                   [](const LossEntry& entry) { return entry.name; });
    fail("there is no loss '{}'; did you mean '{}'?", spec.name, nearest(spec.name, names));
  }
  LossOptions options(spec.options);
  FeatureLoss loss = found->make(options);
  options.reject_unknown(spec.name);
  return loss;
}

std::size_t LossOptions::choice(const std::string& key, std::span<const std::string> choices,
                                std::size_t otherwise) {
  known_.push_back(key);
  const auto value = values_.find(key);
  if (value == values_.end()) {
    return otherwise;
  }
  const auto found = std::find(choices.begin(), choices.end(), value->second);
  check(found != choices.end(), "{}={}: did you mean {}={}? (one of {})", key, value->second, key,
        nearest(value->second, choices), fmt::join(choices, ", "));
  return static_cast<std::size_t>(found - choices.begin());
}

bool LossOptions::flag(const std::string& key, bool otherwise) {
  static const std::array<std::string, 2> names{"false", "true"};
  return choice(key, names, otherwise ? 1 : 0) == 1;
}

void LossOptions::reject_unknown(std::string_view loss) const {
  for (const auto& [key, value] : values_) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
      fail("the loss '{}' has no option '{}'; did you mean '{}'?", loss, key, nearest(key, known_));
    }
  }
}

}  // namespace gramgrad::nn
