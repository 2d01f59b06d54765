// What the program says while it runs, and how it stops.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/support/png_file.h"
#include "tests/apps/cli_fixture.h"

namespace gramgrad::apps {
namespace {

using nlohmann::json;

std::vector<json> parse_lines(const std::string& text) {
  std::vector<json> events;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    events.push_back(json::parse(line));
  }
  return events;
}

TEST_F(Cli, JsonLinesParse) {
  const Outcome outcome = run(stylize(out, {"--json", "--scales", "2", "--save-every", "2"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  int iterations = 0;
  int saved = 0;
  const std::vector<json> events = parse_lines(outcome.out);
  for (const json& event : events) {
    if (event.at("event") == "iteration") {
      ++iterations;
      double sum = 0;
      for (const auto& [name, value] : event.at("terms").items()) {
        sum += value.get<double>();
      }
      EXPECT_NEAR(event.at("total").get<double>(), sum, 1e-5 * sum);
      EXPECT_GE(event.at("seconds_left").get<double>(), 0);
    }
    saved += event.at("event") == "saved" ? 1 : 0;
  }
  EXPECT_EQ(iterations, 6);
  EXPECT_EQ(saved, 3);
  EXPECT_EQ(events.back().at("event"), "done");
  EXPECT_EQ(events.back().at("path"), out);
  EXPECT_EQ(events.back().at("stopped").size(), 2U);
}

// What L-BFGS makes of the tiny first step would leave the range by far, were steps not limited.
TEST_F(Cli, LossesOfEveryNormalizationFall) {
  const std::string pictures = directory / "pictures";
  ASSERT_EQ(run({"samples", pictures, "--size", "256"}).code, 0);
  for (const char* normalization : {"hw", "chw"}) {
    SCOPED_TRACE(normalization);
    const Outcome outcome =
        run({"stylize", pictures + "/content.png", pictures + "/style.png", "-o", out, "--json",
             "--size", "96", "--scales", "1", "--iterations", "25", "--style-loss",
             std::string("gram:normalization=") + normalization});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const std::vector<json> events = parse_lines(outcome.out);
    EXPECT_LT(events.back().at("total").get<double>(),
              0.1 * events.front().at("total").get<double>());
  }
}

TEST_F(Cli, DryRunAsJson) {
  const json plan = json::parse(run(stylize(out, {"--dry-run", "--json"})).out);
  EXPECT_EQ(plan.at("event"), "plan");
  EXPECT_EQ(plan.at("recipe").at("options").at("iterations"), "3");
  // Not auto: another device would choose another.
  EXPECT_NE(plan.at("recipe").at("options").at("precision"), "auto");
  std::size_t sum = 0;
  for (const auto& [name, bytes] : plan.at("memory_parts").items()) {
    sum += bytes.get<std::size_t>();
  }
  EXPECT_EQ(sum, plan.at("peak_memory").get<std::size_t>());
}

// Starts a run far too long to wait for and interrupts it when it is under way.
class Interrupted : public Cli, public testing::WithParamInterface<int> {};

TEST_P(Interrupted, WritesThePictureSoFar) {
  Program program(command(out, {"--json", "--iterations", "1000000"}), directory.path());
  ASSERT_TRUE(program.wait_for_lines(2));
  program.send(GetParam());
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.code, 128 + GetParam()) << outcome.err;
  EXPECT_TRUE(parse_lines(outcome.out).back().at("interrupted").get<bool>());
  EXPECT_EQ(read_image(out).image.width, 40);
  EXPECT_FALSE(read_png_text(out).contains("gramgrad:recipe"));
}
INSTANTIATE_TEST_SUITE_P(Signals, Interrupted, testing::Values(SIGINT, SIGTERM));

TEST_F(Cli, SaysThatItWasInterrupted) {
  // Lines come at the start and the end of a scale only, so wait for a saved picture.
  Program program(command(out, {"--iterations", "1000000", "--save-every", "1"}), directory.path());
  ASSERT_TRUE(program.wait_until([&] { return std::filesystem::exists(out); }));
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.code, 130);
  EXPECT_THAT(outcome.out, testing::HasSubstr("interrupted at iteration"));
  EXPECT_THAT(outcome.out, testing::HasSubstr("the picture so far"));
}

TEST_F(Cli, SavesWhileItRuns) {
  Program program(command(out, {"--json", "--iterations", "1000000", "--save-every", "1"}),
                  directory.path());
  ASSERT_TRUE(program.wait_for_lines(2));  // an iteration, and that it was saved
  EXPECT_EQ(read_image(out).image.width, 40);
  program.send(SIGKILL);
  EXPECT_EQ(program.wait().code, 128 + SIGKILL);
  EXPECT_EQ(read_image(out).image.width, 40);
}

TEST_F(Cli, SaysThatTheLossIsNotFinite) {
  expect_error(stylize(out, {"--optimizer", "sgd", "--learning-rate", "1e12", "--iterations", "40",
                             "--quiet"}),
               "infinite or not a number");
}

}  // namespace
}  // namespace gramgrad::apps
