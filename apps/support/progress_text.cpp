// The sentences of the progress report.
#include <algorithm>
#include <cmath>

#include "apps/support/progress.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

std::string losses(const nn::IterationReport& report) {
  std::string text = fmt::format("loss {:.4g}", report.total);
  const char* before = " = ";
  for (const nn::LossTerm& term : report.terms) {
    text += fmt::format("{}{} {:.3g}", before, term.name, term.value);
    before = " + ";
  }
  return text;
}

std::string bar(const nn::IterationReport& report, int width) {
  const int done = width * report.iteration / std::max(1, report.iterations);
  return fmt::format(" [{:#<{}}{:.<{}}]", "", done, "", width - done);
}

}  // namespace

std::string format_duration(double seconds) {
  constexpr double longest = 3600.0 * 1000;
  const long whole = std::lround(std::clamp(seconds, 0.0, longest));
  return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                      : fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string progress_line(const nn::IterationReport& report, double iterations_per_second,
                          double seconds_left, std::optional<int> columns) {
  constexpr int narrowest = 5;
  constexpr int widest = 30;
  const std::string where = fmt::format("scale {}/{} {}x{}", report.scale + 1, report.scales,
                                        report.width, report.height);
  const std::string what =
      fmt::format(" {}/{}  {:.3g} it/s  {} left  {}", report.iteration, report.iterations,
                  iterations_per_second, format_duration(seconds_left), losses(report));
  if (!columns) {
    return where + what;
  }
  const int room = *columns - static_cast<int>(where.size() + what.size()) - 3;
  const std::string line =
      where + (room >= narrowest ? bar(report, std::min(room, widest)) : "") + what;
  return line.substr(0, static_cast<std::size_t>(std::max(0, *columns)));
}

std::string summary_line(const RunSummary& summary) {
  const nn::IterationReport& last = summary.last;
  std::string text;
  if (summary.interrupted_by != 0) {
    text = fmt::format("interrupted at iteration {}/{} of scale {}/{}: ", last.iteration,
                       last.iterations, last.scale + 1, last.scales);
  }
  text += fmt::format("wrote {} ({}x{}){} in {:.1f} s; peak memory {:.0f} MiB; {}", summary.output,
                      summary.width, summary.height,
                      summary.interrupted_by != 0 ? ", the picture so far," : "", summary.seconds,
                      static_cast<double>(summary.peak_memory) / (1 << 20), losses(last));
  for (std::size_t scale = 0; scale < summary.stopped.size(); ++scale) {
    if (summary.stopped[scale] != nn::StopReason::none) {
      text += fmt::format("; scale {} stopped early: {}", scale + 1,
                          nn::describe(summary.stopped[scale]));
    }
  }
  return text;
}

}  // namespace gramgrad::apps
