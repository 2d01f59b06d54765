// Entries of the option table, by the kind of their value. `member` is a function from
// StylizeArguments (constant or not) to a reference to the value.
#pragma once

#include <string>
#include <utility>

#include "apps/support/options.h"
#include "apps/support/values.h"

namespace gramgrad::apps {

// What all entries begin with.
struct OptionText {
  std::string name, value, help, group;
  bool in_recipe = true;
};

template <typename Parse, typename Format>
Option option(OptionText text, Parse parse, Format format) {
  return {std::move(text.name), std::move(text.value), std::move(text.help), std::move(text.group),
          text.in_recipe,       std::move(parse),      std::move(format)};
}

template <typename Member>
Option number_option(OptionText text, double low, double high, Member member) {
  return option(
      std::move(text),
      [=](StylizeArguments& a, std::string_view t) { member(a) = parse_number(t, low, high); },
      [=](const StylizeArguments& a) { return format_number(member(a)); });
}

template <typename Member>
Option integer_option(OptionText text, int low, int high, Member member) {
  return option(
      std::move(text),
      [=](StylizeArguments& a, std::string_view t) {
        member(a) = static_cast<int>(parse_integer(t, low, high));
      },
      [=](const StylizeArguments& a) { return std::to_string(member(a)); });
}

// An optional<int>, unset by the word `unset`.
template <typename Member>
Option optional_integer_option(OptionText text, int low, int high, std::string_view unset,
                               Member member) {
  return option(
      std::move(text),
      [=](StylizeArguments& a, std::string_view t) {
        member(a).reset();
        if (t != unset) {
          member(a) = static_cast<int>(parse_integer(t, low, high));
        }
      },
      [=](const StylizeArguments& a) {
        return member(a) ? std::to_string(*member(a)) : std::string(unset);
      });
}

// The names of `choices` stand in the help as the value.
template <typename Choices, typename Member>
Option choice_option(OptionText text, const Choices& choices, Member member) {
  for (const auto& choice : choices) {
    text.value += fmt::format("{}{}", text.value.empty() ? "" : "|", choice.name);
  }
  return option(
      std::move(text),
      [=, &choices](StylizeArguments& a, std::string_view t) {
        member(a) = parse_choice(t, choices);
      },
      [=, &choices](const StylizeArguments& a) { return format_choice(member(a), choices); });
}

template <typename Member>
Option text_option(OptionText text, Member member) {
  return option(
      std::move(text),
      [=](StylizeArguments& a, std::string_view t) {
        check(!t.empty(), "is empty");
        member(a) = t;
      },
      [=](const StylizeArguments& a) { return member(a); });
}

template <typename Member>
Option layers_option(OptionText text, double (*otherwise)(int), Member member) {
  return option(
      std::move(text),
      [=](StylizeArguments& a, std::string_view t) { member(a) = parse_layers(t, otherwise); },
      [=](const StylizeArguments& a) { return format_layers(member(a)); });
}

template <typename Member>
Option loss_option(OptionText text, Member member) {
  return option(
      std::move(text),
      [=](StylizeArguments& a, std::string_view t) {
        const nn::LossSpec loss = nn::parse_loss_spec(t);
        nn::make_loss(loss);  // names and options exist
        member(a) = loss;
      },
      [=](const StylizeArguments& a) { return format_loss(member(a)); });
}

}  // namespace gramgrad::apps
