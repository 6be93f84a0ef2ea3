#include "store/http/errors.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>

#include "store/s3/date.h"

namespace arraymorph::store::http {
namespace {

// The value of a query's parameter, as it stands there; empty where there is none.
std::string_view parameter(std::string_view key, std::string_view name) {
  std::string_view query = key.substr(std::min(key.find('?'), key.size()));
  while (!query.empty()) {
    query.remove_prefix(1);  // '?' or '&'
    const std::string_view each = query.substr(0, query.find('&'));
    if (each.starts_with(name) && each.substr(name.size()).starts_with('=')) {
      return each.substr(name.size() + 1);
    }
    query.remove_prefix(each.size());
  }
  return {};
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr std::int64_t kMost = std::int64_t{1} << 40;  // sums of two stay small
  const bool right = error == std::errc{} && end == text.data() + text.size() && value >= 0;
  return right && value < kMost ? std::optional(value) : std::nullopt;
}

// "20261125T221011Z"
std::int64_t read_basic_date(std::string_view text) {
  if (text.size() != 16) return 0;
  const auto part = [&](std::size_t at, std::size_t size) {
    return std::string(text.substr(at, size));
  };
  return s3::read_iso_date(part(0, 4) + "-" + part(4, 2) + "-" + part(6, 2) + part(8, 3) + ":" +
                           part(11, 2) + ":" + part(13, 2) + part(15, 1));
}

// "2026-11-25T22:10:11Z", its colons maybe encoded.
std::int64_t read_encoded_date(std::string_view text) {
  std::string date;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool colon = text.substr(i, 3) == "%3A" || text.substr(i, 3) == "%3a";
    date += colon ? ':' : text[i];
    if (colon) i += 2;
  }
  return s3::read_iso_date(date);
}

std::string text_of(std::int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss<std::chrono::seconds> clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d UTC",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

bool is_presigned(std::string_view key) {
  for (const char* name : {"X-Amz-Signature", "X-Goog-Signature", "Signature", "sig"}) {
    if (!parameter(key, name).empty()) return true;
  }
  return false;
}

// Why access is refused, as far as the URL tells.
std::string advice_on_refusal(const s3::Request& request) {
  const std::int64_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const auto until = valid_until(request.key);
  if (until && *until <= now) {
    return "this presigned URL expired on " + text_of(*until) + ": get a new one";
  }
  if (is_presigned(request.key)) {
    return "the presigned URL was made for another method than GET, with other credentials, or is "
           "not complete: put it in quotes in a shell, and do not change it";
  }
  return "no credentials are sent to https:// and http:// names: the file must be public, or the "
         "URL presigned; a bucket with credentials is named s3://bucket/key";
}

}  // namespace

std::optional<std::int64_t> valid_until(std::string_view key) {
  for (const char* vendor : {"X-Amz-", "X-Goog-"}) {
    const std::int64_t begin = read_basic_date(parameter(key, std::string(vendor) + "Date"));
    const auto seconds = number(parameter(key, std::string(vendor) + "Expires"));
    if (begin != 0 && seconds) return begin + *seconds;
  }
  if (const std::int64_t end = read_encoded_date(parameter(key, "se")); end != 0) return end;
  return number(parameter(key, "Expires"));
}

s3::Verdict judge(const s3::Request& request, const s3::Failure& failure,
                  const s3::Target& target) {
  s3::Verdict verdict = s3::judge_status(failure.http_status, /*named=*/false);
  std::string text = describe(request, target) + ": " + words_of(failure);
  Code code = verdict.status.code();
  const int status = failure.http_status;
  if (status / 100 == 3) {
    text += failure.location.empty() ? " (a redirect that does not say where to)" : " (a redirect)";
  } else if (status == 410) {
    code = Code::not_found;
    text += " (the file is gone)";
  } else if (code == Code::not_found) {
    text += " (there is no such file: check the URL)";
  } else if (code == Code::permission_denied || status == 400) {
    // Some servers answer 400 to an expired or damaged URL.
    if (status == 400 && is_presigned(request.key)) code = Code::permission_denied;
    if (code == Code::permission_denied) text += " (" + advice_on_refusal(request) + ")";
  }
  verdict.status = Status(code, text);
  return verdict;
}

}  // namespace arraymorph::store::http
