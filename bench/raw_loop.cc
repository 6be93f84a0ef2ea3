// The limit: aws-c-s3 alone gets or puts objects, or gets the parts of one, each at its own place
// of one fresh buffer. The server comes from AWS_ENDPOINT_URL_S3, BUCKET_NAME, AWS_REGION,
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Prints one JSON object. What was read is compared
// after the clock stops.
#include <aws/auth/credentials.h>
#include <aws/auth/signing_config.h>
#include <aws/http/request_response.h>
#include <aws/io/channel_bootstrap.h>
#include <aws/io/event_loop.h>
#include <aws/io/host_resolver.h>
#include <aws/io/uri.h>
#include <aws/s3/s3.h>
#include <aws/s3/s3_client.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <latch>
#include <map>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr const char* kUsage =
    "Usage: raw_loop get|put [NAME=NUMBER ...] [prefix=PREFIX] [file=PATH] [like=PATH]\n"
    "  count=64         objects, PREFIX/0 to PREFIX/(count - 1)\n"
    "  size=1048576     bytes of each; a multiple of 8\n"
    "  in-flight=64     requests under way at once\n"
    "  connections=64   connections of the client\n"
    "  loops=0          event loops; 0: one for each core\n"
    "  threads=0        threads that hash and hand over requests; 0: 1 for get, cores for put\n"
    "  in-place=1       get: receive straight into the buffer; 0: copy there\n"
    "  warm=1           a request before the clock, so that there is a connection\n"
    "  sign=1           put: sign the bodies (SHA-256), as ArrayMorph does over http\n"
    "  file=            get: write what came into this file, until it is on the disk\n"
    "  like=            get: instead of objects, parts of `size` bytes of the one called PREFIX,\n"
    "                   which has the bytes of this file\n";

struct Options {
  bool put = false;
  std::string prefix = "raw";
  std::string file;
  std::string like;
  std::map<std::string, std::uint64_t, std::less<>> numbers{
      {"count", 64},  {"size", 1 << 20}, {"in-flight", 64}, {"connections", 64}, {"loops", 0},
      {"threads", 0}, {"in-place", 1},   {"sign", 1},       {"warm", 1}};

  std::uint64_t operator[](const char* name) const { return numbers.at(name); }
};

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "raw_loop: %s\n", message.c_str());
  std::exit(1);
}

Options parse(int count, char** words) {
  Options options;
  if (count < 2) fail(kUsage);
  const std::string_view verb = words[1];
  if (verb != "get" && verb != "put") fail(kUsage);
  options.put = verb == "put";
  for (int i = 2; i < count; ++i) {
    const std::string_view word = words[i];
    const std::size_t equal = word.find('=');
    const std::string_view name = word.substr(0, equal);
    if (equal == std::string_view::npos) fail(kUsage);
    if (name == "prefix") {
      options.prefix = word.substr(equal + 1);
    } else if (name == "file") {
      options.file = word.substr(equal + 1);
    } else if (name == "like") {
      options.like = word.substr(equal + 1);
    } else if (const auto found = options.numbers.find(name); found != options.numbers.end()) {
      found->second = std::strtoull(words[i] + equal + 1, nullptr, 10);
    } else {
      fail(kUsage);
    }
  }
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  if (options["loops"] == 0) options.numbers["loops"] = cores;
  if (options["threads"] == 0) options.numbers["threads"] = options.put ? cores : 1;
  return options;
}

std::string setting(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') fail(std::string(name) + " is not set");
  return value;
}

aws_byte_cursor cursor(std::string_view text) {
  return aws_byte_cursor_from_array(text.data(), text.size());
}

// Every 8 bytes of every object differ (a step of SplitMix64).
std::uint64_t expected(std::uint64_t word) {
  std::uint64_t z = (word + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  return z ^ (z >> 27);
}

std::string sha256(std::string_view body) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(body.data(), body.size(), digest.data(), &size, EVP_sha256(), nullptr);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

// A running client; one for the process, which ends with it.
struct Engine {
  std::string endpoint = setting("AWS_ENDPOINT_URL_S3");
  std::string host = endpoint.substr(endpoint.find("//") + 2);
  std::string path = "/" + setting("BUCKET_NAME") + "/";
  std::string region = setting("AWS_REGION");
  aws_credentials_provider* provider = nullptr;
  aws_s3_client* client = nullptr;
  aws_uri uri{};

  explicit Engine(const Options& options) {
    aws_allocator* const allocator = aws_default_allocator();
    aws_s3_library_init(allocator);
    aws_event_loop_group* const loops = aws_event_loop_group_new_default(
        allocator, static_cast<std::uint16_t>(options["loops"]), nullptr);
    aws_host_resolver_default_options resolver{};
    resolver.max_entries = 8;
    resolver.el_group = loops;
    aws_client_bootstrap_options bootstrap{};
    bootstrap.event_loop_group = loops;
    bootstrap.host_resolver = aws_host_resolver_new_default(allocator, &resolver);

    const std::string key_id = setting("AWS_ACCESS_KEY_ID");
    const std::string secret = setting("AWS_SECRET_ACCESS_KEY");
    aws_credentials_provider_static_options fixed{};
    fixed.access_key_id = cursor(key_id);
    fixed.secret_access_key = cursor(secret);
    provider = aws_credentials_provider_new_static(allocator, &fixed);
    aws_signing_config_aws signing;
    aws_s3_init_default_signing_config(&signing, cursor(region), provider);

    aws_s3_client_config config{};
    config.client_bootstrap = aws_client_bootstrap_new(allocator, &bootstrap);
    config.region = cursor(region);
    config.signing_config = &signing;
    config.tls_mode = AWS_MR_TLS_DISABLED;
    config.max_active_connections_override = static_cast<std::uint32_t>(options["connections"]);
    // What decides how many connections there are: one for each 0.4 Gbit/s (the other only caps
    // it).
    config.throughput_target_gbps = 0.4 * static_cast<double>(options["connections"]);
    client = aws_s3_client_new(allocator, &config);
    const aws_byte_cursor text = cursor(endpoint);
    if (client == nullptr || aws_uri_init_parse(&uri, allocator, &text) != AWS_OP_SUCCESS) {
      fail(std::string("the client does not start: ") + aws_error_str(aws_last_error()));
    }
  }
};

// All of a file.
std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  if (!in || bytes.empty()) fail(path + " cannot be read");
  return bytes;
}

class Loop {
 public:
  explicit Loop(const Options& options)
      : options_(options),
        engine_(options),
        like_(options.like.empty() ? std::string() : contents(options.like)),
        size_(options["size"]),
        count_(like_.empty() ? options["count"] : (like_.size() + size_ - 1) / size_),
        // Not touched: its pages come into being while it is filled, as a caller's fresh array.
        bytes_(static_cast<std::uint8_t*>(std::malloc(std::max<std::size_t>(size_ * count_, 1)))),
        free_(static_cast<std::ptrdiff_t>(options["in-flight"])) {
    if (bytes_ == nullptr) fail("out of memory");
    if (options.file.empty()) return;
    file_ = open(options.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file_ < 0) fail(options.file + " cannot be written");
  }

  void fill() {
    auto* const words = reinterpret_cast<std::uint64_t*>(bytes_);
    for (std::size_t i = 0; i < size_ * count_ / 8; ++i) words[i] = expected(i);
  }

  std::uint64_t count() const { return count_; }
  std::size_t bytes() const { return like_.empty() ? size_ * count_ : like_.size(); }

  bool as_expected() const {
    if (!like_.empty()) return std::memcmp(bytes_, like_.data(), like_.size()) == 0;
    const auto* const words = reinterpret_cast<const std::uint64_t*>(bytes_);
    for (std::size_t i = 0; i < size_ * count_ / 8; ++i) {
      if (words[i] != expected(i)) return false;
    }
    return true;
  }

  /// Objects [first, count), all done when it returns.
  void run(std::uint64_t first, std::uint64_t count) {
    std::latch done(static_cast<std::ptrdiff_t>(count - first));
    done_ = &done;
    next_ = first;
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < options_["threads"]; ++i) {
      threads.emplace_back([this, count] {
        for (std::uint64_t each = next_++; each < count; each = next_++) send(each);
      });
    }
    done.wait();
    if (file_ >= 0 && fsync(file_) != 0) fail("fsync failed");
    if (failures_ > 0) fail(std::to_string(failures_) + " requests failed");
  }

 private:
  struct Request {
    Loop* loop;
    aws_byte_buf into;
    std::uint64_t number;
  };

  // Of an object, or of a part; the last one may be shorter.
  std::size_t length(std::uint64_t number) const {
    return like_.empty() ? size_ : std::min(size_, like_.size() - number * size_);
  }

  void send(std::uint64_t number) {
    std::uint8_t* const place = bytes_ + number * size_;
    const std::string hash = options_.put && options_["sign"] != 0
                                 ? sha256({reinterpret_cast<const char*>(place), size_})
                                 : std::string();
    free_.acquire();
    auto* const request =
        new Request{this, aws_byte_buf_from_empty_array(place, length(number)), number};
    aws_signing_config_aws signing;
    aws_s3_init_default_signing_config(&signing, cursor(engine_.region), engine_.provider);
    if (!hash.empty()) signing.signed_body_value = cursor(hash);

    aws_http_message* const message = make_message(number);
    aws_s3_meta_request_options asked{};
    asked.type = AWS_S3_META_REQUEST_TYPE_DEFAULT;
    asked.operation_name = cursor(options_.put ? "PutObject" : "GetObject");
    asked.message = message;
    asked.signing_config = &signing;
    asked.endpoint = &engine_.uri;
    asked.user_data = request;  // on_finish deletes it
    asked.finish_callback = on_finish;
    if (options_.put) {
      asked.request_body = aws_byte_cursor_from_array(place, size_);
    } else if (options_["in-place"] != 0) {
      asked.type = AWS_S3_META_REQUEST_TYPE_GET_OBJECT;
      asked.recv_buffer = &request->into;
    } else {
      asked.body_callback = on_body;
    }
    const bool sent = aws_s3_client_make_meta_request(engine_.client, &asked) != nullptr;
    aws_http_message_release(message);
    if (!sent) fail(aws_error_str(aws_last_error()));
  }

  aws_http_message* make_message(std::uint64_t number) const {
    aws_http_message* const message = aws_http_message_new_request(aws_default_allocator());
    const std::string path =
        engine_.path + options_.prefix + (like_.empty() ? "/" + std::to_string(number) : "");
    aws_http_message_set_request_method(message, cursor(options_.put ? "PUT" : "GET"));
    aws_http_message_set_request_path(message, cursor(path));
    aws_http_headers* const headers = aws_http_message_get_headers(message);
    aws_http_headers_add(headers, cursor("Host"), cursor(engine_.host));
    if (options_.put) {
      aws_http_headers_add(headers, cursor("Content-Length"), cursor(std::to_string(size_)));
    }
    if (!like_.empty()) {
      const std::uint64_t begin = number * size_;
      const std::string last = std::to_string(begin + length(number) - 1);
      aws_http_headers_add(headers, cursor("Range"),
                           cursor("bytes=" + std::to_string(begin) + "-" + last));
    }
    return message;
  }

  static int on_body(aws_s3_meta_request*, const aws_byte_cursor* piece, std::uint64_t,
                     void* self) {
    aws_byte_buf& into = static_cast<Request*>(self)->into;
    return aws_byte_buf_append(&into, piece);
  }

  static void on_finish(aws_s3_meta_request* meta, const aws_s3_meta_request_result* result,
                        void* self) {
    const std::unique_ptr<Request> request(static_cast<Request*>(self));
    Loop& loop = *request->loop;
    const bool whole = loop.options_.put || request->into.len == loop.length(request->number);
    if (result->error_code != AWS_ERROR_SUCCESS || !whole) {
      std::fprintf(stderr, "raw_loop: %s, HTTP status %d\n", aws_error_str(result->error_code),
                   result->response_status);
      ++loop.failures_;
    }
    if (loop.file_ >= 0) {
      const auto at = static_cast<off_t>(request->number * loop.size_);
      const ssize_t written = pwrite(loop.file_, request->into.buffer, loop.size_, at);
      if (written != static_cast<ssize_t>(loop.size_)) ++loop.failures_;
    }
    aws_s3_meta_request_release(meta);
    loop.free_.release();
    loop.done_->count_down();
  }

  const Options& options_;
  const Engine engine_;
  const std::string like_;
  const std::size_t size_;
  const std::uint64_t count_;
  std::uint8_t* const bytes_;  // until the process ends
  int file_ = -1;              // until the process ends
  std::counting_semaphore<> free_;
  std::latch* done_ = nullptr;
  std::atomic<std::uint64_t> next_ = 0;
  std::atomic<std::uint64_t> failures_ = 0;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  Loop loop(options);
  if (options.put) loop.fill();
  // Others may have opened their array by then.
  if (options["warm"] != 0) loop.run(0, 1);
  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  loop.run(0, loop.count());
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const double cpu_used = cpu_seconds() - cpu;
  if (!options.put && !loop.as_expected()) fail("what was read is not what was written");
  const auto requests = static_cast<double>(loop.count());
  const double megabytes = static_cast<double>(loop.bytes()) * 1e-6;
  std::printf(
      "{\"wall\": %.6f, \"cpu\": %.6f, \"requests\": %.0f, \"requests_per_second\": %.1f, "
      "\"megabytes_per_second\": %.2f}\n",
      wall.count(), cpu_used, requests, requests / wall.count(), megabytes / wall.count());
  std::fflush(stdout);
  std::_Exit(0);  // the engine needs no orderly end
}
