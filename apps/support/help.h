// How the command line is described: to people by --help, and to the generators of completions and
// the manual, which walk the same CLI11 objects.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace gramgrad::apps {

// Options with their descriptions below them, wrapped.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_footer(const CLI::App* command) const override;
};

// "gramgrad stylize"
std::string command_path(const CLI::App& command);

// "-o, --output FILE"; a positional: "STYLE..."
std::string option_heading(const CLI::Option& option);

// The words that an option's value may be, from a value name such as max|avg or N|auto; names of
// free values (in capitals) are left out.
std::vector<std::string> value_words(const CLI::Option& option);

// True where the value is a path: FILE, DIR, CONTENT, STYLE.
bool takes_path(const CLI::Option& option);

// The options that people are told of, positional or not.
std::vector<const CLI::Option*> described_options(const CLI::App& command, bool positional);

std::vector<const CLI::App*> commands_of(const CLI::App& program);

}  // namespace gramgrad::apps
