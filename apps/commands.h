// The subcommands of the program, one file each.
//
// Each function adds a subcommand to the command line; parsing one sets `action`, which does the
// work and returns the exit code: 0, or 128 + signal for a run that was interrupted. Whatever is
// wrong is thrown as Error.
#pragma once

#include <CLI/CLI.hpp>

#include "apps/support/program.h"

namespace gramgrad::apps {

void add_stylize(CLI::App& program, Action& action);
void add_info(CLI::App& program, Action& action);
void add_devices(CLI::App& program, Action& action);
void add_samples(CLI::App& program, Action& action);
// These two describe `program` itself.
void add_completion(CLI::App& program, Action& action);
void add_manual(CLI::App& program, Action& action);

}  // namespace gramgrad::apps
