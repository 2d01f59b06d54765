// What is remembered of measured plans, and what happens to files that are not whole.
#include "kernels/cuda/cudnn/plan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "kernels/cuda/cudnn/autotune.h"

namespace gramgrad::cuda::cudnn {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class PlanFileTest : public testing::Test {
 protected:
  PlanFileTest() {
    std::string pattern = (fs::temp_directory_path() / "gramgrad-plans-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~PlanFileTest() override {
    std::error_code error;
    fs::remove_all(folder_, error);
  }

  std::string path() const { return (folder_ / "cache" / "plans").string(); }
  std::string text() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void set_text(const std::string& content) const {
    std::ofstream(path(), std::ios::trunc) << content;
  }

  fs::path folder_;
};

const PlanChoice first{2, 57, 0.125};
const PlanChoice second{0, -1, 1.0 / 3};

TEST_F(PlanFileTest, RemembersWhatWasAdded) {
  PlanFile(path()).add("a", first);
  PlanFile file(path());
  EXPECT_EQ(file.find("a"), first);
  EXPECT_EQ(file.find("b"), std::nullopt);
  file.add("b", second);
  file.add("a", second);
  const PlanFile again(path());
  EXPECT_EQ(again.find("a"), second);
  EXPECT_EQ(again.find("b"), second);  // to the last bit
  EXPECT_EQ(again.note(), "");
}

TEST_F(PlanFileTest, KeepsWhatAnotherProcessAdds) {
  PlanFile one(path());
  PlanFile other(path());
  one.add("a", first);
  other.add("b", second);
  EXPECT_EQ(PlanFile(path()).find("a"), first);
  EXPECT_EQ(PlanFile(path()).find("b"), second);
}

TEST_F(PlanFileTest, LeavesNoTemporaryFileBehind) {
  PlanFile(path()).add("a", first);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "cache"), fs::directory_iterator()), 1);
}

TEST_F(PlanFileTest, IgnoresWhatIsNotWhole) {
  PlanFile writer(path());
  writer.add("a", first);
  writer.add("b", second);
  const std::string whole = text();
  for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
    set_text(whole.substr(0, length));
    const PlanFile cut(path());
    EXPECT_EQ(cut.find("a"), std::nullopt) << length;
    EXPECT_THAT(cut.note(), HasSubstr("ignored")) << length;
  }
}

TEST_F(PlanFileTest, IgnoresWhatItCannotRead) {
  PlanFile(path()).add("a", first);
  const std::string whole = text();
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = whole;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  for (const std::string& damaged :
       {replaced("version 1", "version 2"), replaced("\t57\t", "\t5x\t"),
        replaced("\t2\t", "\t-2\t"), replaced("\t57\t", "\t99999999999999999999\t"),
        replaced("0.125", "nan"), replaced("0.125", "0.125\tmore"), replaced("0.125", ""),
        replaced("1 plans", "2 plans"), whole + "more\n", std::string("\0\0\0", 3)}) {
    set_text(damaged);
    PlanFile file(path());
    EXPECT_EQ(file.find("a"), std::nullopt) << damaged;
    EXPECT_THAT(file.note(), HasSubstr("ignored")) << damaged;
    file.add("b", second);  // replaces it
    EXPECT_EQ(file.note(), "");
    EXPECT_EQ(PlanFile(path()).find("b"), second);
  }
}

TEST_F(PlanFileTest, WorksWithoutAPlaceToWrite) {
  PlanFile nowhere("");
  nowhere.add("a", first);
  EXPECT_EQ(nowhere.find("a"), first);
  EXPECT_EQ(nowhere.note(), "");
  std::ofstream(folder_ / "cache") << "a file where a folder should be";
  PlanFile refused(path());
  refused.add("a", first);
  EXPECT_EQ(refused.find("a"), first);
  EXPECT_THAT(refused.note(), HasSubstr("cannot be written"));
}

TEST(PlanKey, DiffersInAllThatMatters) {
  const ConvolutionKey key{.height = 7,
                           .width = 9,
                           .in_channels = 3,
                           .out_channels = 5,
                           .kernel_height = 3,
                           .kernel_width = 3};
  std::set<std::string> keys;
  int expected = 0;
  const auto add = [&](const std::string& gpu, std::size_t version, Math math,
                       const ConvolutionKey& convolution) {
    keys.insert(plan_key(gpu, version, math, convolution));
    EXPECT_EQ(static_cast<int>(keys.size()), ++expected) << *keys.rbegin();
  };
  add("H100", 91900, Math::tf32, key);
  add("B200", 91900, Math::tf32, key);
  add("H100", 91901, Math::tf32, key);
  add("H100", 91900, Math::f32, key);
  const auto changed = [&](const std::function<void(ConvolutionKey&)>& change) {
    ConvolutionKey other = key;
    change(other);
    add("H100", 91900, Math::tf32, other);
  };
  changed([](auto& k) { k.pass = ConvolutionPass::backward_input; });
  changed([](auto& k) { k.pass = ConvolutionPass::backward_weight; });
  changed([](auto& k) { k.dtype = DType::bf16; });
  changed([](auto& k) { k.batch = 2; });
  changed([](auto& k) { k.height = 8; });
  changed([](auto& k) { k.width = 8; });
  changed([](auto& k) { k.in_channels = 4; });
  changed([](auto& k) { k.out_channels = 6; });
  changed([](auto& k) { k.kernel_height = 1; });
  changed([](auto& k) { k.kernel_width = 1; });
  changed([](auto& k) { k.stride = 2; });
  changed([](auto& k) { k.padding = 1; });
  changed([](auto& k) { k.bias = true; });
  changed([](auto& k) { k.relu = true; });
  changed([](auto& k) { k.accumulate = true; });
}

TEST(PlanKey, IsOneField) {
  EXPECT_EQ(plan_key("odd\tname\n", 1, Math::f32, {}).find_first_of("\t\n"), std::string::npos);
}

TEST(PlanPath, FollowsTheXdgSpecification) {
  setenv("HOME", "/home/somebody", 1);
  setenv("XDG_CACHE_HOME", "/var/cache/somebody", 1);
  EXPECT_EQ(default_plan_path(), "/var/cache/somebody/gramgrad/cudnn_plans");
  setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(default_plan_path(), "/home/somebody/.cache/gramgrad/cudnn_plans");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(default_plan_path(), "/home/somebody/.cache/gramgrad/cudnn_plans");
  unsetenv("HOME");
  EXPECT_EQ(default_plan_path(), "");
}

TEST(Autotune, TakesTheFastestThatRuns) {
  const std::vector<std::optional<double>> times{3.0, std::nullopt, 1.0, 1.0, 2.0};
  const auto time_of = [&](std::size_t i) -> std::optional<PlanChoice> {
    return times[i] ? std::optional(PlanChoice{static_cast<std::int64_t>(i), 40, *times[i]})
                    : std::nullopt;
  };
  EXPECT_EQ(fastest_of(times.size(), time_of), (PlanChoice{2, 40, 1.0}));
  EXPECT_EQ(fastest_of(1, time_of), (PlanChoice{0, 40, 3.0}));
  EXPECT_EQ(fastest_of(0, time_of), std::nullopt);
  EXPECT_EQ(fastest_of(3, [](std::size_t) { return std::optional<PlanChoice>(); }), std::nullopt);
}

}  // namespace
}  // namespace gramgrad::cuda::cudnn
