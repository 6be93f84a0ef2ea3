#include "store/s3/resolver.h"

#include <aws/common/string.h>

#include <string_view>

#include "runtime/config/parse.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::size_t kEntries = 64;

using Resolve = decltype(aws_host_resolver_vtable::resolve_host);
Resolve engine_resolve = nullptr;  // the same function in every resolver

bool is_below_localhost(const aws_string* name) {
  constexpr std::string_view kBelow = ".localhost";
  const std::string_view text(aws_string_c_str(name), name->len);
  return text.size() > kBelow.size() &&
         config::equal_any_case(text.substr(text.size() - kBelow.size()), kBelow);
}

// Called on a thread that may block.
int addresses_of(aws_allocator* allocator, const aws_string* name, aws_array_list* addresses,
                 void* data) {
  if (!is_below_localhost(name)) return aws_default_dns_resolve(allocator, name, addresses, data);
  aws_string* const localhost = aws_string_new_from_c_str(allocator, "localhost");
  const int result = aws_default_dns_resolve(allocator, localhost, addresses, data);
  aws_string_destroy(localhost);
  if (result != AWS_OP_SUCCESS) return result;
  // The engine counts failures of an address under the name that was asked for.
  for (std::size_t i = 0; i < aws_array_list_length(addresses); ++i) {
    aws_host_address* address = nullptr;
    aws_array_list_get_at_ptr(addresses, reinterpret_cast<void**>(&address), i);
    aws_string_destroy(const_cast<aws_string*>(address->host));
    address->host = aws_string_new_from_string(allocator, name);
  }
  return AWS_OP_SUCCESS;
}

int resolve(aws_host_resolver* resolver, const aws_string* name,
            aws_on_host_resolved_result_fn* done, const aws_host_resolution_config* config,
            void* user_data) {
  aws_host_resolution_config ours = *config;
  if (ours.impl == aws_default_dns_resolve) ours.impl = addresses_of;
  return engine_resolve(resolver, name, done, &ours, user_data);
}

}  // namespace

aws_host_resolver* new_resolver(aws_event_loop_group* loops) {
  aws_host_resolver_default_options options{};
  options.max_entries = kEntries;
  options.el_group = loops;
  aws_host_resolver* const resolver =
      aws_host_resolver_new_default(aws_default_allocator(), &options);
  if (resolver == nullptr) return nullptr;
  engine_resolve = resolver->vtable->resolve_host;
  static aws_host_resolver_vtable with_localhost;
  with_localhost = *resolver->vtable;
  with_localhost.resolve_host = resolve;
  resolver->vtable = &with_localhost;
  return resolver;
}

}  // namespace arraymorph::store::s3
