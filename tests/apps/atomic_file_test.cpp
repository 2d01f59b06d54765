// Files appear whole or not at all, and unwritable places are found out before the work.
#include "nn/atomic_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "kernels/check.h"
#include "picture_files.h"

namespace gramgrad::apps {
namespace {

using nn::AtomicFile;
using nn::check_writable;

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string writability_error(const std::string& path) try {
  check_writable(path);
  return "";
} catch (const Error& error) {
  return error.what();
}

void write_atomically(const std::string& path, const std::string& text) {
  AtomicFile file(path);
  std::fputs(text.c_str(), file.stream());
  file.commit();
}

class AtomicFileTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_ / "file";
};

TEST_F(AtomicFileTest, AppearsOnCommitOnly) {
  {
    AtomicFile file(path_);
    std::fputs("text", file.stream());
    EXPECT_FALSE(fs::exists(path_));
    file.commit();
    EXPECT_EQ(read_bytes(path_), "text");
    EXPECT_THROW(file.commit(), Error);
  }
  EXPECT_EQ(read_bytes(path_), "text");
  EXPECT_THAT(directory_.names(), ElementsAre("file"));
}

TEST_F(AtomicFileTest, AbandonedLeavesTheOldFileAndNothingElse) {
  write_bytes(path_, "old");
  {
    AtomicFile file(path_);
    std::fputs("new", file.stream());
  }
  EXPECT_EQ(read_bytes(path_), "old");
  EXPECT_THAT(directory_.names(), ElementsAre("file"));
}

// What a process that died has left is found by its id; nobody else's is touched.
TEST_F(AtomicFileTest, AbandonedFilesOfAnotherProcessCanBeRemoved) {
  write_bytes(path_, "old");
  write_bytes(directory_ / ".gramgrad-12345-0.tmp", "half");
  write_bytes(directory_ / ".gramgrad-12345-17.tmp", "half");
  write_bytes(directory_ / ".gramgrad-123456-0.tmp", "somebody else's");
  nn::remove_abandoned(path_, 12345);
  EXPECT_THAT(directory_.names(), ElementsAre(".gramgrad-123456-0.tmp", "file"));
  nn::remove_abandoned(directory_ / "no/such/file", 12345);
}

TEST_F(AtomicFileTest, TwoOfTheSameNameDoNotMeet) {
  AtomicFile first(path_);
  AtomicFile second(path_);
  std::fputs("first", first.stream());
  std::fputs("second", second.stream());
  first.commit();
  EXPECT_EQ(read_bytes(path_), "first");
  second.commit();
  EXPECT_EQ(read_bytes(path_), "second");
}

TEST_F(AtomicFileTest, NewFilesFollowTheUmaskAndOldOnesKeepTheirMode) {
  const mode_t before = umask(027);
  write_atomically(path_, "new");
  umask(before);
  struct stat state {};
  ASSERT_EQ(stat(path_.c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777U, 0640U);
  ASSERT_EQ(chmod(path_.c_str(), 0604), 0);
  write_atomically(path_, "newer");
  ASSERT_EQ(stat(path_.c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777U, 0604U);
}

TEST_F(AtomicFileTest, FollowsSymbolicLinks) {
  fs::create_directory(directory_ / "elsewhere");
  fs::create_symlink("elsewhere/target", path_);
  write_atomically(path_, "through a dangling link");
  write_atomically(path_, "through a link");
  fs::create_symlink(path_, directory_ / "second");
  write_atomically(directory_ / "second", "through two links");
  EXPECT_TRUE(fs::is_symlink(path_));
  EXPECT_EQ(read_bytes(directory_ / "elsewhere/target"), "through two links");
  fs::create_symlink("circle", directory_ / "circle");
  EXPECT_THAT(writability_error(directory_ / "circle"), HasSubstr("in a circle"));
}

TEST_F(AtomicFileTest, RelativePathsAreOfTheWorkingDirectory) {
  const fs::path before = fs::current_path();
  fs::current_path(directory_.path());
  write_atomically("here", "text");
  fs::current_path(before);
  EXPECT_EQ(read_bytes(directory_ / "here"), "text");
}

TEST_F(AtomicFileTest, CheckWritableTouchesNothing) {
  EXPECT_EQ(writability_error(path_), "");
  EXPECT_THAT(directory_.names(), IsEmpty());
  write_bytes(path_, "old");
  const auto time = fs::last_write_time(path_);
  EXPECT_EQ(writability_error(path_), "");
  EXPECT_EQ(read_bytes(path_), "old");
  EXPECT_EQ(fs::last_write_time(path_), time);
}

TEST_F(AtomicFileTest, PlacesThatCannotBeWrittenAreNamed) {
  write_bytes(path_, "a file");
  EXPECT_THAT(writability_error(directory_ / "missing/out"),
              AllOf(StartsWith(directory_ / "missing/out: "), HasSubstr("create it first")));
  EXPECT_THAT(writability_error(path_ + "/out"), HasSubstr("is not a directory"));
  EXPECT_THAT(writability_error(directory_.path()), HasSubstr("is a directory"));
  EXPECT_THAT(writability_error(directory_ / "new/"), HasSubstr("names a directory"));
  EXPECT_THAT(writability_error(""), HasSubstr("is empty"));
  EXPECT_THAT(writability_error("/dev/null"), HasSubstr("not a regular file"));
  EXPECT_THAT(writability_error(directory_ / std::string(300, 'x')), HasSubstr("too long"));
  EXPECT_THAT(writability_error("/proc/gramgrad"), HasSubstr("no file can be created in '/proc'"));
  EXPECT_THAT(directory_.names(), ElementsAre("file"));
}

TEST_F(AtomicFileTest, ProtectedFilesAndDirectoriesAreRespected) {
  if (geteuid() == 0) {
    GTEST_SKIP() << "the superuser may write everywhere";
  }
  write_bytes(path_, "precious");
  ASSERT_EQ(chmod(path_.c_str(), 0444), 0);
  EXPECT_THAT(writability_error(path_), HasSubstr("cannot be overwritten"));
  fs::create_directory(directory_ / "locked");
  ASSERT_EQ(chmod((directory_ / "locked").c_str(), 0555), 0);
  EXPECT_THAT(writability_error(directory_ / "locked/out"), HasSubstr("no file can be created"));
}

}  // namespace
}  // namespace gramgrad::apps
