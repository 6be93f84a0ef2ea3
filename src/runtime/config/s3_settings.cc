#include "runtime/config/s3_settings.h"

#include <algorithm>
#include <utility>

#include "runtime/config/parse.h"
#include "runtime/log.h"

namespace arraymorph {
namespace config {
namespace {

constexpr const char* kDefault = "default";

void take(Setting found, std::string& value, std::string& source) {
  value = std::move(found.value);
  source = std::move(found.source);
}

void fill(const Setting& from, std::string& value, std::string& source) {
  if (value.empty() && !from.value.empty()) {
    value = from.value;
    source = from.source;
  }
}

// "AWS_REGION=x", "region = x (profile lab in ~/.aws/config)".
Status refuse_setting(const std::string& source, const char* variable, const char* property,
                      const std::string& value, const char* allowed) {
  if (source.find(' ') == std::string::npos) {
    return refuse(source.empty() ? variable : source, value, allowed);
  }
  return Status(Code::invalid_argument, std::string(property) + " = " + value + " (" + source +
                                            ") is not understood; allowed: " + allowed);
}

Result<bool> endpoints_are_ignored(const Profile& profile) {
  const char* const variable = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
  const std::string text = environment(variable);
  if (!text.empty()) return parse_flag(variable, text);
  const Setting& own = profile.ignore_endpoints;
  if (own.value.empty()) return false;
  Result<bool> flag = parse_flag(variable, own.value);
  if (flag.ok()) return flag;
  return refuse_setting(own.source, variable, "ignore_configured_endpoint_urls", own.value,
                        "true, false");
}

Status apply_endpoint(const Profile& profile, S3Settings& settings) {
  ARRAYMORPH_ASSIGN(const bool ignored, endpoints_are_ignored(profile));
  S3Sources& sources = settings.sources;
  if (!ignored) {
    fill(profile.endpoint, settings.endpoint, sources.endpoint);
  } else if (sources.endpoint.starts_with("AWS_")) {
    settings.endpoint.clear();
    sources.endpoint.clear();
  }
  if (settings.endpoint.empty()) sources.endpoint = kDefault;
  return Status();
}

Status check_style(const S3Settings& settings) {
  const std::string& style = settings.addressing_style;
  const auto is = [&](const char* name) { return equal_any_case(style, name); };
  if (style.empty() || is("auto") || is("path") || is("virtual")) return Status();
  return refuse_setting(settings.sources.addressing_style, "AWS_S3_ADDRESSING_STYLE",
                        "addressing_style", style, "path, virtual, auto");
}

Status check_flag(const std::string& source, const std::string& text) {
  return text.empty() || source.empty() ? Status() : parse_flag(source, text).status();
}

struct Key {
  std::string id;
  std::string secret;
  std::string token;

  bool any() const { return !id.empty() || !secret.empty(); }
};

// Always whole from one place: never an id from here and a secret from there.
Result<Key> read_key(const std::string& prefix) {
  const std::string id = prefix + "ACCESS_KEY_ID";
  const std::string secret = prefix + "SECRET_ACCESS_KEY";
  Key key{environment(id.c_str()), environment(secret.c_str()),
          environment((prefix + "SESSION_TOKEN").c_str())};
  if (key.id.empty() == key.secret.empty()) return key;
  const std::string& set = key.id.empty() ? secret : id;
  const std::string& missing = key.id.empty() ? id : secret;
  return Status(Code::invalid_argument, set + " is set, but not " + missing +
                                            ": the two go together; set both or unset " + set);
}

Status use(Key key, const char* source, S3Settings& settings) {
  settings.access_key_id = std::move(key.id);
  settings.secret_access_key = std::move(key.secret);
  settings.session_token = std::move(key.token);
  settings.sources.credentials = source;
  return Status();
}

Status apply_credentials(const Profile& profile, S3Settings& settings) {
  ARRAYMORPH_ASSIGN(Key own, read_key("ARRAYMORPH_"));
  if (!own.any() && !own.token.empty()) {
    return Status(Code::invalid_argument,
                  "ARRAYMORPH_SESSION_TOKEN is set, but no ARRAYMORPH_ACCESS_KEY_ID that it "
                  "belongs to: set that and ARRAYMORPH_SECRET_ACCESS_KEY, or unset it");
  }
  if (settings.anonymous) {
    if (!own.any()) {
      settings.sources.credentials = "ARRAYMORPH_ANONYMOUS";
      return Status();
    }
    return Status(Code::invalid_argument,
                  "ARRAYMORPH_ANONYMOUS=true contradicts ARRAYMORPH_ACCESS_KEY_ID: unset one of "
                  "them");
  }
  if (own.any()) return use(std::move(own), "ARRAYMORPH_ACCESS_KEY_ID", settings);
  if (!settings.profile_is_explicit) {
    ARRAYMORPH_ASSIGN(Key key, read_key("AWS_"));
    if (key.any()) return use(std::move(key), "AWS_ACCESS_KEY_ID", settings);
  }
  if (!profile.half_a_key.empty()) {
    return Status(Code::invalid_argument, profile.half_a_key + ": the two go together");
  }
  const Setting& found = profile.credentials;
  settings.sources.credentials =
      found.value.empty() ? "provider chain" : found.value + " of " + found.source;
  return Status();
}

Status no_such_profile(const Profile& profile, const std::string& source) {
  std::string others;
  for (const std::string& each : profile.others) others += (others.empty() ? "" : ", ") + each;
  return Status(Code::invalid_argument,
                source + "=" + profile.name + ": there is no such profile in " + profile.files +
                    "; " + (others.empty() ? "there is none at all" : "there are: " + others));
}

}  // namespace

void read_s3_variables(S3Settings& s3) {
  S3Sources& from = s3.sources;
  take(first_of({"ARRAYMORPH_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}),
       s3.endpoint, from.endpoint);
  take(first_of({"ARRAYMORPH_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"}), s3.region, from.region);
  take(first_of({"ARRAYMORPH_ADDRESSING_STYLE", "AWS_S3_ADDRESSING_STYLE"}), s3.addressing_style,
       from.addressing_style);
  take(first_of({"ARRAYMORPH_USE_TLS", "AWS_USE_TLS"}), s3.use_tls, from.use_tls);
  take(first_of({"ARRAYMORPH_SIGNED_PAYLOADS", "AWS_SIGNED_PAYLOADS"}), s3.signed_payloads,
       from.signed_payloads);
  take(first_of({"ARRAYMORPH_CA_BUNDLE", "AWS_CA_BUNDLE"}), s3.ca_bundle, from.ca_bundle);
  take(first_of({"ARRAYMORPH_PROFILE", "AWS_PROFILE"}), s3.profile, from.profile);
  s3.profile_is_explicit = from.profile == "ARRAYMORPH_PROFILE";
}

Status apply_profile(const Profile& profile, S3Settings& settings) {
  S3Sources& sources = settings.sources;
  if (!profile.exists && profile.name != kDefault) {
    return no_such_profile(profile, sources.profile);
  }
  ARRAYMORPH_TRY(apply_endpoint(profile, settings));
  fill(profile.region, settings.region, sources.region);
  fill({"us-east-1", kDefault}, settings.region, sources.region);
  fill(profile.addressing_style, settings.addressing_style, sources.addressing_style);
  fill(profile.ca_bundle, settings.ca_bundle, sources.ca_bundle);
  if (settings.addressing_style.empty()) sources.addressing_style = kDefault;
  ARRAYMORPH_TRY(check_style(settings));
  ARRAYMORPH_TRY(check_flag(sources.use_tls, settings.use_tls));
  ARRAYMORPH_TRY(check_flag(sources.signed_payloads, settings.signed_payloads));
  return apply_credentials(profile, settings);
}

}  // namespace config

Status complete_s3(S3Settings& settings) {
  if (settings.complete) return Status();
  if (settings.profile.empty()) settings.profile = config::kDefault;
  ARRAYMORPH_ASSIGN(const config::Profile profile, config::read_profile(settings.profile));
  ARRAYMORPH_TRY(config::apply_profile(profile, settings));
  settings.complete = true;
  return Status();
}

}  // namespace arraymorph
