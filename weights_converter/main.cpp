// The program weights_converter: from public VGG weights to the project's format.
#include "weights_converter/commands.h"

namespace {

namespace apps = gramgrad::apps;

int run(int count, const char* const* arguments) {
  CLI::App program;
  apps::Action action;
  apps::prepare_program(program, "weights_converter",
                        "Makes gramgrad's weights files of public VGG weights, and checks them.");
  program.set_version_flag("--version", "weights_converter " GRAMGRAD_VERSION,
                           "Print the version.");
  program.footer(
      "Examples:\n"
      "  weights_converter convert vgg19-dcbb9e9d.pth -o vgg19.ggw\n"
      "  weights_converter verify vgg19.ggw\n"
      "  gramgrad stylize photo.jpg painting.jpg -o out.png --weights vgg19.ggw");
  gramgrad::converter::add_convert(program, action);
  gramgrad::converter::add_verify(program, action);
  gramgrad::converter::add_show(program, action);
  gramgrad::converter::add_fetch(program, action);
  gramgrad::converter::add_export(program, action);
  return apps::run_command_line(
      program, action, "weights_converter convert, verify, show, fetch, export", count, arguments);
}

}  // namespace

int main(int count, char** arguments) {
  return apps::report_errors("weights_converter", "close other programs",
                             [&] { return run(count, arguments); });
}
