// `gramgrad stylize`: from a job to a picture on disk.
#include "apps/stylize.h"

#include <unistd.h>

#include <chrono>
#include <memory>

#include "apps/support/colour_transfer.h"
#include "apps/support/image_file.h"
#include "apps/support/interrupt.h"
#include "apps/support/picture_tensor.h"
#include "apps/support/progress.h"
#include "kernels/check.h"
#include "nn/vgg.h"

namespace gramgrad::apps {
namespace {

// What the run works on, on the device.
struct Pictures {
  nn::StylizeInputs inputs;
  Tensor alpha;  // of the content, at the size of the result; undefined: opaque
};

Tensor resized_to(const Tensor& picture, const nn::Scale& size) {
  return picture.defined() ? nn::resized(picture, size.height, size.width) : Tensor();
}

// Takes the pictures out of the job: at this point they are wanted at the sizes of the run only.
Pictures upload(StylizeJob& job) {
  const nn::Scale& size = job.schedule.back();
  if (job.arguments.preserve_color == PreserveColor::match) {
    for (Image& style : job.styles) {
      style = with_colours_of(job.content, style);
    }
  }
  Pictures pictures;
  pictures.inputs.content =
      resized_to(colour_tensor(job.content, job.device, job.picture_dtype()), size);
  pictures.alpha = resized_to(alpha_tensor(job.content, job.device, job.picture_dtype()), size);
  job.content = Image();
  for (const Image& style : job.styles) {
    pictures.inputs.styles.push_back(
        resized_to(colour_tensor(style, job.device, job.picture_dtype()),
                   style_size(style, size, job.options.style_scale)));
  }
  job.styles.clear();
  if (job.start) {
    pictures.inputs.start =
        resized_to(colour_tensor(*job.start, job.device, job.picture_dtype()), size);
    job.start.reset();
  }
  return pictures;
}

class Run {
 public:
  explicit Run(StylizeJob job)
      : job_(std::move(job)),
        pictures_(upload(job_)),
        progress_(make_progress(progress_kind(), job_.schedule)) {}

  int operator()() {
    job_.device.reset_peak_memory();
    const nn::Vgg vgg(job_.weights, job_.device, job_.dtype, job_.arguments.pooling, job_.last_tap);
    job_.options.picture_every = job_.arguments.save_every;
    const nn::StylizeResult result =
        nn::stylize(vgg, job_.options, pictures_.inputs, job_.schedule,
                    [&](const nn::IterationReport& report, const Tensor& picture) {
                      return observe(report, picture);
                    });
    const nn::IterationReport& last = summary_.last;
    check(result.stop != nn::StopReason::not_finite,
          "the loss became infinite or not a number at iteration {} of scale {}/{}; try a "
          "smaller --learning-rate or --step-limit, or smaller weights",
          last.iteration, last.scale + 1, last.scales);
    write(result.picture, result.interrupted);
    finish(result);
    return summary_.interrupted_by == 0 ? 0 : 128 + summary_.interrupted_by;
  }

 private:
  using Clock = std::chrono::steady_clock;

  ProgressKind progress_kind() const {
    if (job_.arguments.json) {
      return ProgressKind::json;
    }
    if (job_.arguments.quiet) {
      return ProgressKind::silent;
    }
    return isatty(STDERR_FILENO) != 0 ? ProgressKind::bar : ProgressKind::lines;
  }

  // After each iteration. False: stop.
  bool observe(const nn::IterationReport& report, const Tensor& picture) {
    summary_.last = report;
    summary_.stopped.resize(static_cast<std::size_t>(report.scale) + 1);
    summary_.stopped.back() = report.stop;
    progress_->iteration(report);
    ++iterations_;
    const int every = job_.arguments.save_every;
    if (every > 0 && iterations_ % every == 0 && report.stop != nn::StopReason::not_finite) {
      write(picture, true);
      progress_->saved(job_.arguments.output);
    }
    return interrupt_.signal() == 0;
  }

  // An unfinished picture has no recipe: running that would not give this picture.
  void write(const Tensor& picture, bool unfinished) {
    const nn::Scale size{picture.shape()[1], picture.shape()[2], 0};
    Image image = to_image(picture, resized_to(pictures_.alpha, size));
    if (job_.arguments.preserve_color == PreserveColor::luminance) {
      image = with_luma_of(image, to_image(resized_to(pictures_.inputs.content, size), Tensor()));
    }
    WriteOptions options;
    options.bits = job_.arguments.bits;
    options.text["Software"] = "gramgrad " GRAMGRAD_VERSION;
    if (!unfinished) {
      options.text[recipe_key] = to_json(job_.recipe);
    }
    write_image(job_.arguments.output, image, options);
    summary_.width = size.width;
    summary_.height = size.height;
  }

  void finish(const nn::StylizeResult& result) {
    summary_.output = job_.arguments.output;
    summary_.seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    summary_.peak_memory = job_.device.memory().peak;
    summary_.interrupted_by = result.interrupted ? interrupt_.signal() : 0;
    progress_->done(summary_);
  }

  Clock::time_point began_ = Clock::now();
  InterruptWatch interrupt_;
  StylizeJob job_;
  Pictures pictures_;
  std::unique_ptr<Progress> progress_;
  RunSummary summary_;
  int iterations_ = 0;  // of all scales
};

}  // namespace

int run_job(StylizeJob job) {
  return Run(std::move(job))();
}

}  // namespace gramgrad::apps
