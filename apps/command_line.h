// The command line as a whole.
#pragma once

namespace gramgrad::apps {

// Runs the program. Returns its exit code: 0; 2 after an error of the user or of the machine, with
// one line on stderr; 3 after a defect of gramgrad; 128 + signal when interrupted. Never throws.
int run_program(int count, const char* const* arguments) noexcept;

}  // namespace gramgrad::apps
