#include "store/s3/date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace arraymorph::store::s3 {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Date {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

  std::int64_t seconds() const {
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    // 60: a leap second.
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return 0;
    const std::chrono::seconds midnight = std::chrono::sys_days(date).time_since_epoch();
    return midnight.count() + std::int64_t{3600} * hour + std::int64_t{60} * minute + second;
  }
};

bool number(std::string_view text, std::size_t at, std::size_t digits, int& value) {
  const char* const first = text.data() + at;
  const char* const last = first + digits;
  if (!std::all_of(first, last, [](char c) { return c >= '0' && c <= '9'; })) return false;
  return std::from_chars(first, last, value).ptr == last;
}

// "hh:mm:ss" at `at`.
bool time_of_day(std::string_view text, std::size_t at, Date& date) {
  return number(text, at, 2, date.hour) && text[at + 2] == ':' &&
         number(text, at + 3, 2, date.minute) && text[at + 5] == ':' &&
         number(text, at + 6, 2, date.second);
}

}  // namespace

std::int64_t read_iso_date(std::string_view text) {
  Date date;
  const bool right = text.size() >= 20 && text.ends_with('Z') && number(text, 0, 4, date.year) &&
                     text[4] == '-' && number(text, 5, 2, date.month) && text[7] == '-' &&
                     number(text, 8, 2, date.day) && text[10] == 'T' && time_of_day(text, 11, date);
  return right ? date.seconds() : 0;
}

std::int64_t read_http_date(std::string_view text) {
  Date date;
  const bool right = text.size() == 29 && text.ends_with(" GMT") && number(text, 5, 2, date.day) &&
                     number(text, 12, 4, date.year) && time_of_day(text, 17, date);
  if (!right) return 0;
  const auto* const month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  date.month = static_cast<int>(month - kMonths.begin()) + 1;
  return date.seconds();
}

}  // namespace arraymorph::store::s3
