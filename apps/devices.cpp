// `gramgrad devices`: what can run here, and why the rest cannot.
#include <fmt/format.h>

#include "apps/commands.h"
#include "kernels/device.h"

namespace gramgrad::apps {
namespace {

int list_devices() {
  bool chosen = false;
  for (const DeviceReport& report : available_devices()) {
    const bool automatic = report.available && !chosen;
    chosen = chosen || automatic;
    fmt::print("{:<11}{:<13}{}{}\n", report.name, report.available ? "available" : "unavailable",
               report.description, automatic ? " (--device auto)" : "");
  }
  return 0;
}

}  // namespace

void add_devices(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("devices", "List what can compute here.");
  command.footer(
      "Examples:\n"
      "  gramgrad devices\n"
      "      the devices that --device takes, and why one cannot be used");
  command.callback([&action] { action = list_devices; });
}

}  // namespace gramgrad::apps
