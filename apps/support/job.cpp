// From arguments to a job.
#include "apps/support/job.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "apps/support/device_choice.h"
#include "apps/support/file_bytes.h"
#include "apps/support/image_file.h"
#include "apps/support/values.h"
#include "kernels/check.h"
#include "nn/architecture.h"
#include "nn/networks/embedded.h"
#include "nn/sha256.h"
#include "nn/vgg.h"

namespace gramgrad::apps {
namespace {

constexpr const char* embedded_name = "vgg16";

void check_files_named(const StylizeArguments& arguments) {
  check(!arguments.content.empty() && !arguments.styles.empty(),
        "stylize needs a content picture and at least one style picture; see `gramgrad stylize "
        "--help`");
  if (arguments.output.empty()) {
    check(arguments.dry_run, "stylize needs an output file: -o OUT.png");
    return;
  }
  check_image_output(arguments.output);
  std::vector<std::string> inputs = arguments.styles;
  inputs.push_back(arguments.content);
  inputs.push_back(arguments.init_picture);
  for (const std::string& input : inputs) {
    std::error_code missing;
    check(!std::filesystem::equivalent(input, arguments.output, missing) || missing,
          "{}: is an input picture; name another file for the output", arguments.output);
  }
}

void check_blend(const std::vector<double>& weights, std::size_t pictures) {
  check(weights.empty() || weights.size() == pictures,
        "--style-blend-weights: {} for {} style picture{}; give one each", weights.size(), pictures,
        pictures == 1 ? "" : "s");
  check(weights.empty() || std::accumulate(weights.begin(), weights.end(), 0.0) > 0,
        "--style-blend-weights: they sum to 0; at least one must be positive");
}

void drop_unweighted(double term, std::vector<nn::WeightedLayer>& layers, std::string_view option) {
  std::erase_if(layers, [](const nn::WeightedLayer& layer) { return layer.weight == 0; });
  check(term == 0 || !layers.empty(), "--{}: all of them have weight 0", option);
}

// Options against network; layers without weight go. Returns the deepest tap.
std::string check_method(nn::ObjectiveOptions& objective, const nn::WeightsFile& weights) {
  const nn::Architecture& architecture = nn::find_architecture(weights.architecture());
  nn::check_options(objective, architecture);
  drop_unweighted(objective.content_weight, objective.content_layers, "content-layers");
  drop_unweighted(objective.style_weight, objective.style_layers, "style-layers");
  const std::vector<std::string> taps = nn::required_taps(objective, architecture);
  nn::check_tap_in_file(nn::find_tap(architecture, taps.back()), weights);
  return taps.back();
}

struct Picture {
  Image image;
  FileIdentity file;
};

Picture load(const std::string& path, bool opaque, std::vector<std::string>& warnings) {
  constexpr std::size_t max_bytes = std::size_t{4} << 30;
  LoadedImage loaded = read_image(path);
  std::move(loaded.warnings.begin(), loaded.warnings.end(), std::back_inserter(warnings));
  if (opaque) {
    composite_over(loaded.image, 0.5F, 0.5F, 0.5F);
  }
  const std::vector<unsigned char> bytes = read_file(path, max_bytes);
  return {std::move(loaded.image),
          {absolute_path(path), nn::sha256_hex(std::as_bytes(std::span(bytes)))}};
}

void load_pictures(StylizeJob& job) {
  const StylizeArguments& arguments = job.arguments;
  Picture content = load(arguments.content, false, job.warnings);
  job.content = std::move(content.image);
  job.recipe.content = std::move(content.file);
  for (const std::string& path : arguments.styles) {
    Picture style = load(path, true, job.warnings);
    job.styles.push_back(std::move(style.image));
    job.recipe.styles.push_back(std::move(style.file));
  }
  if (job.options.init == nn::InitKind::picture) {
    Picture start = load(arguments.init_picture, true, job.warnings);
    job.start = std::move(start.image);
    job.recipe.start = std::move(start.file);
  }
}

// ---------------------------------------------------------------- sizes

// The size that the stylizer brings a style picture to.
nn::Scale wanted_size(const Image& style, const nn::Scale& picture, double style_scale) {
  const auto longer = static_cast<double>(std::max(picture.height, picture.width));
  return nn::fit(style.height, style.width, std::max(1.0, longer * style_scale));
}

nn::Scale result_size(const StylizeArguments& arguments, const Image& content) {
  const int longer =
      arguments.size.value_or(std::min(default_size, std::max(content.width, content.height)));
  const nn::Scale size = nn::fit(content.height, content.width, longer);
  check_image_size(arguments.output.empty() ? "the result" : arguments.output, size.width,
                   size.height);
  return size;
}

// The first picture that is too small at that scale for the layers that look at it; "" if none.
std::string too_small(const StylizeJob& job, const nn::Scale& scale) {
  const nn::Architecture& architecture = nn::find_architecture(job.weights.architecture());
  const auto misfit = [&](const std::string& path, const nn::Scale& size, const std::string& name) {
    const std::int64_t side = nn::smallest_side(nn::find_tap(architecture, name));
    return std::min(size.height, size.width) >= side
               ? std::string()
               : fmt::format(
                     "{}: {}x{} pixels are too few for layer {}, which needs {} on each "
                     "side",
                     path, size.width, size.height, name, side);
  };
  std::string problem = misfit(job.arguments.content, scale, job.last_tap);
  nn::ObjectiveOptions style_only = job.options.objective;
  style_only.content_weight = 0;
  const std::vector<std::string> taps = nn::required_taps(style_only, architecture);
  for (std::size_t i = 0; i < job.styles.size() && !taps.empty() && problem.empty(); ++i) {
    const nn::Scale size = wanted_size(job.styles[i], scale, job.options.style_scale);
    problem = misfit(job.arguments.styles[i], size, taps.back());
  }
  return problem;
}

void choose_schedule(StylizeJob& job) {
  const StylizeArguments& arguments = job.arguments;
  const nn::Scale size = result_size(arguments, job.content);
  const std::string problem = too_small(job, size);
  check(problem.empty(), "{}; use a larger picture, a larger --size or earlier layers", problem);
  const bool counted = arguments.scales.has_value() || arguments.iterations.size() > 1;
  int count = arguments.scales.value_or(arguments.iterations.size() > 1
                                            ? static_cast<int>(arguments.iterations.size())
                                            : nn::default_scale_count(size.height, size.width));
  while (true) {
    job.schedule = nn::make_schedule(size.height, size.width, count, arguments.iterations);
    const std::string coarse_problem = too_small(job, job.schedule.front());
    if (coarse_problem.empty()) {
      return;
    }
    check(!counted, "{} at the coarsest of {} scales; use fewer --scales", coarse_problem, count);
    --count;
  }
}

// ---------------------------------------------------------------- memory

nn::MemoryPlan predict_memory(const StylizeJob& job) {
  nn::MemoryInputs inputs{job.schedule.back(), {}, 0};
  const auto bytes = [&](const nn::Scale& size, std::int64_t channels) {
    return static_cast<std::size_t>(size.height * size.width * channels) *
           size_of(job.picture_dtype());
  };
  inputs.held = bytes(inputs.picture, job.content.alpha.empty() ? 3 : 4);
  for (const Image& style : job.styles) {
    inputs.held += bytes(style_size(style, inputs.picture, job.options.style_scale), 3);
    inputs.styles.push_back(wanted_size(style, inputs.picture, job.options.style_scale));
  }
  inputs.held += job.start ? bytes(inputs.picture, 3) : 0;
  return nn::plan_memory(job.weights, job.options, job.arguments.pooling, job.device, job.dtype,
                         inputs);
}

// Running out of memory in the middle would not be an error message but the end of the process.
void check_memory(const StylizeJob& job) {
  const std::size_t there = physical_memory();
  check(
      job.arguments.dry_run || job.device.kind() == Device::Kind::cuda || job.memory.total <= there,
      "{}x{} would take {} of memory and this machine has {}; use a smaller --size (--dry-run "
      "shows what takes how much)",
      job.schedule.back().width, job.schedule.back().height, format_bytes(job.memory.total),
      format_bytes(there));
}

}  // namespace

std::size_t physical_memory() {
  return static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::size_t>(sysconf(_SC_PAGE_SIZE));
}

nn::Scale style_size(const Image& style, const nn::Scale& picture, double style_scale) {
  const nn::Scale wanted = wanted_size(style, picture, style_scale);
  return wanted.height < style.height || wanted.width < style.width
             ? wanted
             : nn::Scale{style.height, style.width, 0};
}

nn::WeightsFile open_weights(const std::string& name) {
  return name == embedded_name
             ? nn::WeightsFile::from_memory(nn::embedded_vgg16(), "the embedded vgg16")
             : nn::WeightsFile::open(name);
}

StylizeJob prepare_job(const StylizeArguments& arguments) {
  check_files_named(arguments);
  nn::WeightsFile weights = open_weights(arguments.weights);
  nn::StylizerOptions options = stylizer_options(arguments);
  std::string last_tap = check_method(options.objective, weights);
  check_blend(options.objective.style_blend_weights, arguments.styles.size());
  DeviceChoice choice =
      choose_device(arguments.device, arguments.threads, arguments.precision, arguments.autotune);
  StylizeJob job{arguments,
                 options,
                 std::move(weights),
                 std::move(choice.device),
                 choice.dtype,
                 {},
                 {},
                 {},
                 {},
                 std::move(last_tap),
                 {},
                 {},
                 {}};
  job.arguments.precision = choice.precision;
  if (!choice.note.empty()) {
    job.warnings.push_back(choice.note);
  }
  load_pictures(job);
  choose_schedule(job);
  job.memory = predict_memory(job);
  check_memory(job);
  job.recipe.version = GRAMGRAD_VERSION;
  job.recipe.weights = {
      arguments.weights == embedded_name ? embedded_name : absolute_path(arguments.weights),
      job.weights.sha256()};
  job.recipe.arguments = job.arguments;
  job.recipe.arguments.device = job.device.name();
  job.recipe.arguments.weights = job.recipe.weights.path;
  if (job.recipe.start) {
    job.recipe.arguments.init_picture = job.recipe.start->path;
  }
  return job;
}

}  // namespace gramgrad::apps
