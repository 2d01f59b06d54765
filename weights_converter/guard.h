// A child process that may crash. Readers of HDF5 and MATLAB files are libraries that were not
// written for hostile files; whatever such a file does to them must end in one line and leave
// nothing half-written.
#pragma once

#include <functional>
#include <string>

namespace gramgrad::converter {

// Runs `action` in a child process, its standard streams being this process's, and returns its exit
// code. If a signal ends the child, `subject` is named on standard error in one line, what it left
// of its temporary files for `output` (empty: none) is removed, and the code is 2; an interrupt
// (SIGINT, SIGTERM) gives 128 + signal, without a line. Throws Error if there can be no child.
int run_guarded(const std::function<int()>& action, const std::string& subject,
                const std::string& output);

}  // namespace gramgrad::converter
