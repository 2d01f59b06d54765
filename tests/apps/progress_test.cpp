// Estimates and sentences of the progress report.
#include "apps/support/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "apps/support/time_estimate.h"

namespace gramgrad::apps {
namespace {

using testing::HasSubstr;

TEST(TimeEstimate, CountsPixels) {
  const std::array schedule{nn::Scale{10, 10, 4}, nn::Scale{20, 20, 3}};
  TimeEstimate estimate(schedule);
  EXPECT_EQ(estimate.iterations_per_second(), 0);
  for (int i = 1; i <= 4; ++i) {
    estimate.add(0, i, 0.5);  // 5 ms a pixel
    EXPECT_NEAR(estimate.seconds_left(), (4 - i) * 0.5 + 3 * 2.0, 1e-12);
    EXPECT_NEAR(estimate.iterations_per_second(), 2, 1e-12);
  }
  for (int i = 1; i <= 3; ++i) {
    estimate.add(1, i, 2.0);
    EXPECT_NEAR(estimate.seconds_left(), (3 - i) * 2.0, 1e-12);
    EXPECT_NEAR(estimate.iterations_per_second(), 0.5, 1e-12);
  }
}

TEST(TimeEstimate, FollowsChanges) {
  const std::array schedule{nn::Scale{10, 10, 1000}};
  TimeEstimate estimate(schedule);
  estimate.add(0, 1, 100);  // with the targets
  for (int i = 2; i <= 100; ++i) {
    estimate.add(0, i, 1);
  }
  EXPECT_NEAR(estimate.seconds_left(), 900, 20);
  EXPECT_NEAR(estimate.iterations_per_second(), 1, 1e-12);
}

// A scale that stops early is done.
TEST(TimeEstimate, SkipsWhatIsLeftOut) {
  const std::array schedule{nn::Scale{10, 10, 100}, nn::Scale{10, 10, 2}};
  TimeEstimate estimate(schedule);
  estimate.add(0, 1, 1);
  estimate.add(1, 1, 1);
  EXPECT_NEAR(estimate.seconds_left(), 1, 1e-12);
}

nn::IterationReport example() {
  nn::IterationReport report;
  report.scale = 1;
  report.scales = 3;
  report.iteration = 40;
  report.iterations = 80;
  report.width = 256;
  report.height = 171;
  report.total = 123.456;
  report.terms = {{"content", 50}, {"style", 73.456}};
  return report;
}

TEST(Progress, LineFitsTheTerminal) {
  for (int columns = 0; columns < 200; ++columns) {
    const std::string line = progress_line(example(), 3.2, 42, columns);
    EXPECT_LE(line.size(), static_cast<std::size_t>(columns));
  }
  const std::string wide = progress_line(example(), 3.2, 42, 160);
  EXPECT_THAT(wide, HasSubstr("scale 2/3 256x171"));
  EXPECT_THAT(wide, HasSubstr("[###############...............]"));
  EXPECT_THAT(wide, HasSubstr("40/80"));
  EXPECT_THAT(wide, HasSubstr("3.2 it/s"));
  EXPECT_THAT(wide, HasSubstr("0:42 left"));
  EXPECT_THAT(wide, HasSubstr("loss 123.5 = content 50 + style 73.5"));
  EXPECT_THAT(progress_line(example(), 3.2, 42, {}), testing::Not(HasSubstr("#")));
}

TEST(Progress, Durations) {
  EXPECT_EQ(format_duration(0), "0:00");
  EXPECT_EQ(format_duration(75.4), "1:15");
  EXPECT_EQ(format_duration(3600 + 61), "1:01:01");
  EXPECT_EQ(format_duration(-1), "0:00");
}

TEST(Progress, SummaryNamesWhatStopped) {
  RunSummary summary;
  summary.output = "out.png";
  summary.width = 512;
  summary.height = 342;
  summary.seconds = 12.34;
  summary.peak_memory = std::size_t{100} << 20;
  summary.last = example();
  summary.stopped = {nn::StopReason::no_descent, nn::StopReason::none};
  const std::string line = summary_line(summary);
  EXPECT_THAT(line, HasSubstr("wrote out.png (512x342) in 12.3 s; peak memory 100 MiB"));
  EXPECT_THAT(line, HasSubstr("scale 1 stopped early: "));
  EXPECT_THAT(line, testing::Not(HasSubstr("scale 2 stopped")));
  summary.interrupted_by = 2;
  EXPECT_THAT(summary_line(summary), HasSubstr("interrupted at iteration 40/80 of scale 2/3"));
}

}  // namespace
}  // namespace gramgrad::apps
