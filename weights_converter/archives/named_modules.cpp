// Endings and numbers of names.
#include "weights_converter/archives/named_modules.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace gramgrad::converter {
namespace {

struct Ending {
  std::string_view text;
  Part part;
};

constexpr std::array endings = {
    Ending{".weight", Part::weight},     Ending{".bias", Part::bias},
    Ending{".running_mean", Part::mean}, Ending{".running_var", Part::variance},
    Ending{".weights", Part::weight},    Ending{".biases", Part::bias},
    Ending{"_W", Part::weight},          Ending{"_b", Part::bias},
    Ending{"[0]", Part::weight},         Ending{"[1]", Part::bias},
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the numbers out of a name: "conv1_2" becomes "conv#_#" and {1, 2}.
std::string split_numbers(std::string_view name, std::vector<std::uint64_t>& numbers) {
  constexpr std::uint64_t too_large = ~std::uint64_t{0};
  std::string rest;
  while (!name.empty()) {
    if (!is_digit(name.front())) {
      rest += name.front();
      name.remove_prefix(1);
      continue;
    }
    std::uint64_t number = too_large;
    const char* end = std::find_if_not(name.data(), name.data() + name.size(), is_digit);
    std::from_chars(name.data(), end, number);
    name.remove_prefix(static_cast<std::size_t>(end - name.data()));
    numbers.push_back(number);
    rest += '#';
  }
  return rest;
}

}  // namespace

ModuleGroups group_modules(const std::vector<SourceTensor>& tensors) {
  std::map<std::string, NamedModule> modules;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string_view name = tensors[i].name;
    const auto ending = std::ranges::find_if(
        endings, [&](const Ending& candidate) { return name.ends_with(candidate.text); });
    if (ending == endings.end() || tensors[i].type == ElementType::other) {
      continue;
    }
    const std::string stem(name.substr(0, name.size() - ending->text.size()));
    NamedModule& module = modules[stem];
    module.name = stem;
    module.parts[static_cast<std::size_t>(ending->part)] = i;
    if (ending->part == Part::weight) {
      module.ending = ending->text;
    }
  }
  ModuleGroups groups;
  for (auto& [stem, module] : modules) {
    const std::string group = split_numbers(stem, module.numbers);
    groups[group].push_back(std::move(module));
  }
  for (auto& [name, group] : groups) {
    std::ranges::stable_sort(group, {}, &NamedModule::numbers);
  }
  return groups;
}

}  // namespace gramgrad::converter
