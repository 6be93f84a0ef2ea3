// Added latency: passes connections on to a server and holds every byte of its answers back for a
// given time, and for as long as a connection of a given bandwidth would take; there may be any
// number of such connections. Requests are passed on at once.
//
// Usage: relay HOST:PORT DELAY_MS [MB_PER_SECOND]     (HOST is an IPv4 address)
// Prints the port it listens on, on 127.0.0.1, and ends on SIGTERM with a JSON object of what went
// through: HTTP requests by method, bytes to and from the server.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "request_counter.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kBlock = 128 << 10;
constexpr std::size_t kMaxHeld = std::size_t{256} << 20;  // of one direction of one connection

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "relay: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

struct Block {
  std::unique_ptr<char[]> bytes;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Blocks that were sent serve again: fresh memory would cost more than the copy.
class Blocks {
 public:
  Block take() {
    if (free_.empty()) return {std::make_unique_for_overwrite<char[]>(kBlock), 0, 0};
    Block block{std::move(free_.back()), 0, 0};
    free_.pop_back();
    return block;
  }
  void give(Block block) { free_.push_back(std::move(block.bytes)); }

 private:
  std::vector<std::unique_ptr<char[]>> free_;
};

// One way of a connection: what came in on `from` and has not gone out on `to`.
struct Way {
  int from = -1;
  int to = -1;
  std::deque<Block> blocks;
  std::size_t due = 0;  // blocks that may go out
  std::size_t held = 0;
  bool ended = false;                          // `from` has sent its last byte
  std::chrono::steady_clock::time_point free;  // when the bandwidth lets the next byte begin
};

struct Connection {
  std::uint64_t id = 0;
  Way up;    // client to server
  Way down;  // server to client
  RequestCounter requests;
};

class Relay {
 public:
  // `per_byte`: seconds.
  Relay(const sockaddr_in& server, Clock::duration delay, double per_byte)
      : server_(server), delay_(delay), per_byte_(per_byte) {
    epoll_ = epoll_create1(0);
    listen();
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    signals_ = signalfd(-1, &ends, SFD_NONBLOCK);
    for (const int each : {listener_, timer_, signals_}) watch(EPOLL_CTL_ADD, each, EPOLLIN);
  }

  void run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
      if (count < 0 && errno != EINTR) fail("epoll_wait");
      for (int i = 0; i < count; ++i) {
        const int file = events[static_cast<std::size_t>(i)].data.fd;
        if (file == signals_) return;
        if (file == listener_) {
          accept();
        } else if (file == timer_) {
          release_due();
        } else {
          serve(file, events[static_cast<std::size_t>(i)].events);
        }
      }
    }
  }

  void report() {
    while (!connections_.empty()) close(*connections_.begin()->second);
    std::printf("{\"requests\": {");
    const char* separator = "";
    for (const auto& [method, count] : requests_) {
      std::printf("%s\"%s\": %llu", separator, method.c_str(), count);
      separator = ", ";
    }
    std::printf("}, \"bytes_to_server\": %llu, \"bytes_from_server\": %llu}\n", bytes_up_,
                bytes_down_);
  }

 private:
  void listen() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener_ < 0) fail("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, plain, size) != 0 || ::listen(listener_, 1024) != 0) fail("listen");
    getsockname(listener_, plain, &size);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }

  void watch(int operation, int file, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = file;
    epoll_ctl(epoll_, operation, file, &event);
  }

  void accept() {
    for (;;) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (client < 0) return;
      const int server = socket(AF_INET, SOCK_STREAM, 0);
      if (server < 0) fail("socket");
      if (connect(server, reinterpret_cast<const sockaddr*>(&server_), sizeof(server_)) != 0) {
        fail("the server does not answer");
      }
      const int on = 1;
      for (const int each : {client, server}) {
        setsockopt(each, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        watch(EPOLL_CTL_ADD, each, EPOLLIN);
      }
      auto made = std::make_shared<Connection>();
      made->id = ++last_id_;
      made->up.from = made->down.to = client;
      made->up.to = made->down.from = server;
      connections_[made->id] = made;
      by_file_[client] = by_file_[server] = made;
    }
  }

  void serve(int file, std::uint32_t events) {
    const auto found = by_file_.find(file);
    if (found == by_file_.end()) return;  // closed by an event before this one
    const std::shared_ptr<Connection> connection = found->second;
    Way& reading = file == connection->up.from ? connection->up : connection->down;
    Way& writing = file == connection->up.from ? connection->down : connection->up;
    bool alive = true;
    if ((events & EPOLLOUT) != 0) alive = write(writing);
    if (alive && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
      alive = read(*connection, reading);
    if (!alive) return close(*connection);
    update(*connection);
  }

  // False when the connection is to be closed.
  bool read(Connection& connection, Way& way) {
    Block block = blocks_.take();
    const ssize_t count = recv(way.from, block.bytes.get(), kBlock, MSG_DONTWAIT);
    if (count <= 0) {
      blocks_.give(std::move(block));
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      way.ended = true;
      epoll_ctl(epoll_, EPOLL_CTL_DEL, way.from, nullptr);
      return &way == &connection.down && !way.blocks.empty();
    }
    block.end = static_cast<std::size_t>(count);
    way.held += block.end;
    if (&way == &connection.up) {
      bytes_up_ += block.end;
      connection.requests.add({block.bytes.get(), block.end});
      way.blocks.push_back(std::move(block));
      ++way.due;
      return write(way);
    }
    bytes_down_ += block.end;
    const std::chrono::duration<double> transfer(static_cast<double>(block.end) * per_byte_);
    way.free =
        std::max(way.free, Clock::now()) + std::chrono::duration_cast<Clock::duration>(transfer);
    const Clock::time_point at = way.free + delay_;
    way.blocks.push_back(std::move(block));
    if (waiting_.empty() || at < waiting_.begin()->first) arm(at);
    waiting_.emplace(at, connection.id);
    return true;
  }

  bool write(Way& way) {
    while (way.due > 0) {
      Block& block = way.blocks.front();
      const ssize_t count = send(way.to, block.bytes.get() + block.begin, block.end - block.begin,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      block.begin += static_cast<std::size_t>(count);
      way.held -= static_cast<std::size_t>(count);
      if (block.begin < block.end) return true;
      blocks_.give(std::move(block));
      way.blocks.pop_front();
      --way.due;
    }
    return !way.ended || !way.blocks.empty();
  }

  // What each socket is to be watched for, now that bytes have moved.
  void update(const Connection& connection) const {
    const auto events = [](const Way& reading, const Way& writing) {
      const bool room = !reading.ended && reading.held < kMaxHeld;
      return (room ? EPOLLIN : 0u) | (writing.due > 0 ? EPOLLOUT : 0u);
    };
    watch(EPOLL_CTL_MOD, connection.up.from, events(connection.up, connection.down));
    watch(EPOLL_CTL_MOD, connection.down.from, events(connection.down, connection.up));
  }

  void release_due() {
    std::uint64_t expirations = 0;
    if (::read(timer_, &expirations, sizeof(expirations)) < 0) return;
    const Clock::time_point now = Clock::now();
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
      const auto found = connections_.find(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      if (found == connections_.end()) continue;
      const std::shared_ptr<Connection> connection = found->second;
      ++connection->down.due;
      if (write(connection->down)) {
        update(*connection);
      } else {
        close(*connection);
      }
    }
    if (!waiting_.empty()) arm(waiting_.begin()->first);
  }

  void arm(Clock::time_point at) const {
    const auto since = at.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    itimerspec when{};
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec =
        std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count();
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void close(Connection& connection) {
    for (const auto& [method, count] : connection.requests.counts()) requests_[method] += count;
    for (const int each : {connection.up.from, connection.up.to}) {
      by_file_.erase(each);
      ::close(each);
    }
    connections_.erase(connection.id);
  }

  const sockaddr_in server_;
  const Clock::duration delay_;
  const double per_byte_;
  int epoll_ = -1;
  int listener_ = -1;
  int timer_ = -1;
  int signals_ = -1;
  Blocks blocks_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::unordered_map<int, std::shared_ptr<Connection>> by_file_;
  std::multimap<Clock::time_point, std::uint64_t>
      waiting_;  // each block of a way down: when, whose
  RequestCounter::Counts requests_;
  unsigned long long bytes_up_ = 0;
  unsigned long long bytes_down_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view server = argc == 3 || argc == 4 ? argv[1] : "";
  const std::size_t colon = server.find(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (colon == std::string_view::npos ||
      inet_pton(AF_INET, std::string(server.substr(0, colon)).c_str(), &address.sin_addr) != 1) {
    std::fprintf(stderr, "Usage: relay HOST:PORT DELAY_MS [MB_PER_SECOND]\n");
    return 1;
  }
  const unsigned long port = std::strtoul(argv[1] + colon + 1, nullptr, 10);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const std::chrono::duration<double, std::milli> delay(std::strtod(argv[2], nullptr));
  const double per_byte = argc == 4 ? 1e-6 / std::strtod(argv[3], nullptr) : 0;
  Relay relay(address, std::chrono::duration_cast<Clock::duration>(delay), per_byte);
  relay.run();
  relay.report();
  return 0;
}
