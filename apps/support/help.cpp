// Describing the command line.
#include "apps/support/help.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

constexpr std::size_t line_width = 80;

// `text` in lines of at most line_width, each after `indent` spaces.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::istringstream words(text);
  std::string result, line, word;
  while (words >> word) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > line_width) {
      result += std::string(indent, ' ') + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return line.empty() ? result : result + std::string(indent, ' ') + line + "\n";
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    parts.push_back(part);
  }
  return parts;
}

}  // namespace

// CLI11 puts more empty lines between groups than one.
std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode mode) const {
  std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
  for (std::size_t at = text.find("\n\n\n"); at != text.npos; at = text.find("\n\n\n", at)) {
    text.erase(at, 1);
  }
  return text;
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool) const {
  return "  " + option_heading(*option) + "\n" + wrapped(option->get_description(), 6);
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return fmt::format("  {:<12}{}\n", command->get_name(), command->get_description());
}

std::string HelpFormatter::make_footer(const CLI::App* command) const {
  return command->get_footer().empty() ? "" : "\n" + command->get_footer() + "\n";
}

std::string command_path(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : command_path(*parent) + " " + command.get_name();
}

std::string option_heading(const CLI::Option& option) {
  if (option.get_positional()) {
    return option.get_type_name();
  }
  std::string heading;
  for (const std::string& name : option.get_snames()) {
    heading += fmt::format("{}-{}", heading.empty() ? "" : ", ", name);
  }
  for (const std::string& name : option.get_lnames()) {
    heading += fmt::format("{}--{}", heading.empty() ? "" : ", ", name);
  }
  return option.get_expected_max() == 0 ? heading : heading + " " + option.get_type_name();
}

std::vector<std::string> value_words(const CLI::Option& option) {
  std::vector<std::string> words;
  for (const std::string& part : split(option.get_type_name(), '|')) {
    const std::string word = part.substr(0, part.find('['));
    const bool free = std::any_of(word.begin(), word.end(),
                                  [](char letter) { return letter >= 'A' && letter <= 'Z'; });
    if (!word.empty() && !free && option.get_type_name().find('|') != std::string::npos) {
      words.push_back(word);
    }
  }
  return words;
}

bool takes_path(const CLI::Option& option) {
  constexpr std::array<std::string_view, 4> paths{"FILE", "DIR", "CONTENT", "STYLE"};
  const std::string value = option.get_type_name();
  return std::any_of(paths.begin(), paths.end(),
                     [&](std::string_view name) { return value.find(name) != value.npos; });
}

std::vector<const CLI::Option*> described_options(const CLI::App& command, bool positional) {
  return command.get_options([&](const CLI::Option* option) {
    return option->get_positional() == positional && !option->get_group().empty();
  });
}

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App*) { return true; });
}

}  // namespace gramgrad::apps
