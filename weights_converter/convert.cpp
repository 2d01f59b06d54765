// Conversion from end to end.
#include "weights_converter/convert.h"

#include <filesystem>

#include "kernels/check.h"
#include "nn/atomic_file.h"
#include "nn/weights_writer.h"
#include "weights_converter/activations.h"
#include "weights_converter/golden.h"
#include "weights_converter/memory_limit.h"
#include "weights_converter/normalise.h"
#include "weights_converter/open_source.h"
#include "weights_converter/plan.h"
#include "weights_converter/provenance.h"
#include "weights_converter/statistics.h"

namespace gramgrad::converter {
namespace {

void check_output(const std::string& input, const std::string& output) {
  nn::check_writable(output);
  std::error_code ignored;
  check(!std::filesystem::equivalent(input, output, ignored),
        "{}: is the input; choose another name for the output", output);
}

// torchvision's names are no proof that the network is torchvision's: Caffe's networks go about
// under them, and fed wrongly they give wrong pictures and no error.
void check_feeding(const InputFilePtr& file, const ConvertOptions& options, const Plan& plan,
                   const std::string& difference) {
  if (options.feeding || plan.known != nullptr || plan.feeding != torchvision_feeding()) {
    return;
  }
  const std::string advice =
      "say --feeding caffe (BGR, 0 to 255) if it is that network, else --feeding torchvision";
  check(plan.architecture.name != "vgg16" || !difference.empty(),
        "{}: has torchvision's names, but the numbers of the VGG16 published for Caffe; {}",
        file->path, advice);
  check(
      !is_named_like_a_copy_of_caffe(std::filesystem::path(file->path).filename().string()),
      "{}: has torchvision's names, but is called like a copy of the network published for Caffe, "
      "and its SHA-256 is not known; {}",
      file->path, advice);
}

// What the user should know of a network that nobody vouches for.
void note_origin(const Plan& plan, const std::string& difference, std::vector<std::string>& notes) {
  if (plan.known != nullptr && plan.known->warning.empty()) {
    return;
  }
  notes.push_back(plan.known != nullptr
                      ? plan.known->warning
                      : fmt::format("not a file that is known here (SHA-256 {})", plan.sha256));
  if (plan.architecture.name == "vgg16" && !difference.empty()) {
    notes.push_back(fmt::format("it is not the published VGG16: {}", difference));
  }
}

}  // namespace

Conversion convert(const InputFilePtr& file, const Source& source, const ConvertOptions& options,
                   const std::string& output) {
  check_output(file->path, output);
  const Plan plan = make_plan(file, source, options);
  std::vector<StoredLayer> layers = stored_layers(file, source, plan);
  const std::string difference =
      difference_from_published_vgg16(std::string(plan.architecture.name), layers);
  check_feeding(file, options, plan, difference);
  Conversion result;
  result.notes = plan.notes;
  result.last_layer = plan.classifier.empty() ? "relu" + plan.convs.back().substr(4) : "fc8";
  note_origin(plan, difference, result.notes);
  result.description = {std::string(plan.architecture.name),
                        provenance_of(file, source, options, plan, difference), plan.feeding};
  if (!options.normalize_with.empty()) {
    const auto factors = normalising_factors(plan, layers, options.normalize_with, result.notes);
    layers = stored_layers(file, source, plan, factors);
  }
  const bool as_known = known_golden(plan.sha256, plan.dtype) != nullptr &&
                        options.normalize_with.empty() && !options.feeding;
  if (!as_known) {
    result.description.provenance.golden =
        golden_of(walk_layers(plan.architecture, layers), plan.feeding);
  }
  nn::write_weights(output, result.description, streams_of(layers));
  return result;
}

Conversion convert(const std::string& input, const ConvertOptions& options,
                   const std::string& output) {
  const InputFilePtr file = open_input(input);
  return with_reading_memory(*file,
                             [&] { return convert(file, open_source(file), options, output); });
}

}  // namespace gramgrad::converter
