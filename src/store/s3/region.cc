#include "store/s3/region.h"

#include <string_view>

namespace arraymorph::store::s3 {
namespace {

std::string authority_of(const S3Endpoint& endpoint, const std::string& region) {
  if (!endpoint.aws()) return endpoint.authority;
  return "s3." + region + (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
}

std::string scheme_of(const S3Endpoint& endpoint) { return endpoint.tls ? "https://" : "http://"; }

}  // namespace

std::string url_of(const S3Endpoint& endpoint, const std::string& region) {
  return scheme_of(endpoint) + authority_of(endpoint, region) + endpoint.prefix;
}

// A certificate for *.host does not cover a bucket with a dot in its name.
bool is_path_style(const S3Endpoint& endpoint, const std::string& bucket) {
  return endpoint.path_style || (endpoint.aws() && bucket.find('.') != std::string::npos);
}

Address address_of(const S3Endpoint& endpoint, const std::string& bucket,
                   const std::string& region) {
  const bool path_style = is_path_style(endpoint, bucket);
  Address address;
  address.host = (path_style ? "" : bucket + ".") + authority_of(endpoint, region);
  address.endpoint = scheme_of(endpoint) + address.host;
  address.path_prefix = endpoint.prefix;
  if (path_style) address.path_prefix += "/" + encode_path(bucket);
  address.region = region;
  address.sign_payload = endpoint.sign_payload;
  return address;
}

S3Endpoint in_region(S3Endpoint endpoint, const std::string& region) {
  constexpr std::string_view kDomain = ".amazonaws.com";
  const std::string_view host = endpoint.authority;
  const std::size_t domain = host.find(kDomain);
  if (domain == std::string_view::npos) return endpoint;
  const std::string_view rest = host.substr(domain + kDomain.size());
  if (!rest.empty() && rest != ".cn") return endpoint;
  // "s3", "s3.us-east-1", "s3-us-east-1"; a host with more in its name is left alone.
  const std::string_view service = host.substr(0, domain);
  const bool plain = service == "s3" || service.starts_with("s3.") || service.starts_with("s3-");
  if (!plain || service.find('.', 3) != std::string_view::npos) return endpoint;
  endpoint.authority = "s3." + region + std::string(host.substr(domain));
  return endpoint;
}

}  // namespace arraymorph::store::s3
