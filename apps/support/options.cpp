// What the option table is made of.
#include "apps/support/options.h"

#include <algorithm>

#include "apps/support/values.h"
#include "kernels/check.h"

namespace gramgrad::apps {

const Option& stylize_option(std::string_view name) {
  const std::vector<Option>& all = stylize_options();
  return *std::find_if(all.begin(), all.end(),
                       [&](const Option& option) { return option.name == name; });
}

void set_option(StylizeArguments& arguments, const Option& option, std::string_view text) {
  try {
    option.parse(arguments, text);
  } catch (const Error& error) {
    fail("--{}: {}", option.name, error.what());
  }
}

nn::StylizerOptions stylizer_options(const StylizeArguments& arguments) {
  nn::StylizerOptions options = arguments.stylizer;
  options.clamp =
      arguments.clamp == Clamp::on ||
      (arguments.clamp == Clamp::automatic && options.optimizer.kind == nn::OptimizerKind::adam);
  return options;
}

std::vector<nn::WeightedLayer> parse_layers(std::string_view text, double (*otherwise)(int count)) {
  constexpr double largest = 1e12;
  std::vector<nn::WeightedLayer> layers;
  const bool weighted = text.find('=') != text.npos;
  const std::vector<std::string_view> parts = parse_list(text);
  for (const std::string_view part : parts) {
    const std::size_t equals = part.find('=');
    const std::string name(part.substr(0, equals));
    check(!name.empty(), "'{}' is not a layer like relu4_2 or relu4_2=0.5", part);
    const bool twice = std::any_of(layers.begin(), layers.end(),
                                   [&](const nn::WeightedLayer& l) { return l.tap == name; });
    check(!twice, "layer '{}' is listed twice", name);
    double weight = weighted ? 1.0 : otherwise(static_cast<int>(parts.size()));
    if (equals != part.npos) {
      weight = parse_number(part.substr(equals + 1), 0, largest);
    }
    layers.push_back({name, weight});
  }
  return layers;
}

std::string format_layers(const std::vector<nn::WeightedLayer>& layers) {
  std::string text;
  for (const nn::WeightedLayer& layer : layers) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", layer.tap, format_number(layer.weight));
  }
  return text;
}

std::string format_loss(const nn::LossSpec& loss) {
  std::string text = loss.name;
  for (const auto& [key, value] : loss.options) {
    text += fmt::format("{}{}={}", text == loss.name ? ":" : ",", key, value);
  }
  return text;
}

}  // namespace gramgrad::apps
