// Options of their own kind.
#include "apps/support/option_parsers.h"

#include "apps/support/values.h"

namespace gramgrad::apps {
namespace {

constexpr std::array init_names{Choice<nn::InitKind>{"content", nn::InitKind::content},
                                Choice<nn::InitKind>{"style", nn::InitKind::style},
                                Choice<nn::InitKind>{"noise", nn::InitKind::noise}};

template <typename Numbers, typename Format>
std::string join(const Numbers& numbers, Format format) {
  std::string text;
  for (const auto number : numbers) {
    text += fmt::format("{}{}", text.empty() ? "" : ",", format(number));
  }
  return text;
}

}  // namespace

void parse_iterations(StylizeArguments& a, std::string_view text) {
  a.iterations.clear();
  if (text != "auto") {
    for (const std::string_view part : parse_list(text)) {
      a.iterations.push_back(static_cast<int>(parse_integer(part, 1, most_iterations)));
    }
  }
}

std::string format_iterations(const StylizeArguments& a) {
  return a.iterations.empty() ? "auto" : join(a.iterations, [](int n) { return n; });
}

void parse_blend(StylizeArguments& a, std::string_view text) {
  std::vector<double>& weights = a.stylizer.objective.style_blend_weights;
  weights.clear();
  if (text != "equal") {
    for (const std::string_view part : parse_list(text)) {
      weights.push_back(parse_number(part, 0, largest_weight));
    }
  }
}

std::string format_blend(const StylizeArguments& a) {
  const std::vector<double>& weights = a.stylizer.objective.style_blend_weights;
  return weights.empty() ? "equal" : join(weights, format_number);
}

void parse_init(StylizeArguments& a, std::string_view text) {
  check(!text.empty(), "is empty");
  a.stylizer.init = nn::InitKind::picture;
  a.init_picture = text;
  for (const Choice<nn::InitKind>& choice : init_names) {
    if (choice.name == text) {
      a.stylizer.init = choice.value;
      a.init_picture.clear();
    }
  }
}

std::string format_init(const StylizeArguments& a) {
  return a.stylizer.init == nn::InitKind::picture ? a.init_picture
                                                  : format_choice(a.stylizer.init, init_names);
}

void parse_learning_rate(StylizeArguments& a, std::string_view text) {
  constexpr double smallest = 1e-12;
  a.stylizer.optimizer.learning_rate.reset();
  if (text != "auto") {
    a.stylizer.optimizer.learning_rate = parse_number(text, smallest, largest_weight);
  }
}

std::string format_learning_rate(const StylizeArguments& a) {
  const std::optional<double>& rate = a.stylizer.optimizer.learning_rate;
  return rate ? format_number(*rate) : "auto";
}

}  // namespace gramgrad::apps
