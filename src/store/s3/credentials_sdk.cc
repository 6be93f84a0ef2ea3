// Flavour: AWS SDK for C++. Its default provider chain feeds the engine.
//
// The chain blocks (files, a process, HTTP), so each look-up runs on a thread of its own, never on
// an event loop. The engine's caching provider stands before it: it asks once for all requests,
// again before the credentials expire, and every quarter of an hour for those that do not.
#include <aws/common/thread.h>
#include <aws/core/auth/AWSCredentialsProviderChain.h>
#include <aws/core/config/AWSProfileConfigLoader.h>
#include <pthread.h>

#include <csignal>
#include <exception>
#include <limits>
#include <mutex>
#include <utility>

#include "runtime/log.h"
#include "store/s3/credentials.h"

namespace arraymorph::store::s3 {
namespace {

using Aws::Auth::AWSCredentials;
using Aws::Auth::DefaultAWSCredentialsProviderChain;

constexpr std::uint64_t kRefreshMs = 900'000;  // as the engine's own default chain
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// The chain, made at the first look-up: making it reads files.
class Chain {
 public:
  AWSCredentials look_up() {
    const std::lock_guard lock(mutex_);
    if (!chain_) {
      // The SDK keeps the files as they were when it started.
      Aws::Config::ReloadCachedConfigFile();
      Aws::Config::ReloadCachedCredentialsFile();
      chain_ = std::make_unique<DefaultAWSCredentialsProviderChain>();
    }
    return chain_->GetAWSCredentials();
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<DefaultAWSCredentialsProviderChain> chain_;
};

struct LookUp {
  std::shared_ptr<Chain> chain;
  aws_on_get_credentials_callback_fn* callback;
  void* user_data;
};

// Null, with the engine's last error set, when the chain found none.
aws_credentials* to_engine(const AWSCredentials& found) {
  if (found.IsExpiredOrEmpty()) {
    aws_raise_error(AWS_AUTH_SIGNING_NO_CREDENTIALS);
    return nullptr;
  }
  const auto cursor = [](const Aws::String& text) {
    return aws_byte_cursor_from_array(text.data(), text.size());
  };
  const Aws::Utils::DateTime expiry = found.GetExpiration();
  const bool expires = expiry != (std::chrono::time_point<std::chrono::system_clock>::max)();
  return aws_credentials_new(aws_default_allocator(), cursor(found.GetAWSAccessKeyId()),
                             cursor(found.GetAWSSecretKey()), cursor(found.GetSessionToken()),
                             expires ? static_cast<std::uint64_t>(expiry.Seconds()) : kNever);
}

aws_credentials* look_up(Chain& chain) noexcept {
  try {
    return to_engine(chain.look_up());
  } catch (const std::exception& failure) {
    log(LogLevel::error, std::string("AWS credentials: ") + failure.what());
    aws_raise_error(AWS_AUTH_SIGNING_NO_CREDENTIALS);
    return nullptr;
  }
}

void run_look_up(void* argument) {
  const std::unique_ptr<LookUp> work(static_cast<LookUp*>(argument));
  sigset_t broken_pipe;  // a server that hangs up must not end the program
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  aws_credentials* const found = look_up(*work->chain);
  const int error = found != nullptr ? AWS_ERROR_SUCCESS : aws_last_error();
  work->chain.reset();  // the SDK's objects go before the engine may be told to end
  work->callback(found, error, work->user_data);
  aws_credentials_release(found);
}

int start_look_up(void* chain, aws_on_get_credentials_callback_fn* callback, void* user_data) {
  std::unique_ptr<LookUp> work(
      new LookUp{*static_cast<std::shared_ptr<Chain>*>(chain), callback, user_data});
  aws_thread_options options = *aws_default_thread_options();
  options.join_strategy = AWS_TJS_MANAGED;  // joined by the clean-up of the engine's libraries
  options.name = aws_byte_cursor_from_c_str("credentials");
  aws_thread thread{};
  if (aws_thread_init(&thread, aws_default_allocator()) != AWS_OP_SUCCESS ||
      aws_thread_launch(&thread, run_look_up, work.get(), &options) != AWS_OP_SUCCESS) {
    return AWS_OP_ERR;
  }
  [[maybe_unused]] const LookUp* const theirs = work.release();
  return AWS_OP_SUCCESS;
}

void forget(void* chain) { delete static_cast<std::shared_ptr<Chain>*>(chain); }

}  // namespace

aws_credentials_provider* new_provider_chain(
    const CredentialSource&, aws_client_bootstrap*, aws_tls_ctx*,
    const aws_credentials_provider_shutdown_options& on_shutdown) {
  auto chain = std::make_unique<std::shared_ptr<Chain>>(std::make_shared<Chain>());
  aws_credentials_provider_delegate_options delegate{};
  delegate.get_credentials = start_look_up;
  delegate.delegate_user_data = chain.get();
  delegate.shutdown_options = {forget, chain.get()};
  aws_credentials_provider* const source =
      aws_credentials_provider_new_delegate(aws_default_allocator(), &delegate);
  if (source == nullptr) return nullptr;
  [[maybe_unused]] const auto* const theirs = chain.release();

  aws_credentials_provider_cached_options cached{};
  cached.shutdown_options = on_shutdown;
  cached.source = source;
  cached.refresh_time_in_milliseconds = kRefreshMs;
  aws_credentials_provider* const provider =
      aws_credentials_provider_new_cached(aws_default_allocator(), &cached);
  aws_credentials_provider_release(source);
  return provider;
}

}  // namespace arraymorph::store::s3
