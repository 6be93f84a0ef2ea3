#include <gtest/gtest.h>

#include "store/s3/date.h"

namespace arraymorph::store::s3 {
namespace {

TEST(S3DateTest, ReadsBothForms) {
  EXPECT_EQ(read_iso_date("1970-01-01T00:00:01Z"), 1);
  EXPECT_EQ(read_iso_date("2026-11-25T22:10:11.000Z"), 1795644611);
  EXPECT_EQ(read_iso_date("2024-02-29T23:59:59.123456789Z"), 1709251199);
  EXPECT_EQ(read_http_date("Wed, 25 Nov 2026 22:10:11 GMT"), 1795644611);
  EXPECT_EQ(read_http_date("Thu, 29 Feb 2024 23:59:59 GMT"), 1709251199);
}

TEST(S3DateTest, AnythingElseIsUnknown) {
  for (const char* text :
       {"", "now", "2026-11-25", "2026-11-25T22:10:11", "2026-11-25T22:10:11+01:00",
        "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-11-25T24:00:00Z", "2026-11-25T22:60:00Z", "2026-11-25 22:10:11Z",
        "-026-11-25T22:10:11Z", "2026-+1-25T22:10:11Z", "Wed, 25 Nov 2026 22:10:11 GMT"}) {
    EXPECT_EQ(read_iso_date(text), 0) << text;
  }
  for (const char* text : {"", "Wed, 25 Nov 2026 22:10:11", "Wed, 25 Nox 2026 22:10:11 GMT",
                           "Wed, 31 Nov 2026 22:10:11 GMT", "Wed, 25 Nov 2026 22:10:61 GMT",
                           "Wednesday, 25-Nov-26 22:10:11 GMT", "Wed Nov 25 22:10:11 2026",
                           "2026-11-25T22:10:11.000Z", "Wed, 25 nov 2026 22-10-11 GMT"}) {
    EXPECT_EQ(read_http_date(text), 0) << text;
  }
}

}  // namespace
}  // namespace arraymorph::store::s3
