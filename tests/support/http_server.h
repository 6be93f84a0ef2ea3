// A small HTTP server on 127.0.0.1 whose answers a test chooses: for faults that a real server
// shows too rarely. It counts requests, so that their cost can be asserted.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace arraymorph::test {

class HttpServer {
 public:
  /// Given the head of the `n`-th request (from 0), returns the whole answer as sent on the wire;
  /// empty: never answer. After "Connection: close" it closes; an answer with the header
  /// kDrip leaves byte by byte, ten a second.
  using Handler = std::function<std::string(const std::string& head, unsigned n)>;

  static constexpr const char* kDrip = "X-Test-Drip: yes\r\n";

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~HttpServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  unsigned requests() const { return requests_; }

  static std::string answer(const std::string& status, const std::string& body,
                            const std::string& headers = "") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           headers + "\r\n" + body;
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      connections_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    std::string input;
    while (read_head(fd, input)) {
      const std::size_t end = input.find("\r\n\r\n") + 4;
      const std::string head = input.substr(0, end);
      input.erase(0, end);
      if (!skip_body(fd, input, head)) break;
      const std::string reply = handler_(head, requests_++);
      if (!send_all(fd, reply)) break;
      if (reply.find("Connection: close") != std::string::npos) break;
    }
    ::shutdown(fd, SHUT_RDWR);
    const std::lock_guard lock(mutex_);
    connections_.remove(fd);
    ::close(fd);
  }

  bool send_all(int fd, const std::string& reply) const {
    const std::size_t head = reply.find("\r\n\r\n");
    const bool drips = reply.substr(0, head + 2).find(kDrip) != std::string::npos;
    for (std::size_t at = 0; at < reply.size();) {
      const bool slow = drips && at >= head;
      const std::size_t size = slow ? 1 : (drips ? head : reply.size()) - at;
      const ssize_t sent = ::send(fd, reply.data() + at, size, MSG_NOSIGNAL);
      if (sent < 0 || stopping_) return false;
      at += static_cast<std::size_t>(sent);
      if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return true;
  }

  static bool receive(int fd, std::string& input) {
    char buffer[65536];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got > 0) input.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  static bool read_head(int fd, std::string& input) {
    while (input.find("\r\n\r\n") == std::string::npos) {
      if (!receive(fd, input)) return false;
      const bool tls = input.front() == '\x16';  // a TLS hello: not for us
      if (tls) return false;
    }
    return true;
  }

  static bool skip_body(int fd, std::string& input, const std::string& head) {
    const std::size_t at = head.find("Content-Length: ");
    const std::size_t length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    while (input.size() < length) {
      if (!receive(fd, input)) return false;
    }
    input.erase(0, length);
    return true;
  }

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<unsigned> requests_{0};
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
  std::mutex mutex_;
  std::list<int> connections_;
  std::vector<std::thread> threads_;
};

}  // namespace arraymorph::test
