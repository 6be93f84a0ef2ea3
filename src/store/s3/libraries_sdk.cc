// Flavour: AWS SDK for C++. It initialises and cleans up aws-c-s3 itself, so this file never does.
#include <aws/core/Aws.h>
#include <aws/core/utils/logging/FormattedLogSystem.h>
#include <aws/crt/Config.h>

#include <optional>
#include <string_view>

#include "runtime/log.h"
#include "store/s3/libraries.h"
#include "store/s3/tls_name.h"

namespace arraymorph::store::s3 {
namespace {

using Aws::Utils::Logging::FormattedLogSystem;
using SdkLogLevel = Aws::Utils::Logging::LogLevel;

// Its loops serve the SDK's own look-ups of credentials; the data has loops of its own.
constexpr std::uint16_t kSdkLoops = 1;
constexpr std::size_t kSdkResolverEntries = 8;
constexpr std::size_t kSdkResolverTtlSeconds = 30;

// The SDK's messages and, through its bridge, those of the engine, to our log.
class SdkLog final : public FormattedLogSystem {
 public:
  explicit SdkLog(SdkLogLevel level) : FormattedLogSystem(level) {}
  void Flush() override {}

 private:
  void ProcessFormattedStatement(Aws::String&& statement) override {
    std::string_view line(statement);
    if (line.ends_with('\n')) line.remove_suffix(1);
    // At this level the engine shows what it signs, session token included.
    if (may_be_shown(line)) log(LogLevel::debug, line);
  }
};

std::shared_ptr<Aws::Crt::Io::ClientBootstrap> make_bootstrap() {
  Aws::Crt::Io::EventLoopGroup loops(kSdkLoops);
  Aws::Crt::Io::DefaultHostResolver resolver(loops, kSdkResolverEntries, kSdkResolverTtlSeconds);
  auto bootstrap = std::make_shared<Aws::Crt::Io::ClientBootstrap>(loops, resolver);
  bootstrap->EnableBlockingShutdown();
  return bootstrap;
}

Aws::SDKOptions make_options() {
  Aws::SDKOptions options;
  if (log_enabled(LogLevel::debug)) {
    options.loggingOptions.logLevel = SdkLogLevel::Debug;
    options.loggingOptions.logger_create_fn = [] {
      return std::make_shared<SdkLog>(SdkLogLevel::Debug);
    };
  }
  options.ioOptions.clientBootstrap_create_fn = make_bootstrap;
  options.cryptoOptions.initAndCleanupOpenSSL = false;  // needs neither since OpenSSL 1.1
  return options;
}

// Set while the SDK is initialised: ShutdownAPI wants the options of InitAPI. Never destroyed.
std::optional<Aws::SDKOptions>& running() {
  static auto* const options = new std::optional<Aws::SDKOptions>;
  return *options;
}

}  // namespace

void start_libraries() {
  if (running()) return;  // a child of fork inherits them
  running() = make_options();
  Aws::InitAPI(*running());
}

void stop_libraries() {
  if (!running()) return;
  Aws::ShutdownAPI(*running());
  running().reset();
}

EngineInfo engine_info() {
  return {std::string("aws-sdk-cpp ") + AWS_SDK_VERSION_STRING, ARRAYMORPH_AWS_C_S3_VERSION,
          tls_name()};
}

}  // namespace arraymorph::store::s3
