// Servers that lie, addresses that are not safe, disks that are full: nothing wrong is kept.
#include <sys/resource.h>

#include <csignal>

#include "tests/weights_converter/fetch_fixture.h"
#include "weights_converter/fetch/partial_file.h"

namespace gramgrad::converter {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using FetchErrors = Fetch;

TEST_F(FetchErrors, AWrongByteIsFoundAndNothingKept) {
  std::string wrong = file_;
  wrong[123'456] ^= 1;
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(wrong, asked)}; });
  const std::string error = error_of(request(server));
  EXPECT_THAT(error, HasSubstr("has SHA-256 " + nn::sha256_hex(std::as_bytes(std::span(wrong)))));
  EXPECT_THAT(error, HasSubstr("instead of " + request(server).file.sha256));
  expect_nothing();
}

TEST_F(FetchErrors, NamesAWebPage) {
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

TEST_F(FetchErrors, NamesErrorsOfTheServer) {
  for (const std::string status : {"404 Not Found", "403 Forbidden", "503 Service Unavailable"}) {
    const HttpServer server([&](const HttpRequest&) {
      return HttpAnswer{http_answer(status, "text/html", "<html>no</html>")};
    });
    EXPECT_THAT(error_of(request(server)), HasSubstr("the server answers " + status.substr(0, 3)));
    EXPECT_EQ(server.requests().size(), 1u);
    expect_nothing();
  }
}

TEST_F(FetchErrors, FilesOfAnotherLengthAreNotKept) {
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

TEST_F(FetchErrors, APartOfALongerFileIsNotKept) {
  write(part_, file_.substr(0, 250'000));
  const HttpServer server([&](const HttpRequest& asked) {
    return HttpAnswer{http_file(file_.substr(0, 200'000), asked)};
  });
  EXPECT_THAT(error_of(request(server)), HasSubstr("less than was downloaded before"));
  expect_nothing();
}

TEST_F(FetchErrors, AnotherPartThanAskedForIsRefused) {
  write(part_, file_.substr(0, 1000));
  const HttpServer server([&](const HttpRequest&) {
    return HttpAnswer{http_file(file_, HttpRequest{"", 999})};
  });
  EXPECT_THAT(error_of(request(server)), HasSubstr("another part than was asked for"));
  EXPECT_EQ(contents(part_), file_.substr(0, 1000));
}

TEST_F(FetchErrors, RedirectionsToUnsafeAddressesAreRefused) {
  const HttpServer server([&](const HttpRequest&) {
    return HttpAnswer{
        http_answer("302 Found", "text/plain", "", "Location: http://example.com/vgg.pth\r\n")};
  });
  EXPECT_THAT(error_of(request(server)), HasSubstr("leads on to an address without https"));
  expect_nothing();
}

TEST_F(FetchErrors, OnlyHttpsButForThisMachine) {
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

TEST_F(FetchErrors, AnUnreachableServerIsNamed) {
  FetchRequest asked;
  {
    const HttpServer server([](const HttpRequest&) { return HttpAnswer{}; });
    asked = request(server);
  }
  EXPECT_THAT(error_of(asked), HasSubstr("the connection was lost"));
  expect_nothing();
}

// The limit on the size of files stands in for a full disk: writing fails in the same place.
TEST_F(FetchErrors, AFullDiskIsNamedAndNothingKept) {
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

TEST_F(FetchErrors, SpaceIsCheckedBeforehand) {
  const HttpServer server(
      [&](const HttpRequest& asked) { return HttpAnswer{http_file(file_, asked)}; });
  FetchRequest asked = request(server);
  asked.file.bytes = std::uint64_t{1} << 60;
  EXPECT_THAT(error_of(asked), HasSubstr("more bytes of disk space"));
  EXPECT_TRUE(server.requests().empty());
  expect_nothing();
}

TEST_F(FetchErrors, ThePartIsGuarded) {
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

}  // namespace
}  // namespace gramgrad::converter
