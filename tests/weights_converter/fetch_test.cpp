// Downloads from a server that breaks off, forgets and stalls: what is kept, and what goes on.
#include <stdexcept>

#include "tests/weights_converter/fetch_fixture.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

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
