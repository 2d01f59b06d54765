// A run of `gramgrad stylize`, read and checked: whatever can fail, short of the disk and the
// numbers, has failed when there is a job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/support/image.h"
#include "apps/support/options.h"
#include "apps/support/recipe.h"
#include "kernels/device.h"
#include "nn/memory_plan.h"
#include "nn/schedule.h"
#include "nn/weights_file.h"

namespace gramgrad::apps {

struct StylizeJob {
  StylizeArguments arguments;
  nn::StylizerOptions options;
  nn::WeightsFile weights;
  Device device;
  DType dtype;  // of feature maps
  Image content;
  std::vector<Image> styles;   // opaque
  std::optional<Image> start;  // of --init FILE; opaque
  std::vector<nn::Scale> schedule;
  std::string last_tap;  // the deepest that is needed
  nn::MemoryPlan memory;
  Recipe recipe;
  std::vector<std::string> warnings;  // for people, one line each

  DType picture_dtype() const { return sum_type(dtype); }
};

// Throws Error for everything that is wrong with the arguments or the files that they name.
StylizeJob prepare_job(const StylizeArguments& arguments);

// The network by its name on the command line: vgg16 (embedded), or a path.
nn::WeightsFile open_weights(const std::string& name);

// Bytes of memory in this machine.
std::size_t physical_memory();

// What to keep of a style picture for a result of that size: no more than its size there.
nn::Scale style_size(const Image& style, const nn::Scale& picture, double style_scale);

}  // namespace gramgrad::apps
