// `weights_converter fetch`: download, check, convert.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "weights_converter/command_options.h"
#include "weights_converter/commands.h"
#include "weights_converter/fetch/fetch.h"

namespace gramgrad::converter {
namespace {

struct Request {
  std::string model;
  std::string output;
  std::string mirror;
};

std::string output_of(const Request& request) {
  return request.output.empty() ? request.model + ".ggw" : request.output;
}

// One line that is written over; nothing where no terminal shows it.
void show_progress(std::uint64_t done, std::uint64_t total) {
  if (isatty(STDERR_FILENO) != 0) {
    fmt::print(stderr, "\r{:.1f} of {:.1f} MB{}", static_cast<double>(done) / 1e6,
               static_cast<double>(total) / 1e6, done == total ? "\n" : "");
  }
}

void run_fetch(const Request& request, const ConvertOptions& options) {
  const PublishedFile file = published_file(request.model, request.mirror);
  const std::string output = output_of(request);
  FetchRequest download;
  download.file = file;
  download.output = (std::filesystem::path(output).parent_path() / file.name).string();
  fetch(download, show_progress);
  convert_and_report(download.output, options, output);
}

}  // namespace

void add_fetch(CLI::App& program, apps::Action& action) {
  CLI::App& command = *program.add_subcommand(
      "fetch", "Download a network from its publisher, check its hash, and convert it.");
  const auto request = std::make_shared<Request>();
  const auto options = std::make_shared<ConvertOptions>();
  command.add_option("model", request->model, "The network, as torchvision has trained it.")
      ->type_name("vgg16|vgg19")
      ->required();
  command
      .add_option(
          "-o,--output", request->output,
          "The .ggw file to write, the download beside it. Default: vgg16.ggw or vgg19.ggw.")
      ->type_name("FILE");
  command
      .add_option("--mirror", request->mirror,
                  "Address of a folder that has the same file; its hash must be the same.")
      ->type_name("URL");
  add_storing_options(command, options);
  command.footer(
      "Examples:\n"
      "  weights_converter fetch vgg19\n"
      "  weights_converter fetch vgg16 -o small.ggw --dtype f16 --upto relu4_1\n"
      "\n"
      "A download that breaks off goes on where it was when the command is given again.");
  command.callback([&action, request, options] {
    action = guarded([=] { run_fetch(*request, *options); }, request->model, output_of(*request));
  });
}

}  // namespace gramgrad::converter
