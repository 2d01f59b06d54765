// Builds the command line, runs what it asks for, and turns every failure into one line.
#include "apps/command_line.h"

#include <algorithm>
#include <cstdio>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "apps/commands.h"
#include "apps/support/help.h"
#include "kernels/check.h"
#include "nn/suggest.h"

namespace gramgrad::apps {
namespace {

constexpr int exit_error = 2;
constexpr int exit_defect = 3;

void build(CLI::App& program, Action& action) {
  program.name("gramgrad");
  program.description("Neural style transfer: paints one picture in the style of another.");
  program.formatter(std::make_shared<HelpFormatter>());
  program.set_help_flag("-h,--help", "Print this help.");
  program.set_version_flag("--version", "gramgrad " GRAMGRAD_VERSION, "Print the version.");
  program.require_subcommand(0, 1);
  program.footer(
      "Examples:\n"
      "  gramgrad stylize photo.jpg painting.jpg -o out.png\n"
      "  gramgrad stylize --help\n"
      "  gramgrad devices");
  add_stylize(program, action);
  add_info(program, action);
  add_devices(program, action);
  add_samples(program, action);
  add_completion(program, action);
  add_manual(program, action);
}

const CLI::App& chosen_command(const CLI::App& program) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  return chosen.empty() ? program : *chosen.front();
}

// What CLI11 could not place: an unknown option, if there is one, is to blame for what follows it.
[[noreturn]] void fail_unexpected(const CLI::App& program) {
  const CLI::App& command = chosen_command(program);
  const std::vector<std::string> rest = program.remaining(true);
  const auto option = std::find_if(rest.begin(), rest.end(), [](const std::string& word) {
    return word.size() > 1 && word.front() == '-';
  });
  std::vector<std::string> names;
  if (option != rest.end()) {
    for (const CLI::Option* known : command.get_options()) {
      for (const std::string& name : known->get_lnames()) {
        names.push_back("--" + name);
      }
    }
    const std::string given = option->substr(0, option->find('='));
    fail("there is no option '{}'; did you mean '{}'? (see `{} --help`)", given,
         nn::nearest(given, names), command_path(command));
  }
  const std::string word = rest.empty() ? "" : rest.front();
  check(&command == &program, "'{}' is one argument too many; see `{} --help`", word,
        command_path(command));
  for (const CLI::App* known : program.get_subcommands({})) {
    names.push_back(known->get_name());
  }
  fail("there is no command '{}'; did you mean '{}'? (see `gramgrad --help`)", word,
       nn::nearest(word, names));
}

int run(int count, const char* const* arguments) {
  CLI::App program;
  Action action;
  build(program, action);
  try {
    program.parse(count, arguments);
  } catch (const CLI::Success& success) {  // help or version was asked for
    return program.exit(success);
  } catch (const CLI::ExtrasError&) {
    fail_unexpected(program);
  } catch (const CLI::ParseError& error) {
    fail("{}; see `{} --help`", error.what(), command_path(chosen_command(program)));
  }
  check(action != nullptr,
        "say what to do: gramgrad stylize, info, devices, samples; see `gramgrad --help`");
  const int code = action();
  check(std::fflush(stdout) == 0 && std::ferror(stdout) == 0,
        "standard output cannot be written; free some space or send it elsewhere");
  return code;
}

// Names of files may contain line ends and terminal controls; an error is one line of text.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char letter) { return static_cast<unsigned char>(letter) < ' ' || letter == '\x7f'; },
      ' ');
  return text;
}

void report(const char* message, const char* after = "") {
  std::fputs(fmt::format("gramgrad: {}{}\n", one_line(message), after).c_str(), stderr);
}

}  // namespace

int run_program(int count, const char* const* arguments) noexcept {
  try {
    return run(count, arguments);
  } catch (const Error& error) {
    report(error.what());
    return exit_error;
  } catch (const std::system_error& error) {  // of writing to standard output
    report(error.what());
    return exit_error;
  } catch (const std::bad_alloc&) {
    std::fputs("gramgrad: out of memory; a smaller --size needs less\n", stderr);
    return exit_error;
  } catch (const std::exception& error) {
    report(error.what(), " (this is a bug in gramgrad; please report it)");
    return exit_defect;
  }
}

}  // namespace gramgrad::apps
