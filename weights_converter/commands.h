// The subcommands of the program. Each function adds one; parsing it sets `action`.
#pragma once

#include "apps/support/program.h"

namespace gramgrad::converter {

void add_convert(CLI::App& program, apps::Action& action);
void add_verify(CLI::App& program, apps::Action& action);
void add_show(CLI::App& program, apps::Action& action);
void add_fetch(CLI::App& program, apps::Action& action);
void add_export(CLI::App& program, apps::Action& action);

}  // namespace gramgrad::converter
