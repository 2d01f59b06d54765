// Where and when progress is reported.
#include "apps/support/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/support/time_estimate.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// A terminal that went away or a full disk behind a log is no reason to end a long run.
void put(std::FILE* stream, const std::string& text) {
  std::fputs(text.c_str(), stream);
  std::fflush(stream);
}

// Measures iterations; the rest is for the kinds.
class TimedProgress : public Progress {
 public:
  explicit TimedProgress(std::span<const nn::Scale> schedule) : estimate_(schedule) {}

  void iteration(const nn::IterationReport& report) final {
    const Clock::time_point now = Clock::now();
    estimate_.add(report.scale, report.iteration, seconds_between(before_, now));
    before_ = now;
    show(report);
  }
  void saved(const std::string&) override {}

 protected:
  virtual void show(const nn::IterationReport& report) = 0;

  // True once every `seconds`, and where a scale begins or ends.
  bool is_due(const nn::IterationReport& report, double seconds) {
    const bool edge = report.iteration == 1 || report.iteration == report.iterations ||
                      report.stop != nn::StopReason::none;
    if (!edge && seconds_between(shown_, before_) < seconds) {
      return false;
    }
    shown_ = before_;
    return true;
  }

  // With a bar where `columns` are given.
  std::string line(const nn::IterationReport& report, std::optional<int> columns = {}) const {
    return progress_line(report, estimate_.iterations_per_second(), estimate_.seconds_left(),
                         columns);
  }

  TimeEstimate estimate_;

 private:
  Clock::time_point before_ = Clock::now();
  Clock::time_point shown_ = before_;
};

class BarProgress final : public TimedProgress {
 public:
  using TimedProgress::TimedProgress;
  // An error message that follows begins on a line of its own.
  ~BarProgress() override { clear(); }

  void done(const RunSummary& summary) override {
    clear();
    put(stdout, fmt::format("{}\n", summary_line(summary)));
  }

 private:
  void show(const nn::IterationReport& report) override {
    constexpr double interval = 0.1;
    if (is_due(report, interval)) {
      put(stderr, fmt::format("\r{}\x1b[K", line(report, columns() - 1)));
      visible_ = true;
    }
  }

  static int columns() {
    constexpr int usual = 80;
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
  }

  void clear() {
    if (visible_) {
      put(stderr, "\r\x1b[K");
      visible_ = false;
    }
  }

  bool visible_ = false;
};

class LineProgress final : public TimedProgress {
 public:
  using TimedProgress::TimedProgress;

  void done(const RunSummary& summary) override {
    put(stdout, fmt::format("{}\n", summary_line(summary)));
  }

 private:
  void show(const nn::IterationReport& report) override {
    constexpr double interval = 10;
    if (is_due(report, interval)) {
      put(stderr, fmt::format("{}\n", line(report)));
    }
  }
};

// Numbers that JSON has not become null.
class JsonProgress final : public TimedProgress {
 public:
  using TimedProgress::TimedProgress;

  void saved(const std::string& path) override { print({{"event", "saved"}, {"path", path}}); }

  void done(const RunSummary& summary) override {
    nlohmann::ordered_json event = losses("done", summary.last);
    event["path"] = summary.output;
    event["width"] = summary.width;
    event["height"] = summary.height;
    event["seconds"] = summary.seconds;
    event["peak_memory"] = summary.peak_memory;
    event["interrupted"] = summary.interrupted_by != 0;
    event["stopped"] = nlohmann::ordered_json::array();
    for (const nn::StopReason reason : summary.stopped) {
      event["stopped"].push_back(nn::describe(reason));
    }
    print(event);
  }

 private:
  static nlohmann::ordered_json losses(const char* name, const nn::IterationReport& report) {
    nlohmann::ordered_json event{{"event", name},
                                 {"scale", report.scale + 1},
                                 {"scales", report.scales},
                                 {"iteration", report.iteration},
                                 {"iterations", report.iterations},
                                 {"total", report.total},
                                 {"terms", nlohmann::ordered_json::object()}};
    for (const nn::LossTerm& term : report.terms) {
      event["terms"][term.name] = term.value;
    }
    return event;
  }

  void show(const nn::IterationReport& report) override {
    nlohmann::ordered_json event = losses("iteration", report);
    event["width"] = report.width;
    event["height"] = report.height;
    event["iterations_per_second"] = estimate_.iterations_per_second();
    event["seconds_left"] = estimate_.seconds_left();
    print(event);
  }

  static void print(const nlohmann::ordered_json& event) {
    put(stdout,
        fmt::format("{}\n", event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  }
};

class SilentProgress final : public Progress {
 public:
  void iteration(const nn::IterationReport&) override {}
  void saved(const std::string&) override {}
  void done(const RunSummary&) override {}
};

}  // namespace

std::unique_ptr<Progress> make_progress(ProgressKind kind, std::span<const nn::Scale> schedule) {
  switch (kind) {
    case ProgressKind::bar:
      return std::make_unique<BarProgress>(schedule);
    case ProgressKind::lines:
      return std::make_unique<LineProgress>(schedule);
    case ProgressKind::json:
      return std::make_unique<JsonProgress>(schedule);
    case ProgressKind::silent:
      break;
  }
  return std::make_unique<SilentProgress>();
}

}  // namespace gramgrad::apps
