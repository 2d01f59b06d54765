// Builds the command line and runs what it asks for.
#include "apps/command_line.h"

#include "apps/commands.h"

namespace gramgrad::apps {
namespace {

int run(int count, const char* const* arguments) {
  CLI::App program;
  Action action;
  prepare_program(program, "gramgrad",
                  "Neural style transfer: paints one picture in the style of another.");
  program.set_version_flag("--version", "gramgrad " GRAMGRAD_VERSION, "Print the version.");
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
  return run_command_line(program, action, "gramgrad stylize, info, devices, samples", count,
                          arguments);
}

}  // namespace

int run_program(int count, const char* const* arguments) noexcept {
  return report_errors("gramgrad", "a smaller --size needs less",
                       [&] { return run(count, arguments); });
}

}  // namespace gramgrad::apps
