// The options of `gramgrad stylize`: one struct, and one table that reads and writes them as text.
//
// The table feeds the command line, its help, the completions, the manual and the recipe that goes
// into the output. A new option is a member here and an entry in option_table.cpp.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/ops.h"
#include "nn/stylizer.h"

namespace gramgrad::apps {

enum class PreserveColor { none, luminance, match };
enum class Precision { automatic, f32, f64, tf32, mixed, bf16 };
enum class Clamp { automatic, on, off };

struct StylizeArguments {
  std::string content;              // path
  std::vector<std::string> styles;  // paths
  std::string output;               // path

  std::string preset = "balanced";  // its values are in the members that follow
  std::optional<int> size;          // longer side in pixels; unset: the picture's, at most 512
  std::optional<int> scales;        // unset: as many as suit the size
  std::vector<int> iterations;      // empty: as many as suit the scales; else one, or one a scale
  nn::StylizerOptions stylizer;     // its `clamp` is decided by the next member
  Clamp clamp = Clamp::automatic;   // on with Adam
  std::string init_picture;         // path, of nn::InitKind::picture
  PreserveColor preserve_color = PreserveColor::none;

  std::string weights = "vgg16";  // path; vgg16: the embedded network
  PoolKind pooling = PoolKind::average;
  std::string device = "auto";
  Precision precision = Precision::automatic;  // tf32 on a GPU, else f32
  CudaPlans autotune = CudaPlans::expected;
  int threads = 0;  // 0: all processors

  int bits = 8;        // a channel of a PNG output
  int save_every = 0;  // iterations; 0: never
  bool quiet = false;
  bool json = false;
  bool dry_run = false;
};

inline constexpr int default_size = 512;  // pixels, of the longer side

struct Option {
  std::string name;   // without dashes
  std::string value;  // what its value looks like: N, FILE, max|avg
  std::string help;   // one or two sentences
  std::string group;  // of the help
  bool in_recipe;     // the picture depends on it
  std::function<void(StylizeArguments&, std::string_view)> parse;  // throws Error
  std::function<std::string(const StylizeArguments&)> format;      // what `parse` takes
};

// In the order in which they must be applied: --preset before what it sets.
const std::vector<Option>& stylize_options();

// The entry of that name, which exists.
const Option& stylize_option(std::string_view name);

// Throws Error that begins with the option's name.
void set_option(StylizeArguments& arguments, const Option& option, std::string_view text);

// What the stylizer is to do, with what was left to `automatic` decided.
nn::StylizerOptions stylizer_options(const StylizeArguments& arguments);

// Lists `name[=weight],...`. Where no weight is given at all, each is `otherwise(count)`; where
// some are, the others are 1. Throws Error.
std::vector<nn::WeightedLayer> parse_layers(std::string_view text, double (*otherwise)(int count));
std::string format_layers(const std::vector<nn::WeightedLayer>& layers);

// A loss as nn::parse_loss_spec reads it.
std::string format_loss(const nn::LossSpec& loss);

}  // namespace gramgrad::apps
