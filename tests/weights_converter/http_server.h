// A web server on this machine that can do everything wrong. Sockets, one connection at a time.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gramgrad::converter {

struct HttpRequest {
  std::string path;                         // "/vgg19.pth"
  std::optional<std::uint64_t> range_from;  // of "Range: bytes=N-"
};

struct HttpAnswer {
  std::string bytes;   // status line, headers and body, sent as they are
  bool stall = false;  // afterwards: keep silent until the client hangs up, rather than close
};

// Answers one connection after the other, from its own thread.
class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const HttpRequest&)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& path) const;  // http://localhost:PORT/path
  std::vector<HttpRequest> requests() const;       // so far

 private:
  void serve();
  void answer(int connection);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::thread thread_;
};

// Everything up to the empty line that ends the headers; "" when the client hangs up before.
inline std::string read_headers(int connection) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = recv(connection, buffer.data(), buffer.size(), 0);
    if (count <= 0) {
      return "";
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

inline HttpRequest parse(const std::string& headers) {
  HttpRequest request;
  const std::size_t path = headers.find(' ') + 1;
  request.path = headers.substr(path, headers.find(' ', path) - path);
  const std::string range = "Range: bytes=";
  const std::size_t at = headers.find(range);
  if (at != std::string::npos) {
    request.range_from = std::stoull(headers.substr(at + range.size()));
  }
  return request;
}

inline void send_all(int connection, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) {
      return;  // the client has seen enough
    }
    sent += static_cast<std::size_t>(count);
  }
}

inline HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, generic, length) != 0 || listen(listener_, 8) != 0 ||
      getsockname(listener_, generic, &length) != 0) {
    throw std::runtime_error("no local server can be started");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread(&HttpServer::serve, this);
}

inline HttpServer::~HttpServer() {
  shutdown(listener_, SHUT_RDWR);  // ends accept
  thread_.join();
  close(listener_);
}

inline std::string HttpServer::url(const std::string& path) const {
  return fmt::format("http://localhost:{}/{}", port_, path);
}

inline std::vector<HttpRequest> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

inline void HttpServer::serve() {
  while (true) {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) {
      return;
    }
    answer(connection);
    close(connection);
  }
}

inline void HttpServer::answer(int connection) {
  const std::string headers = read_headers(connection);
  if (headers.empty()) {
    return;
  }
  const HttpRequest request = parse(headers);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const HttpAnswer reply = handler_(request);
  send_all(connection, reply.bytes);
  if (reply.stall) {
    char byte = 0;
    while (recv(connection, &byte, 1, 0) > 0) {
    }
  }
}

// A whole answer with Content-Length.
inline std::string http_answer(const std::string& status, const std::string& type,
                               const std::string& body, const std::string& headers = "") {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}",
      status, type, body.size(), headers, body);
}

// What a good server answers for `file`: 206 with the rest when a range is asked for.
inline std::string http_file(const std::string& file, const HttpRequest& request) {
  const std::string type = "application/octet-stream";
  if (!request.range_from) {
    return http_answer("200 OK", type, file);
  }
  const std::uint64_t from = *request.range_from;
  if (from >= file.size()) {
    return http_answer("416 Range Not Satisfiable", "text/plain", "");
  }
  return http_answer(
      "206 Partial Content", type, file.substr(from),
      fmt::format("Content-Range: bytes {}-{}/{}\r\n", from, file.size() - 1, file.size()));
}

}  // namespace gramgrad::converter
