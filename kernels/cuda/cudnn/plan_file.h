// Which plans were measured to be the fastest, kept on disk from run to run.
//
// A text file: a first line with the format's version, one line a plan (key, candidate, engine,
// milliseconds; tabs between), and a last line with their number. A file that is anything else is
// ignored as a whole, and replaced when the next plan is added.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "kernels/cuda/cudnn/plan.h"

namespace gramgrad::cuda::cudnn {

struct PlanChoice {
  std::int64_t candidate = 0;  // of Plans
  std::int64_t engine = 0;     // cuDNN's number of it: another one means that the list has changed
  double milliseconds = 0;

  friend bool operator==(const PlanChoice& a, const PlanChoice& b) = default;
};

// All that the fastest plan depends on, in one line: the GPU, cuDNN's version, arithmetic, type,
// pass and shape.
std::string plan_key(const std::string& gpu, std::size_t cudnn_version, Math math,
                     const ConvolutionKey& convolution);

// $XDG_CACHE_HOME/gramgrad/cudnn_plans, or ~/.cache/gramgrad/cudnn_plans; empty where there is no
// home either.
std::string default_plan_path();

class PlanFile {
 public:
  // Reads the file; one that is missing has no plans. An empty path: nothing is kept on disk.
  explicit PlanFile(std::string path);

  // Why the file was ignored, or could not be written; empty where all is well. For people.
  const std::string& note() const { return note_; }

  std::optional<PlanChoice> find(const std::string& key) const;
  // Remembers the choice, and writes the file with what other processes have added since: to a
  // temporary file beside it, which then takes its place. Never throws for the disk: see note().
  void add(const std::string& key, const PlanChoice& choice);

 private:
  using Choices = std::map<std::string, PlanChoice>;
  std::optional<Choices> read();
  void write();

  std::string path_;
  Choices choices_;
  std::string note_;
};

}  // namespace gramgrad::cuda::cudnn
