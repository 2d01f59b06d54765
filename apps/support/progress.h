// What a run says while it runs, and at its end.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nn/schedule.h"
#include "nn/stylizer.h"

namespace gramgrad::apps {

struct RunSummary {
  std::string output;
  std::int64_t width = 0;  // of the picture that was written
  std::int64_t height = 0;
  double seconds = 0;
  std::size_t peak_memory = 0;          // bytes, of the device's tensors
  nn::IterationReport last;             // the last iteration
  std::vector<nn::StopReason> stopped;  // by scale that was reached; none: all iterations done
  int interrupted_by = 0;               // signal; 0: the run is complete
};

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void iteration(const nn::IterationReport& report) = 0;
  virtual void saved(const std::string& path) = 0;  // --save-every
  virtual void done(const RunSummary& summary) = 0;
};

enum class ProgressKind {
  silent,
  bar,    // one line on stderr that changes in place
  lines,  // now and then a line on stderr; the summary, as with `bar`, is a line on stdout
  json,   // a line of JSON an event on stdout
};

// `schedule` must outlive the result.
std::unique_ptr<Progress> make_progress(ProgressKind kind, std::span<const nn::Scale> schedule);

// One iteration in a line. With `columns`: cut to them, and with a bar where they leave room.
std::string progress_line(const nn::IterationReport& report, double iterations_per_second,
                          double seconds_left, std::optional<int> columns);

// 75 -> "1:15"
std::string format_duration(double seconds);

std::string summary_line(const RunSummary& summary);

}  // namespace gramgrad::apps
