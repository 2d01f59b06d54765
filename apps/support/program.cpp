// Command lines and failures.
#include "apps/support/program.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <new>
#include <system_error>
#include <vector>

#include "apps/support/help.h"
#include "kernels/check.h"
#include "nn/suggest.h"

namespace gramgrad::apps {
namespace {

constexpr int exit_error = 2;
constexpr int exit_defect = 3;

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
  fail("there is no command '{}'; did you mean '{}'? (see `{} --help`)", word,
       nn::nearest(word, names), program.get_name());
}

// Names of files may contain line ends and terminal controls; an error is one line of text.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char letter) { return static_cast<unsigned char>(letter) < ' ' || letter == '\x7f'; },
      ' ');
  return text;
}

void report(const std::string& program, const char* message, const std::string& after = "") {
  std::fputs(fmt::format("{}: {}{}\n", program, one_line(message), after).c_str(), stderr);
}

}  // namespace

void prepare_program(CLI::App& program, const std::string& name, const std::string& description) {
  program.name(name);
  program.description(description);
  program.formatter(std::make_shared<HelpFormatter>());
  program.set_help_flag("-h,--help", "Print this help.");
  program.require_subcommand(0, 1);
}

int run_command_line(CLI::App& program, const Action& action, const std::string& most_used,
                     int count, const char* const* arguments) {
  try {
    program.parse(count, arguments);
  } catch (const CLI::Success& success) {  // help or version was asked for
    return program.exit(success);
  } catch (const CLI::ExtrasError&) {
    fail_unexpected(program);
  } catch (const CLI::ParseError& error) {
    fail("{}; see `{} --help`", error.what(), command_path(chosen_command(program)));
  }
  check(action != nullptr, "say what to do: {}; see `{} --help`", most_used, program.get_name());
  const int code = action();
  check(std::fflush(stdout) == 0 && std::ferror(stdout) == 0,
        "standard output cannot be written; free some space or send it elsewhere");
  return code;
}

int report_errors(const std::string& program, const std::string& memory_hint,
                  const std::function<int()>& body) noexcept {
  try {
    return body();
  } catch (const Error& error) {
    report(program, error.what());
    return exit_error;
  } catch (const std::system_error& error) {  // of writing to standard output
    report(program, error.what());
    return exit_error;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: out of memory; %s\n", program.c_str(), memory_hint.c_str());
    return exit_error;
  } catch (const std::exception& error) {
    report(program, error.what(), fmt::format(" (this is a bug in {}; please report it)", program));
    return exit_defect;
  }
}

}  // namespace gramgrad::apps
