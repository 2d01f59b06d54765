// Listing of files.
#include "weights_converter/show.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "kernels/check.h"
#include "nn/weights_file.h"
#include "weights_converter/memory_limit.h"
#include "weights_converter/open_source.h"
#include "weights_converter/plan.h"

namespace gramgrad::converter {
namespace {

constexpr std::size_t most_tensors = 400;  // that are listed

using Text = std::back_insert_iterator<std::string>;

const char* name_of(ElementType type) {
  switch (type) {
    case ElementType::f16:
      return "f16";
    case ElementType::bf16:
      return "bf16";
    case ElementType::f32:
      return "f32";
    case ElementType::f64:
      return "f64";
    case ElementType::other:
      return "other";
  }
  return "other";
}

void tensor_line(Text out, const std::string& name, std::string_view type,
                 const std::vector<std::int64_t>& shape) {
  fmt::format_to(out, "  {:<44} {:<6}[{}]\n", name, type, fmt::join(shape, ", "));
}

std::string show_weights(const nn::WeightsFile& file) {
  std::string text;
  const Text out(text);
  const nn::Provenance& from = file.provenance();
  fmt::format_to(out, "{}: .ggw, {} of {}\n", file.name(), file.architecture(), from.source);
  fmt::format_to(out, "SHA-256      {}\nfeeding      {}\nlicence      {}\nattribution  {}\n",
                 file.sha256(), feeding_text(file.feeding()), from.licence, from.attribution);
  fmt::format_to(out, "source       {} ({}), SHA-256 {}\nchanges      {}\nevidence     {}\n",
                 from.source, from.source_format, from.source_sha256, from.changes, from.evidence);
  fmt::format_to(out, "golden       {}\ntensors\n",
                 from.golden
                     ? fmt::format("activations of {} layers", from.golden->activations.size())
                     : "none in the file");
  for (const nn::TensorView& tensor : file.tensors()) {
    tensor_line(out, tensor.name, gramgrad::name_of(tensor.dtype), tensor.shape);
  }
  return text;
}

void show_tensors(Text out, const Source& source) {
  fmt::format_to(out, "tensors\n");
  const std::size_t listed = std::min(source.tensors.size(), most_tensors);
  for (std::size_t i = 0; i < listed; ++i) {
    const SourceTensor& tensor = source.tensors[i];
    tensor_line(out, tensor.name, name_of(tensor.type), tensor.shape);
  }
  if (listed < source.tensors.size()) {
    fmt::format_to(out, "  and {} more\n", source.tensors.size() - listed);
  }
}

void show_plan(Text out, const Source& source, const Plan& plan) {
  fmt::format_to(out, "conversion\n  network   {}, {} convolutions, {} to {} channels{}\n",
                 plan.architecture.name, plan.convs.size(),
                 shape_of(source, source.layers.front()).out,
                 shape_of(source, source.layers[plan.convs.size() - 1]).out,
                 plan.classifier.empty() ? "" : ", with its classifier");
  fmt::format_to(out, "  weights   {} to {}\n  feeding   {}\n",
                 gramgrad::name_of(plan.source_dtype), gramgrad::name_of(plan.dtype),
                 feeding_text(plan.feeding));
  fmt::format_to(out, "  known     {}\n",
                 plan.known != nullptr ? plan.known->provenance.source
                                       : fmt::format("no (SHA-256 {})", plan.sha256));
  for (std::size_t i = 0; i < plan.convs.size(); ++i) {
    const SourceLayer& layer = source.layers[i];
    fmt::format_to(out, "  {:<9} from {}{}\n", plan.convs[i], layer.name,
                   layer.batch_norm ? ", batch normalisation folded in" : "");
  }
  if (plan.drops_head) {
    fmt::format_to(out, "  the dense head is left out\n");
  }
}

std::string show_source(const InputFilePtr& file, const ConvertOptions& options) {
  const Source source = open_source(file);
  std::string text = fmt::format("{}: {}\n", file->path, source.format);
  const Text out(text);
  show_tensors(out, source);
  try {
    const Plan plan = make_plan(file, source, options);
    show_plan(out, source, plan);
    for (const std::string& note : plan.notes) {
      fmt::format_to(out, "  note: {}\n", note);
    }
  } catch (const Error& error) {
    for (const std::string& note : source.notes) {
      fmt::format_to(out, "note: {}\n", note);
    }
    fmt::format_to(out, "it cannot be converted: {}\n", error.what());
  }
  return text;
}

}  // namespace

std::string show(const std::string& path, const ConvertOptions& options) {
  const InputFilePtr file = open_input(path);
  return is_weights_file(file)
             ? show_weights(nn::WeightsFile::open(path))
             : with_reading_memory(*file, [&] { return show_source(file, options); });
}

std::string feeding_text(const nn::Feeding& feeding) {
  return fmt::format(
      "{} from sRGB values in 0 to 1: ({:g} v - mean) / std, mean ({:g}), std ({:g})",
      feeding.channel_order == nn::ChannelOrder::bgr ? "BGR" : "RGB", feeding.scale,
      fmt::join(feeding.mean, ", "), fmt::join(feeding.std, ", "));
}

}  // namespace gramgrad::converter
