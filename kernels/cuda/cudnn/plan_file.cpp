// The plan file's format, and its place.
#include "kernels/cuda/cudnn/plan_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kernels/check.h"

namespace gramgrad::cuda::cudnn {
namespace {

namespace fs = std::filesystem;

constexpr const char* first_line = "gramgrad cudnn plans, version 1";

std::string last_line(std::size_t plans) {
  return fmt::format("{} plans", plans);
}

const char* name_of_pass(ConvolutionPass pass) {
  switch (pass) {
    case ConvolutionPass::forward:
      return "forward";
    case ConvolutionPass::backward_input:
      return "backward_input";
    case ConvolutionPass::backward_weight:
      return "backward_weight";
  }
  return "?";
}

// Nothing but the whole text may be the number.
template <typename Number, typename Parse>
bool parse(const std::string& text, const Parse& parser, Number& number) {
  char* end = nullptr;
  errno = 0;
  number = parser(text.c_str(), &end);
  return !text.empty() && *end == '\0' && errno == 0;
}

bool parse_line(const std::string& line, std::string& key, PlanChoice& choice) {
  std::istringstream fields(line);
  std::string candidate;
  std::string engine;
  std::string milliseconds;
  if (!std::getline(fields, key, '\t') || !std::getline(fields, candidate, '\t') ||
      !std::getline(fields, engine, '\t') || !std::getline(fields, milliseconds)) {
    return false;
  }
  const auto integer = [](const char* text, char** end) { return std::strtoll(text, end, 10); };
  long long candidate_number = 0;
  long long engine_number = 0;
  const bool whole = parse(candidate, integer, candidate_number) &&
                     parse(engine, integer, engine_number) &&
                     parse(milliseconds, std::strtod, choice.milliseconds);
  choice.candidate = candidate_number;
  choice.engine = engine_number;
  return whole && !key.empty() && choice.candidate >= 0 && std::isfinite(choice.milliseconds) &&
         choice.milliseconds >= 0;
}

}  // namespace

std::string plan_key(const std::string& gpu, std::size_t cudnn_version, Math math,
                     const ConvolutionKey& c) {
  std::string key =
      fmt::format("{}; cuDNN {}; {} {}; {}; x {}x{}x{}x{}; w {}x{}x{}; stride {}, padding {}{}{}{}",
                  gpu, cudnn_version, math == Math::tf32 ? "tf32" : "f32", name_of(c.dtype),
                  name_of_pass(c.pass), c.batch, c.height, c.width, c.in_channels, c.out_channels,
                  c.kernel_height, c.kernel_width, c.stride, c.padding, c.bias ? ", bias" : "",
                  c.relu ? ", relu" : "", c.accumulate ? ", accumulate" : "");
  std::replace_if(
      key.begin(), key.end(), [](char letter) { return letter == '\t' || letter == '\n'; }, ' ');
  return key;
}

std::string default_plan_path() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') {  // its specification: relative paths are ignored
    return std::string(cache) + "/gramgrad/cudnn_plans";
  }
  const char* home = std::getenv("HOME");
  return home != nullptr && home[0] == '/' ? std::string(home) + "/.cache/gramgrad/cudnn_plans"
                                           : "";
}

PlanFile::PlanFile(std::string path) : path_(std::move(path)) {
  if (std::optional<Choices> found = read()) {
    choices_ = std::move(*found);
  }
}

std::optional<PlanChoice> PlanFile::find(const std::string& key) const {
  const auto known = choices_.find(key);
  return known == choices_.end() ? std::nullopt : std::optional(known->second);
}

void PlanFile::add(const std::string& key, const PlanChoice& choice) {
  if (std::optional<Choices> found = read()) {
    choices_.merge(*found);
  }
  choices_[key] = choice;
  write();
}

// Nothing where there is no file, or none that can be used.
std::optional<PlanFile::Choices> PlanFile::read() {
  std::ifstream file(path_);
  if (path_.empty() || !file) {
    return std::nullopt;
  }
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  Choices choices;
  bool whole = lines.size() >= 2 && lines.front() == first_line &&
               lines.back() == last_line(lines.size() - 2) && !file.bad();
  for (std::size_t i = 1; whole && i + 1 < lines.size(); ++i) {
    std::string key;
    PlanChoice choice;
    whole = parse_line(lines[i], key, choice);
    choices[key] = choice;
  }
  if (!whole) {
    note_ = fmt::format("{}: ignored, because it is damaged or of another version", path_);
    return std::nullopt;
  }
  return choices;
}

void PlanFile::write() {
  if (path_.empty()) {
    return;
  }
  const std::string temporary = fmt::format("{}.{}.tmp", path_, getpid());
  std::error_code error;
  fs::create_directories(fs::path(path_).parent_path(), error);
  std::ofstream file(temporary, std::ios::trunc);
  file << first_line << '\n';
  for (const auto& [key, choice] : choices_) {
    file << fmt::format("{}\t{}\t{}\t{}\n", key, choice.candidate, choice.engine,
                        choice.milliseconds);
  }
  file << last_line(choices_.size()) << '\n';
  file.close();
  const bool written = !file.fail() && std::rename(temporary.c_str(), path_.c_str()) == 0;
  note_ = written ? "" : fmt::format("{}: cannot be written ({})", path_, std::strerror(errno));
  if (!written) {
    std::remove(temporary.c_str());
  }
}

}  // namespace gramgrad::cuda::cudnn
