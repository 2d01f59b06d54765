// `gramgrad man`: the manual page, generated from the command line itself.
#include <fmt/format.h>

#include <string>

#include "apps/commands.h"
#include "apps/support/help.h"

namespace gramgrad::apps {
namespace {

// Text for roff: backslashes and hyphens are what they look like, and no line is a request.
std::string roff(const std::string& text) {
  std::string result;
  bool line_begins = true;
  for (const char letter : text) {
    if (line_begins && (letter == '.' || letter == '\'')) {
      result += "\\&";
    }
    line_begins = letter == '\n';
    if (letter == '\\') {
      result += "\\e";
    } else if (letter == '-') {
      result += "\\-";
    } else {
      result += letter;
    }
  }
  return result;
}

std::string options_text(const CLI::App& command, bool positional) {
  std::string text;
  for (const CLI::Option* option : described_options(command, positional)) {
    text += fmt::format(".TP\n.B {}\n{}\n", roff(option_heading(*option)),
                        roff(option->get_description()));
  }
  return text;
}

std::string command_text(const CLI::App& command) {
  std::string arguments;
  for (const CLI::Option* option : described_options(command, true)) {
    arguments += " " + option->get_type_name();
  }
  return fmt::format(".SS \"{}{} [OPTIONS]\"\n{}\n{}{}.PP\n.nf\n{}\n.fi\n",
                     roff(command_path(command)), roff(arguments), roff(command.get_description()),
                     options_text(command, true), options_text(command, false),
                     roff(command.get_footer()));
}

int print_manual(const CLI::App& program) {
  fmt::print(
      ".TH GRAMGRAD 1 \"\" \"gramgrad {}\" \"User Commands\"\n"
      ".SH NAME\ngramgrad \\- neural style transfer\n"
      ".SH SYNOPSIS\n.B gramgrad\n.I COMMAND\n[\\fIARGUMENTS\\fR] [\\fIOPTIONS\\fR]\n"
      ".SH DESCRIPTION\n{}\n"
      ".SH OPTIONS\n{}.SH COMMANDS\n",
      GRAMGRAD_VERSION, roff(program.get_description()), options_text(program, false));
  for (const CLI::App* command : commands_of(program)) {
    fmt::print("{}", command_text(*command));
  }
  fmt::print(
      ".SH EXIT STATUS\n"
      "0: done. 2: an error, explained by one line on standard error; the output file is as it "
      "was, but for what \\-\\-save\\-every wrote. 3: a defect of gramgrad. 128 + signal: "
      "interrupted, after the picture so far was "
      "written.\n");
  return 0;
}

}  // namespace

void add_manual(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("man", "Print the manual page.");
  command.footer(
      "Examples:\n"
      "  gramgrad man | man -l -\n"
      "  gramgrad man > /usr/local/share/man/man1/gramgrad.1");
  command.callback([&program, &action] { action = [&program] { return print_manual(program); }; });
}

}  // namespace gramgrad::apps
