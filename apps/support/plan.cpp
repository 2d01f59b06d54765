// The plan in words and as JSON.
#include "apps/support/plan.h"

#include <nlohmann/json.hpp>

#include "apps/support/option_names.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

std::string schedule_text(const std::vector<nn::Scale>& schedule) {
  std::string text;
  for (const nn::Scale& scale : schedule) {
    text += fmt::format("{}{}x{} ({} iterations)", text.empty() ? "" : ", then ", scale.width,
                        scale.height, scale.iterations);
  }
  return text;
}

std::string network_text(const StylizeJob& job) {
  return fmt::format("{} ({}), SHA-256 {:.12}..., {} pooling, run to {}",
                     job.weights.architecture(), job.weights.name(), job.recipe.weights.sha256,
                     job.arguments.pooling == PoolKind::max ? "max" : "average", job.last_tap);
}

std::string term_text(double weight, const nn::LossSpec& loss,
                      const std::vector<nn::WeightedLayer>& layers) {
  return weight == 0 ? "off"
                     : fmt::format("{} x {} at {}", format_number(weight), format_loss(loss),
                                   format_layers(layers));
}

std::string tv_text(const nn::ObjectiveOptions& objective) {
  return objective.tv_weight == 0 ? "off"
                                  : fmt::format("{} x {}", format_number(objective.tv_weight),
                                                format_choice(objective.tv.form, tv_form_names));
}

std::string optimizer_text(const nn::OptimizerOptions& optimizer) {
  const std::string name = format_choice(optimizer.kind, optimizer_names);
  return optimizer.kind == nn::OptimizerKind::lbfgs
             ? fmt::format("{}, history {}", name, optimizer.history)
             : name;
}

// The host's devices compute in the machine's memory.
std::string machine_text(const StylizeJob& job) {
  return job.device.kind() == Device::Kind::cuda
             ? ""
             : fmt::format(" ({} in this machine)", format_bytes(physical_memory()));
}

}  // namespace

std::string plan_text(const StylizeJob& job) {
  const nn::ObjectiveOptions& objective = job.options.objective;
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<14}{}\n", name, value);
  };
  add("device", fmt::format("{} ({}), precision {}", job.device.name(), job.device.description(),
                            format_choice(job.arguments.precision, precision_names)));
  add("network", network_text(job));
  add("sizes", schedule_text(job.schedule));
  add("start", stylize_option("init").format(job.arguments));
  add("content",
      term_text(objective.content_weight, objective.content_loss, objective.content_layers));
  add("style", term_text(objective.style_weight, objective.style_loss, objective.style_layers));
  add("tv", tv_text(objective));
  add("range", objective.range_weight == 0 ? "off" : format_number(objective.range_weight));
  add("optimizer", optimizer_text(job.options.optimizer));
  add("peak memory",
      fmt::format("{} predicted{}, of which", format_bytes(job.memory.total), machine_text(job)));
  for (const nn::MemoryPart& part : job.memory.parts) {
    if (part.bytes > 0) {
      text += fmt::format("  {:<18}{:>12}\n", part.name, format_bytes(part.bytes));
    }
  }
  return text;
}

std::string plan_json(const StylizeJob& job) {
  nlohmann::ordered_json plan{{"event", "plan"},
                              {"device", job.device.name()},
                              {"recipe", nlohmann::ordered_json::parse(to_json(job.recipe))},
                              {"scales", nlohmann::ordered_json::array()},
                              {"peak_memory", job.memory.total},
                              {"memory_parts", nlohmann::ordered_json::object()}};
  for (const nn::Scale& scale : job.schedule) {
    plan["scales"].push_back(
        {{"width", scale.width}, {"height", scale.height}, {"iterations", scale.iterations}});
  }
  for (const nn::MemoryPart& part : job.memory.parts) {
    plan["memory_parts"][std::string(part.name)] = part.bytes;
  }
  return plan.dump();
}

}  // namespace gramgrad::apps
