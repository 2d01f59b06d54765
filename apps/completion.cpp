// `gramgrad completion`: completion scripts for shells, generated from the command line itself.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <memory>
#include <string>

#include "apps/commands.h"
#include "apps/support/help.h"
#include "apps/support/values.h"

namespace gramgrad::apps {
namespace {

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) {
    names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(program)) {
    names.push_back(command->get_name());
  }
  return names;
}

bool takes_value(const CLI::Option& option) {
  return option.get_expected_max() > 0;
}

// The words and files that the command's positional arguments may be.
struct PositionalValues {
  std::vector<std::string> words;
  bool paths = false;
};

PositionalValues positional_values(const CLI::App& command) {
  PositionalValues values;
  for (const CLI::Option* option : described_options(command, true)) {
    const std::vector<std::string> words = value_words(*option);
    values.words.insert(values.words.end(), words.begin(), words.end());
    values.paths = values.paths || takes_path(*option);
  }
  return values;
}

// Shell words within single quotes.
std::string shell_quoted(const std::string& text) {
  std::string result = "'";
  for (const char letter : text) {
    result += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  }
  return result + "'";
}

// ---------------------------------------------------------------- bash

std::string bash_case(const CLI::App& command) {
  std::vector<std::string> options;
  std::string values;
  for (const CLI::Option* option : described_options(command, false)) {
    const std::vector<std::string> names = names_of(*option);
    options.insert(options.end(), names.begin(), names.end());
    if (takes_value(*option)) {
      values += fmt::format("        {}) words='{}'; files={}; value=1 ;;\n", fmt::join(names, "|"),
                            fmt::join(value_words(*option), " "), takes_path(*option) ? 1 : 0);
    }
  }
  const PositionalValues positional = positional_values(command);
  return fmt::format(
      "    {})\n"
      "      case \"$previous\" in\n{}"
      "        *) words='{}'; files={} ;;\n"
      "      esac\n"
      "      options='{}' ;;\n",
      command.get_name(), values, fmt::join(positional.words, " "), positional.paths ? 1 : 0,
      fmt::join(options, " "));
}

std::string bash_script(const CLI::App& program) {
  std::string cases;
  for (const CLI::App* command : commands_of(program)) {
    cases += bash_case(*command);
  }
  return fmt::format(
      "# bash completion for gramgrad; source it, or install it as\n"
      "# /usr/share/bash-completion/completions/gramgrad\n"
      "_gramgrad() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" previous=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
      "  local words='' options='' files=0 value=0\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    mapfile -t COMPREPLY < <(compgen -W '{} --help --version' -- \"$current\")\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}"
      "    *) return ;;\n"
      "  esac\n"
      "  if ((value == 0)) && [[ \"$current\" == -* ]]; then\n"
      "    words=\"$options\"; files=0\n"
      "  fi\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "  if ((files)); then\n"
      "    compopt -o filenames 2>/dev/null\n"
      "    local path\n"
      "    while IFS= read -r path; do COMPREPLY+=(\"$path\"); done < <(compgen -f -- "
      "\"$current\")\n"
      "  fi\n"
      "}}\n"
      "complete -F _gramgrad gramgrad\n",
      fmt::join(command_names(program), " "), cases);
}

// ---------------------------------------------------------------- zsh

// In _arguments, text within brackets and before colons must escape these.
std::string zsh_escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    result += letter == ':' || letter == '[' || letter == ']' ? "\\" : "";
    result += letter;
  }
  return result;
}

std::string zsh_action(const CLI::Option& option) {
  const std::vector<std::string> words = value_words(option);
  if (takes_path(option)) {
    return "_files";
  }
  return words.empty() ? " " : fmt::format("({})", fmt::join(words, " "));
}

std::string zsh_command(const CLI::App& command) {
  std::string specs;
  for (const CLI::Option* option : described_options(command, false)) {
    for (const std::string& name : names_of(*option)) {
      std::string spec = fmt::format("{}[{}]", name, zsh_escaped(option->get_description()));
      if (takes_value(*option)) {
        spec += fmt::format(":{}:{}", zsh_escaped(option->get_type_name()), zsh_action(*option));
      }
      specs += fmt::format(" \\\n        {}", shell_quoted(spec));
    }
  }
  for (const CLI::Option* option : described_options(command, true)) {
    specs += fmt::format(" \\\n        {}",
                         shell_quoted(fmt::format("*:{}:{}", zsh_escaped(option->get_type_name()),
                                                  zsh_action(*option))));
  }
  return fmt::format("    {}) _arguments{} ;;\n", command.get_name(), specs);
}

std::string zsh_script(const CLI::App& program) {
  std::string names, cases;
  for (const CLI::App* command : commands_of(program)) {
    names +=
        " " + shell_quoted(command->get_name() + ":" + zsh_escaped(command->get_description()));
    cases += zsh_command(*command);
  }
  return fmt::format(
      "#compdef gramgrad\n"
      "# zsh completion for gramgrad; install it as _gramgrad in a directory of $fpath\n"
      "_gramgrad() {{\n"
      "  if ((CURRENT == 2)); then\n"
      "    local -a commands=({})\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  shift words\n"
      "  ((CURRENT--))\n"
      "  case \"$words[1]\" in\n{}"
      "  esac\n"
      "}}\n"
      "_gramgrad \"$@\"\n",
      names, cases);
}

// ---------------------------------------------------------------- fish

std::string fish_option(const std::string& command, const CLI::Option& option) {
  std::string line =
      fmt::format("complete -c gramgrad -n '__fish_seen_subcommand_from {}'", command);
  for (const std::string& name : option.get_snames()) {
    line += " -s " + name;
  }
  for (const std::string& name : option.get_lnames()) {
    line += " -l " + name;
  }
  if (takes_value(option)) {
    line += takes_path(option) ? " -r -F" : " -x";
    const std::vector<std::string> words = value_words(option);
    line += words.empty() ? "" : fmt::format(" -a '{}'", fmt::join(words, " "));
  }
  return line + " -d " + shell_quoted(option.get_description()) + "\n";
}

std::string fish_script(const CLI::App& program) {
  std::string script =
      "# fish completion for gramgrad; install it as ~/.config/fish/completions/gramgrad.fish\n";
  for (const CLI::App* command : commands_of(program)) {
    const std::string& name = command->get_name();
    script += fmt::format("complete -c gramgrad -n __fish_use_subcommand -f -a {} -d {}\n", name,
                          shell_quoted(command->get_description()));
    for (const CLI::Option* option : described_options(*command, false)) {
      script += fish_option(name, *option);
    }
    const PositionalValues positional = positional_values(*command);
    if (!positional.words.empty() || !positional.paths) {
      script += fmt::format("complete -c gramgrad -n '__fish_seen_subcommand_from {}'{} -a '{}'\n",
                            name, positional.paths ? "" : " -f", fmt::join(positional.words, " "));
    }
  }
  return script;
}

using Script = std::string (*)(const CLI::App& program);
constexpr std::array scripts{Choice<Script>{"bash", bash_script}, Choice<Script>{"zsh", zsh_script},
                             Choice<Script>{"fish", fish_script}};

}  // namespace

void add_completion(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("completion", "Print a completion script.");
  command.footer(
      "Examples:\n"
      "  source <(gramgrad completion bash)\n"
      "  gramgrad completion fish > ~/.config/fish/completions/gramgrad.fish");
  const auto shell = std::make_shared<std::string>();
  command.add_option("shell", *shell, "For which shell.")->type_name("bash|zsh|fish")->required();
  command.callback([&program, &action, shell] {
    action = [&program, shell] {
      fmt::print("{}", parse_choice(*shell, scripts)(program));
      return 0;
    };
  });
}

}  // namespace gramgrad::apps
