// Downloads against a server that breaks off, lies and stalls: what is kept, what is said.
#include "weights_converter/fetch/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>

#include "kernels/check.h"
#include "nn/sha256.h"
#include "tests/weights_converter/http_server.h"
#include "weights_converter/fetch/partial_file.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

namespace fs = std::filesystem;

std::string random_bytes(std::size_t count) {
  std::mt19937 random(7);
  std::string bytes(count, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  return bytes;
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

class Fetch : public testing::Test {
 protected:
  Fetch() {
    std::string name = (fs::temp_directory_path() / "gramgrad-fetch-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    output_ = folder_ / "vgg.pth";
    part_ = output_ + ".part";
  }
  ~Fetch() override { fs::remove_all(folder_); }

  FetchRequest request(const HttpServer& server) const {
    return {{"vgg.pth", server.url("vgg.pth"), nn::sha256_hex(std::as_bytes(std::span(file_))),
             file_.size()},
            output_,
            2,
            std::chrono::milliseconds(0),
            std::chrono::seconds(5),
            std::chrono::seconds(1)};
  }

  std::string error_of(const FetchRequest& asked) const {
    try {
      fetch(asked);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

  std::vector<std::uint64_t> offsets(const HttpServer& server) const {
    std::vector<std::uint64_t> result;
    for (const HttpRequest& asked : server.requests()) {
      result.push_back(asked.range_from.value_or(0));
    }
    return result;
  }

  void expect_nothing() const {
    EXPECT_FALSE(fs::exists(output_));
    EXPECT_FALSE(fs::exists(part_));
  }

  const std::string file_ = random_bytes(300'001);
  fs::path folder_;
  std::string output_;
  std::string part_;
};

TEST_F(Fetch, DownloadsReportsAndLeavesNoPart) {
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  std::vector<std::uint64_t> seen;
  fetch(request(server), [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, file_.size());
    seen.push_back(done);
  });
  EXPECT_EQ(contents(output_), file_);
  EXPECT_FALSE(fs::exists(part_));
  ASSERT_FALSE(seen.empty());
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_EQ(seen.back(), file_.size());
  EXPECT_EQ(server.requests().front().path, "/vgg.pth");
}

TEST_F(Fetch, TakesAFileThatIsThereWithoutAskingAndReplacesAWrongOne) {
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  write(output_, file_);
  fetch(request(server));
  EXPECT_TRUE(server.requests().empty());
  std::string wrong = file_;
  wrong[5] ^= 1;
  write(output_, wrong);
  fetch(request(server));
  EXPECT_EQ(contents(output_), file_);
}

TEST_F(Fetch, GoesOnWhereTheConnectionBroke) {
  int connections = 0;
  const HttpServer server([&](const HttpRequest& asked) {
    const std::string answer = http_file(file_, asked);
    return HttpAnswer{++connections < 4 ? answer.substr(0, answer.size() / 2) : answer};
  });
  fetch(request(server));
  EXPECT_EQ(contents(output_), file_);
  const auto asked = offsets(server);
  ASSERT_EQ(asked.size(), 4u);
  EXPECT_EQ(asked[0], 0u);
  EXPECT_TRUE(std::ranges::is_sorted(asked));
  EXPECT_GT(asked[1], file_.size() / 3);
}

TEST_F(Fetch, ALaterCallGoesOn) {
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  const auto interrupt = [](std::uint64_t done, std::uint64_t) {
    if (done > 100'000) {
      throw std::domain_error("interrupted");
    }
  };
  EXPECT_THROW(fetch(request(server), interrupt), std::domain_error);
  const std::uint64_t kept = fs::file_size(part_);
  EXPECT_GT(kept, 100'000u);
  EXPECT_EQ(contents(part_), file_.substr(0, kept));
  fetch(request(server));
  EXPECT_EQ(contents(output_), file_);
  EXPECT_THAT(offsets(server), ElementsAre(0u, kept));
}

TEST_F(Fetch, BeginsAgainWhenTheServerIgnoresRanges) {
  write(part_, file_.substr(0, 1000));
  const HttpServer server(
      [&](const HttpRequest&) { return HttpAnswer{http_file(file_, HttpRequest{})}; });
  fetch(request(server));
  EXPECT_EQ(contents(output_), file_);
  EXPECT_THAT(offsets(server), ElementsAre(1000u));
}

TEST_F(Fetch, TakesACompletePartWithoutAsking) {
  write(part_, file_);
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  fetch(request(server));
  EXPECT_EQ(contents(output_), file_);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Fetch, BeginsAgainAfterAPartThatIsTooLong) {
  write(part_, file_ + "x");
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  fetch(request(server));
  EXPECT_EQ(contents(output_), file_);
}

TEST_F(Fetch, GivesUpWhenNothingNewComesAndKeepsThePart) {
  const HttpServer server([&](const HttpRequest& asked) {
    const std::string answer = http_file(file_, asked);
    return HttpAnswer{asked.range_from ? answer.substr(0, answer.find("\r\n\r\n") + 4)
                                       : answer.substr(0, 50'000)};
  });
  const std::string error = error_of(request(server));
  EXPECT_THAT(error, StartsWith(server.url("vgg.pth") + ": the connection was lost"));
  EXPECT_THAT(error, HasSubstr("of 300001 bytes are in " + part_));
  EXPECT_EQ(server.requests().size(), 3u);
  EXPECT_FALSE(fs::exists(output_));
  EXPECT_GT(fs::file_size(part_), 40'000u);
}

TEST_F(Fetch, AServerThatStallsIsLeft) {
  const HttpServer server([&](const HttpRequest& asked) {
    const std::string answer = http_file(file_, asked);
    return HttpAnswer{answer.substr(0, asked.range_from ? 0 : 9000), true};
  });
  FetchRequest asked = request(server);
  asked.attempts = 1;
  EXPECT_THAT(error_of(asked), HasSubstr("the server does not answer in time"));
  EXPECT_TRUE(fs::exists(part_));
}

TEST_F(Fetch, AWrongByteIsFoundAndNothingKept) {
  std::string wrong = file_;
  wrong[123'456] ^= 1;
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(wrong, asked)}; });
  const std::string error = error_of(request(server));
  EXPECT_THAT(error, HasSubstr("has SHA-256 " + nn::sha256_hex(std::as_bytes(std::span(wrong)))));
  EXPECT_THAT(error, HasSubstr("instead of " + request(server).file.sha256));
  expect_nothing();
}

TEST_F(Fetch, NamesAWebPage) {
  for (const std::string type : {"text/html; charset=utf-8", "application/octet-stream"}) {
    const HttpServer server([&](const HttpRequest&) {
      return HttpAnswer{http_answer("200 OK", type, "\n <!DOCTYPE html><html>log in</html>")};
    });
    EXPECT_THAT(error_of(request(server)), HasSubstr("a web page instead of the file"));
    expect_nothing();
    write(part_, file_.substr(0, 1000));  // what is there already is not lost
    EXPECT_THAT(error_of(request(server)), HasSubstr("a web page"));
    EXPECT_EQ(contents(part_), file_.substr(0, 1000));
    fs::remove(part_);
  }
}

TEST_F(Fetch, NamesErrorsOfTheServer) {
  for (const std::string status : {"404 Not Found", "403 Forbidden", "503 Service Unavailable"}) {
    const HttpServer server([&](const HttpRequest&) {
      return HttpAnswer{http_answer(status, "text/html", "<html>no</html>")};
    });
    EXPECT_THAT(error_of(request(server)), HasSubstr("the server answers " + status.substr(0, 3)));
    EXPECT_EQ(server.requests().size(), 1u);
    expect_nothing();
  }
}

TEST_F(Fetch, FilesOfAnotherLengthAreNotKept) {
  for (const bool longer : {true, false}) {
    const std::string other = longer ? file_ + file_ : file_.substr(0, 200'000);
    const HttpServer server(
        [&](const HttpRequest& asked) { return HttpAnswer{http_file(other, asked)}; });
    EXPECT_THAT(error_of(request(server)),
                HasSubstr(fmt::format("the server's file has {} bytes", other.size())));
    expect_nothing();
  }
  // Without Content-Length, the end comes when the server closes.
  const std::string headers = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
  const HttpServer server([&](const HttpRequest&) { return HttpAnswer{headers + file_ + "x"}; });
  EXPECT_THAT(error_of(request(server)), HasSubstr("the server's file has more"));
  expect_nothing();
}

TEST_F(Fetch, APartOfALongerFileIsNotKept) {
  write(part_, file_.substr(0, 250'000));
  const HttpServer server([&](const HttpRequest& asked) {
    return HttpAnswer{http_file(file_.substr(0, 200'000), asked)};
  });
  EXPECT_THAT(error_of(request(server)), HasSubstr("less than was downloaded before"));
  expect_nothing();
}

TEST_F(Fetch, AnotherPartThanAskedForIsRefused) {
  write(part_, file_.substr(0, 1000));
  const HttpServer server([&](const HttpRequest&) {
    return HttpAnswer{http_file(file_, HttpRequest{"", 999})};
  });
  EXPECT_THAT(error_of(request(server)), HasSubstr("another part than was asked for"));
  EXPECT_EQ(contents(part_), file_.substr(0, 1000));
}

TEST_F(Fetch, RedirectionsToUnsafeAddressesAreRefused) {
  const HttpServer server([&](const HttpRequest&) {
    return HttpAnswer{
        http_answer("302 Found", "text/plain", "", "Location: http://example.com/vgg.pth\r\n")};
  });
  EXPECT_THAT(error_of(request(server)), HasSubstr("leads on to an address without https"));
  expect_nothing();
}

TEST_F(Fetch, OnlyHttpsButForThisMachine) {
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  FetchRequest asked = request(server);
  for (const std::string url :
       {"http://example.com/x", "ftp://localhost/x", "file:///etc/passwd",
        "http://localhost@example.com/x", "http://localhost.example.com/x"}) {
    asked.file.url = url;
    EXPECT_THAT(error_of(asked), HasSubstr("only https is used")) << url;
    expect_nothing();
  }
  asked.file.url = "no address";
  EXPECT_THAT(error_of(asked), HasSubstr("is not an address of the web"));
}

TEST_F(Fetch, AnUnreachableServerIsNamed) {
  FetchRequest asked;
  {
    const HttpServer server([](const HttpRequest&) { return HttpAnswer{}; });
    asked = request(server);
  }
  EXPECT_THAT(error_of(asked), HasSubstr("the connection was lost"));
  expect_nothing();
}

// The limit on the size of files stands in for a full disk: writing fails in the same place.
TEST_F(Fetch, AFullDiskIsNamedAndNothingKept) {
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 100'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string error = error_of(request(server));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(error, StartsWith(part_ + ": cannot be written"));
  EXPECT_THAT(error, HasSubstr("free some space"));
  expect_nothing();
}

TEST_F(Fetch, SpaceIsCheckedBeforehand) {
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  FetchRequest asked = request(server);
  asked.file.bytes = std::uint64_t{1} << 60;
  EXPECT_THAT(error_of(asked), HasSubstr("more bytes of disk space"));
  EXPECT_TRUE(server.requests().empty());
  expect_nothing();
}

TEST_F(Fetch, ThePartIsGuarded) {
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  {
    const PartialFile held(output_);
    EXPECT_THAT(error_of(request(server)), HasSubstr("another download is writing it"));
  }
  fs::remove(part_);
  write((folder_ / "precious").string(), "precious");
  fs::create_symlink(folder_ / "precious", part_);
  EXPECT_THAT(error_of(request(server)), StartsWith(part_ + ": cannot be written"));
  EXPECT_EQ(contents((folder_ / "precious").string()), "precious");
  FetchRequest asked = request(server);
  asked.output = (folder_ / "missing" / "x").string();
  EXPECT_THAT(error_of(asked), HasSubstr("cannot be written"));
  asked.output = folder_.string();
  EXPECT_THAT(error_of(asked), HasSubstr("is a directory"));
  asked.output = "";
  EXPECT_THAT(error_of(asked), HasSubstr("output path is empty"));
}

TEST(PublishedFile, NamesTorchvisionsFiles) {
  for (const std::string model : {"vgg16", "vgg19"}) {
    const PublishedFile file = published_file(model);
    EXPECT_EQ(file.url, "https://download.pytorch.org/models/" + file.name);
    EXPECT_EQ(file.sha256.size(), 64u);
    // torch.hub checks the hash against the digits in the name.
    EXPECT_EQ(file.name, model + "-" + file.sha256.substr(0, 8) + ".pth");
  }
  EXPECT_EQ(published_file("vgg19", "https://mirror.example/a/").url,
            "https://mirror.example/a/vgg19-dcbb9e9d.pth");
  EXPECT_EQ(published_file("vgg19", "https://mirror.example/a").url,
            "https://mirror.example/a/vgg19-dcbb9e9d.pth");
  EXPECT_THROW(published_file("vgg18"), Error);
}

}  // namespace
}  // namespace gramgrad::converter
