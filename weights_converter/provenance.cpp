// Provenance in words.
#include "weights_converter/provenance.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "weights_converter/printable.h"

namespace gramgrad::converter {
namespace {

// A name of a file as a header may hold it: UTF-8 without control characters.
std::string header_text(const std::string& name) {
  // nlohmann's encoder knows what UTF-8 is; what is not becomes U+FFFD.
  const std::string quoted = nlohmann::json(printable(name))
                                 .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(quoted).get<std::string>();
}

std::string source_name(const InputFilePtr& file, const Plan& plan) {
  if (plan.known != nullptr) {
    return plan.known->provenance.source;
  }
  return header_text(std::filesystem::path(file->path).filename().string());
}

std::string dropped_text(const Plan& plan) {
  if (plan.dropped.empty()) {
    return plan.drops_head ? "dense head dropped; " : "";
  }
  return fmt::format("{}{} dropped; ", plan.drops_head ? "dense head and " : "",
                     fmt::join(plan.dropped, ", "));
}

std::string changes_text(const Source& source, const ConvertOptions& options, const Plan& plan) {
  const auto folded = std::any_of(source.layers.begin(), source.layers.end(),
                                  [](const auto& l) { return l.batch_norm.has_value(); });
  const std::size_t pictures = options.normalize_with.size();
  std::string text = dropped_text(plan);
  if (folded) {
    text += "batch normalisation folded into weights and biases; ";
  }
  if (pictures > 0) {
    text += fmt::format("filters scaled to mean activation 1 over {} picture{}; ", pictures,
                        pictures == 1 ? "" : "s");
  }
  text += plan.source_dtype == plan.dtype
              ? "weights "
              : fmt::format("weights rounded from {} to {} (to nearest, ties to even) and ",
                            name_of(plan.source_dtype), name_of(plan.dtype));
  text += "reordered to [out, kh, kw, in]";
  text += folded || pictures > 0 ? "." : "; biases unchanged.";
  if (text.front() >= 'a' && text.front() <= 'z' && !text.starts_with("conv")) {
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  }
  return text;
}

}  // namespace

nn::Provenance provenance_of(const InputFilePtr& file, const Source& source,
                             const ConvertOptions& options, const Plan& plan,
                             const std::string& difference) {
  nn::Provenance result;
  if (plan.known != nullptr) {
    result = plan.known->provenance;
  } else if (difference.empty()) {
    result.licence = vgg_licence;
    result.attribution = vgg_attribution(plan.architecture.name);
    result.evidence = fmt::format(
        "The file is not one that the converter knows. The norms of the weights and of the biases "
        "of the {} convolutions taken are those of the published VGG16 to 0.05 %.",
        plan.convs.size());
  } else {
    result.licence = "NOASSERTION";
    result.attribution =
        "Unknown. The architecture is by Karen Simonyan and Andrew Zisserman, arXiv 1409.1556.";
    result.evidence = "None: the file is not one that the converter knows.";
  }
  result.golden.reset();
  result.source = source_name(file, plan);
  result.source_sha256 = plan.sha256;
  result.source_format = source.format;
  result.changes = changes_text(source, options, plan);
  return result;
}

}  // namespace gramgrad::converter
