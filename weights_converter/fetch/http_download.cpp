// libcurl, with everything that a server says checked before its bytes are taken.
#include "weights_converter/fetch/http_download.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

namespace gramgrad::converter {
namespace {

constexpr long ok = 200;
constexpr long partial_content = 206;
constexpr long range_not_satisfiable = 416;

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) {
    return "";
  }
  std::string copy = text;
  curl_free(text);
  return copy;
}

// Whether the address names a server on this machine, to which http is as good as https.
bool check_address(const std::string& address) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
  check(url != nullptr && curl_url_set(url.get(), CURLUPART_URL, address.c_str(), 0) == CURLUE_OK,
        "{}: is not an address of the web", address);
  const std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
  const std::string host = url_part(url.get(), CURLUPART_HOST);
  const bool local = host == "localhost" || host == "127.0.0.1" || host == "[::1]";
  check(scheme == "https" || (scheme == "http" && local),
        "{}: only https is used, but for servers on this machine; give an https address", address);
  return local;
}

bool starts_like_a_page(std::span<const std::byte> bytes) {
  std::string start;
  for (const std::byte byte : bytes.first(std::min<std::size_t>(bytes.size(), 256))) {
    const auto c = std::to_integer<unsigned char>(byte);
    if (!start.empty() || std::isspace(c) == 0) {
      start += static_cast<char>(std::tolower(c));
    }
  }
  return start.starts_with("<!doctype") || start.starts_with("<html") ||
         start.starts_with("<head") || start.starts_with("<?xml");
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// The first byte in "bytes 100-199/200".
std::optional<std::uint64_t> range_start(std::string_view value) {
  const std::size_t digit = value.find_first_of("0123456789");
  std::uint64_t start = 0;
  if (digit == std::string_view::npos ||
      std::from_chars(value.data() + digit, value.data() + value.size(), start).ec != std::errc()) {
    return std::nullopt;
  }
  return start;
}

class Connection {
 public:
  explicit Connection(const Download& request)
      : request_(request), curl_(curl_easy_init(), curl_easy_cleanup) {
    check(curl_ != nullptr, "{}: libcurl cannot be started", request.url);
    const bool local = check_address(request.url);
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "gramgrad");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 5L);
    set(CURLOPT_FAILONERROR, 1L);
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);  // bytes per second
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_timeout.count()));
    set(CURLOPT_ERRORBUFFER, reason_.data());
    set(CURLOPT_HEADERFUNCTION, &Connection::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Connection::on_bytes);
    set(CURLOPT_WRITEDATA, this);
    allow_protocols(local);
    if (local) {
      set(CURLOPT_NOPROXY, "*");
    }
    if (request.offset > 0) {
      range_ = fmt::format("{}-", request.offset);
      set(CURLOPT_RANGE, range_.c_str());
    }
  }

  DownloadResult run() {
    const CURLcode code = curl_easy_perform(curl_.get());
    if (thrown_) {
      std::rethrow_exception(thrown_);
    }
    if (code == CURLE_OK) {
      return {true, ""};
    }
    const long status = response_code();
    if (code == CURLE_HTTP_RETURNED_ERROR && status == range_not_satisfiable) {
      wrong_length("less than was downloaded before");
    }
    check(code != CURLE_HTTP_RETURNED_ERROR, "{}: the server answers {}{}", request_.url, status,
          status == 404 ? ": it has no such file" : "; try again later");
    check(code != CURLE_UNSUPPORTED_PROTOCOL, "{}: the server leads on to an address without https",
          request_.url);
    const std::string_view text = reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(code);
    return {false, code == CURLE_OPERATION_TIMEDOUT
                       ? fmt::format("the server does not answer in time ({})", text)
                       : fmt::format("the connection was lost ({})", text)};
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(curl_.get(), option, value);
    check(code == CURLE_OK, "{}: libcurl: {}", request_.url, curl_easy_strerror(code));
  }

  // The server must not lead from a safe address to an unsafe one.
  void allow_protocols(bool local) {
#if LIBCURL_VERSION_NUM >= 0x075500
    set(CURLOPT_PROTOCOLS_STR, local ? "http,https" : "https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
    set(CURLOPT_PROTOCOLS, local ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS);
    set(CURLOPT_REDIR_PROTOCOLS, static_cast<long>(CURLPROTO_HTTPS));
#endif
  }

  long response_code() {
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  static std::size_t on_header(char* text, std::size_t size, std::size_t count, void* self) {
    auto& connection = *static_cast<Connection*>(self);
    const std::string line = lower({text, size * count});
    if (line.starts_with("http/")) {  // another answer begins, after a redirection
      connection.range_start_.reset();
    } else if (line.starts_with("content-range:")) {
      connection.range_start_ = range_start(line);
    }
    return size * count;
  }

  // Called from C: exceptions wait in thrown_.
  static std::size_t on_bytes(char* data, std::size_t size, std::size_t count,
                              void* self) noexcept {
    auto& connection = *static_cast<Connection*>(self);
    try {
      connection.receive(std::as_bytes(std::span(data, size * count)));
      return size * count;
    } catch (...) {
      connection.thrown_ = std::current_exception();
      return 0;
    }
  }

  void receive(std::span<const std::byte> bytes) {
    if (!begun_) {
      begun_ = true;
      begin(bytes);
    }
    if (bytes.size() > request_.total - position_) {
      wrong_length("more");
    }
    position_ += bytes.size();
    request_.receive(bytes);
  }

  // What the headers say, before any byte is taken.
  void begin(std::span<const std::byte> bytes) {
    const long status = response_code();
    const char* type = nullptr;
    curl_easy_getinfo(curl_.get(), CURLINFO_CONTENT_TYPE, &type);
    const bool page = (type != nullptr && lower(type).starts_with("text/html"));
    check(!page && !(status == ok && starts_like_a_page(bytes)),
          "{}: the server sends a web page instead of the file; is there a login or a filter in "
          "between?",
          request_.url);
    check(status == ok || status == partial_content, "{}: the server answers {}", request_.url,
          status);
    if (status == partial_content) {
      check(range_start_ == request_.offset, "{}: the server sends another part than was asked for",
            request_.url);
      position_ = request_.offset;
    } else if (request_.offset > 0) {
      request_.restart();
    }
    curl_off_t length = -1;
    curl_easy_getinfo(curl_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length >= 0 && static_cast<std::uint64_t>(length) != request_.total - position_) {
      wrong_length(fmt::format("{} bytes", position_ + static_cast<std::uint64_t>(length)));
    }
  }

  [[noreturn]] void wrong_length(std::string_view length) const {
    throw WrongLength(fmt::format(
        "{}: the server's file has {}, the published one {} bytes; what came of it was removed",
        request_.url, length, request_.total));
  }

  const Download& request_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  std::string range_;
  std::optional<std::uint64_t> range_start_;
  std::uint64_t position_ = 0;  // in the file, of the next byte to come
  bool begun_ = false;
  std::exception_ptr thrown_;
};

}  // namespace

DownloadResult download(const Download& request) {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  check(started, "{}: libcurl cannot be started", request.url);
  check(request.offset < request.total, "{}: there is nothing left to download", request.url);
  return Connection(request).run();
}

}  // namespace gramgrad::converter
