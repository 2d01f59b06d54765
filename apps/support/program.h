// What all our programs do with a command line and with what goes wrong.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace gramgrad::apps {

// What a command line asks for; returns the exit code.
using Action = std::function<int()>;

// Sets help and the ways of parsing that all programs share.
void prepare_program(CLI::App& program, const std::string& name, const std::string& description);

// Parses the arguments and runs the action that a subcommand has set. Returns its exit code; 0
// after help. Throws Error for what cannot be parsed, naming what was meant. `most_used`: what to
// suggest to who gives no command.
int run_command_line(CLI::App& program, const Action& action, const std::string& most_used,
                     int count, const char* const* arguments);

// Runs `body` and turns every failure into one line on standard error that begins with `program`.
// Returns body's result; 2 after an error of the user or of the machine, 3 after a defect.
// `memory_hint` is what to do when memory runs out.
int report_errors(const std::string& program, const std::string& memory_hint,
                  const std::function<int()>& body) noexcept;

}  // namespace gramgrad::apps
