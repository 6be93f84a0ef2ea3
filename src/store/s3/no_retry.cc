#include "store/s3/no_retry.h"

#include <aws/io/io.h>

#include <cstdint>

namespace arraymorph::store::s3 {
namespace {

// Every attempt gets the one token. Neither count reaches zero, for the process keeps a reference.
struct NoRetry {
  aws_retry_strategy strategy{};
  aws_retry_token token{};
};

int acquire_token(aws_retry_strategy* strategy, const aws_byte_cursor*,
                  aws_retry_strategy_on_retry_token_acquired_fn* acquired, void* user_data,
                  std::uint64_t) {
  aws_retry_token* const token = &static_cast<NoRetry*>(strategy->impl)->token;
  aws_retry_token_acquire(token);
  acquired(strategy, AWS_ERROR_SUCCESS, token, user_data);
  return AWS_OP_SUCCESS;
}

int refuse_retry(aws_retry_token*, aws_retry_error_type, aws_retry_strategy_on_retry_ready_fn*,
                 void*) {
  return aws_raise_error(AWS_IO_MAX_RETRIES_EXCEEDED);
}

int record_success(aws_retry_token*) { return AWS_OP_SUCCESS; }
void release_token(aws_retry_token*) {}
void destroy(aws_retry_strategy*) {}

}  // namespace

aws_retry_strategy* no_retry_strategy() {
  static aws_retry_strategy_vtable calls{destroy, acquire_token, refuse_retry, record_success,
                                         release_token};
  static NoRetry* const instance = [] {
    auto* made = new NoRetry;
    made->strategy.allocator = made->token.allocator = aws_default_allocator();
    made->strategy.vtable = &calls;
    made->strategy.impl = made;
    aws_atomic_init_int(&made->strategy.ref_count, 1);
    made->token.retry_strategy = &made->strategy;
    aws_atomic_init_int(&made->token.ref_count, 1);
    return made;
  }();
  return &instance->strategy;
}

}  // namespace arraymorph::store::s3
