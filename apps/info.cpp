// `gramgrad info`: what is in a weights file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>

#include "apps/commands.h"
#include "apps/support/job.h"
#include "apps/support/plan.h"
#include "kernels/dtype.h"

namespace gramgrad::apps {
namespace {

std::string feeding_text(const nn::Feeding& feeding) {
  return fmt::format(
      "{} from sRGB values in 0 to 1: ({:g} v - mean) / std, mean ({:g}), std ({:g}); convolutions "
      "pad with zeros",
      feeding.channel_order == nn::ChannelOrder::bgr ? "BGR" : "RGB", feeding.scale,
      fmt::join(feeding.mean, ", "), fmt::join(feeding.std, ", "));
}

void print_line(const char* name, const std::string& value) {
  if (!value.empty()) {
    fmt::print("{:<14}{}\n", name, value);
  }
}

void print_tensors(const nn::WeightsFile& file) {
  std::size_t bytes = 0;
  std::size_t parameters = 0;
  for (const nn::TensorView& tensor : file.tensors()) {
    bytes += tensor.data.size();
    parameters += tensor.element_count();
    fmt::print("  {:<18}{:<20}{:<5}{:>9.3f} MB\n", tensor.name,
               fmt::format("[{}]", fmt::join(tensor.shape, ", ")), name_of(tensor.dtype),
               static_cast<double>(tensor.data.size()) / 1e6);
  }
  fmt::print("  {} tensors, {:.2f} million parameters, {:.1f} MB\n", file.tensors().size(),
             static_cast<double>(parameters) / 1e6, static_cast<double>(bytes) / 1e6);
}

int print_info(const std::string& name) {
  const nn::WeightsFile file = open_weights(name);
  const nn::Provenance& from = file.provenance();
  print_line("file", file.name());
  print_line("SHA-256", file.sha256());
  print_line("architecture", file.architecture());
  print_line("feeding", feeding_text(file.feeding()));
  print_line("source", fmt::format("{} ({})", from.source, from.source_format));
  print_line("its SHA-256", from.source_sha256);
  print_line("licence", from.licence);
  print_line("attribution", from.attribution);
  print_line("changes", from.changes);
  print_line("evidence", from.evidence);
  fmt::print("tensors\n");
  print_tensors(file);
  return 0;
}

}  // namespace

void add_info(CLI::App& program, Action& action) {
  CLI::App& command =
      *program.add_subcommand("info", "Show what a weights file holds and where it comes from.");
  command.footer(
      "Examples:\n"
      "  gramgrad info\n"
      "      the embedded VGG16\n"
      "  gramgrad info vgg19.ggw\n"
      "      a file for `gramgrad stylize --weights`");
  const auto name = std::make_shared<std::string>("vgg16");
  command.add_option("file", *name, "A .ggw file; without one, the embedded VGG16.")
      ->type_name("vgg16|FILE");
  command.callback([&action, name] { action = [name] { return print_info(*name); }; });
}

}  // namespace gramgrad::apps
