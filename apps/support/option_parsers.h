// How the options of their own kind are read and written; the rest is in option_builders.h.
#pragma once

#include <string>
#include <string_view>

#include "apps/support/options.h"

namespace gramgrad::apps {

inline constexpr double largest_weight = 1e12;
inline constexpr int most_iterations = 1'000'000;  // of a scale, and between saves

// Each parser throws Error; each format gives what the parser takes.
void parse_iterations(StylizeArguments& arguments, std::string_view text);  // auto or 100,80
std::string format_iterations(const StylizeArguments& arguments);

void parse_blend(StylizeArguments& arguments, std::string_view text);  // equal or 3,1
std::string format_blend(const StylizeArguments& arguments);

void parse_init(StylizeArguments& arguments, std::string_view text);  // content|style|noise|FILE
std::string format_init(const StylizeArguments& arguments);

void parse_learning_rate(StylizeArguments& arguments, std::string_view text);  // auto or 0.02
std::string format_learning_rate(const StylizeArguments& arguments);

}  // namespace gramgrad::apps
