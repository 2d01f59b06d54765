// convert, verify, show and export.
#include "weights_converter/commands.h"

#include <memory>

#include "apps/support/device_choice.h"
#include "weights_converter/command_options.h"
#include "weights_converter/export.h"
#include "weights_converter/show.h"
#include "weights_converter/verify.h"

namespace gramgrad::converter {
namespace {

struct Files {
  std::string input;
  std::string output;
  std::string against;
  std::string device = "auto";
};

void add_input(CLI::App& command, const std::shared_ptr<Files>& files, const char* type,
               const char* description) {
  command.add_option("input", files->input, description)->type_name(type)->required();
}

void add_output(CLI::App& command, const std::shared_ptr<Files>& files, const char* description) {
  command.add_option("-o,--output", files->output, description)->type_name("FILE")->required();
}

void run_verify(const Files& files, const ConvertOptions& options) {
  const Device device = apps::choose_device(files.device, 0, apps::Precision::f32).device;
  const Verification result = verify(files.input, device);
  print_notes(result.notes);
  for (const std::string& line : result.lines) {
    fmt::print("{}\n", line);
  }
  if (!files.against.empty()) {
    fmt::print("{}\n", verify_against(files.input, files.against, options));
  }
}

}  // namespace

void add_convert(CLI::App& program, apps::Action& action) {
  CLI::App& command =
      *program.add_subcommand("convert", "Make a .ggw file of anybody's VGG weights.");
  const auto files = std::make_shared<Files>();
  const auto options = std::make_shared<ConvertOptions>();
  add_input(
      command, files, "FILE",
      "The weights: .pth, .h5, .caffemodel, .mat, .npy, .npz, .safetensors, .onnx, model.json; "
      "recognised by content.");
  add_output(command, files, "The .ggw file to write.");
  add_storing_options(command, options);
  add_reading_options(command, options);
  command.footer(
      "Examples:\n"
      "  weights_converter convert vgg19-dcbb9e9d.pth -o vgg19.ggw\n"
      "  weights_converter convert vgg16_weights.h5 -o vgg16.ggw --dtype f16 --upto relu5_1\n"
      "  weights_converter convert vgg19.pth -o normalised.ggw --normalize-with *.jpg");
  command.callback([&action, files, options] {
    action = guarded([=] { convert_and_report(files->input, *options, files->output); },
                     files->input, files->output);
  });
}

void add_verify(CLI::App& program, apps::Action& action) {
  CLI::App& command =
      *program.add_subcommand("verify", "Check that a .ggw file is what it says it is.");
  const auto files = std::make_shared<Files>();
  const auto options = std::make_shared<ConvertOptions>();
  add_input(command, files, "FILE", "The .ggw file.");
  command
      .add_option("--against", files->against,
                  "The file that it was made of: must give the same tensors, bit for bit.")
      ->type_name("FILE");
  command
      .add_option("--device", files->device, "Where the golden activations must come out again.")
      ->type_name("auto|cpu|cuda|cuda:N|reference");
  command.footer(
      "Examples:\n"
      "  weights_converter verify vgg19.ggw\n"
      "  weights_converter verify vgg19.ggw --against vgg19-dcbb9e9d.pth --device cuda");
  command.callback([&action, files, options] {
    action = guarded([=] { run_verify(*files, *options); },
                     files->against.empty() ? files->input : files->against, "");
  });
}

void add_show(CLI::App& program, apps::Action& action) {
  CLI::App& command = *program.add_subcommand(
      "show", "List what is in a weights file, and what converting it would do.");
  const auto files = std::make_shared<Files>();
  const auto options = std::make_shared<ConvertOptions>();
  add_input(command, files, "FILE", "A file of any format that convert reads, or a .ggw file.");
  add_storing_options(command, options);
  add_reading_options(command, options);
  command.footer(
      "Examples:\n"
      "  weights_converter show VGG_ILSVRC_19_layers.caffemodel\n"
      "  weights_converter show vgg19.ggw");
  command.callback([&action, files, options] {
    action = guarded([=] { fmt::print("{}", show(files->input, *options)); }, files->input, "");
  });
}

void add_export(CLI::App& program, apps::Action& action) {
  CLI::App& command = *program.add_subcommand("export", "Write a .ggw file's tensors for others.");
  const auto files = std::make_shared<Files>();
  add_input(command, files, "FILE", "The .ggw file.");
  add_output(command, files, "The .safetensors or .npz file to write.");
  command.footer(
      "Examples:\n"
      "  weights_converter export vgg19.ggw -o vgg19.safetensors\n"
      "  weights_converter export vgg19.ggw -o vgg19.npz");
  command.callback([&action, files] {
    action =
        guarded([=] { export_weights(files->input, files->output); }, files->input, files->output);
  });
}

}  // namespace gramgrad::converter
