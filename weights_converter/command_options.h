// What the subcommands have in common.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/support/program.h"
#include "weights_converter/convert.h"

namespace gramgrad::converter {

// Adds --architecture and --feeding, which say what a file does not.
void add_reading_options(CLI::App& command, const std::shared_ptr<ConvertOptions>& options);
// Adds --dtype, --upto, --with-classifier and --normalize-with.
void add_storing_options(CLI::App& command, const std::shared_ptr<ConvertOptions>& options);

// An action that runs `body` in a child process (guard.h). `subject` is the file that is read,
// `output` the one that is written, or empty.
apps::Action guarded(const std::function<void()>& body, const std::string& subject,
                     const std::string& output);

// One line on standard error for each.
void print_notes(const std::vector<std::string>& notes);

// Converts and says what came of it.
void convert_and_report(const std::string& input, const ConvertOptions& options,
                        const std::string& output);

}  // namespace gramgrad::converter
