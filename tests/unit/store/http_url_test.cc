#include <gtest/gtest.h>

#include "store/http/errors.h"
#include "store/http/url.h"

namespace arraymorph::store::http {
namespace {

std::string read(std::string_view text) {
  const Result<Url> url = read_url(text);
  return url.ok() ? url->origin + " + " + url->key : "error: " + url.status().message();
}

std::string followed(std::string_view base, std::string_view reference) {
  const Result<Url> url = follow(*read_url(base), reference);
  return url.ok() ? url->text() : "error: " + url.status().message();
}

bool refuses(const std::string& answer, const char* words) {
  return answer.starts_with("error: ") && answer.find(words) != std::string::npos;
}

TEST(HttpUrlTest, KeysStayAsTheyAre) {
  EXPECT_EQ(read("https://host/a.h5"), "https://host + a.h5");
  EXPECT_EQ(read("HTTPS://host:8443/a//b/../c%20d.h5?x=%2F&y=/z"),
            "https://host:8443 + a//b/../c%20d.h5?x=%2F&y=/z");
  EXPECT_EQ(read("http://[::1]:80/a"), "http://[::1]:80 + a");
  const Url url = *read_url("https://host:1/a?b");
  EXPECT_TRUE(url.tls());
  EXPECT_EQ(url.authority(), "host:1");
  EXPECT_EQ(read_url("http://host/a")->authority(), "host");
}

TEST(HttpUrlTest, WhatIsNoUrlIsRefused) {
  EXPECT_TRUE(refuses(read("https://"), "write https://host/path"));
  EXPECT_TRUE(refuses(read("http:///a"), "write http://host/path"));
  EXPECT_TRUE(refuses(read("http://ho st/a"), "write http://host/path"));
  EXPECT_TRUE(refuses(read("https://host"), "the name of the file is missing"));
  EXPECT_TRUE(refuses(read("https://host/"), "the name of the file is missing"));
  EXPECT_TRUE(refuses(read("https://host/?a=b"), "the name of the file is missing"));
  EXPECT_TRUE(refuses(read("https://host?a=/b"), "the name of the file is missing"));
  EXPECT_TRUE(refuses(read("https://host/a#b"), "%23"));
  EXPECT_TRUE(refuses(read("https://host/a b"), "%20"));
  EXPECT_TRUE(refuses(read("https://host/a\r\nX: y"), "percent-encoded"));
  EXPECT_TRUE(refuses(read("https://host/\xc3\xa9"), "percent-encoded"));
  EXPECT_TRUE(refuses(read(std::string_view("https://host/a\0b", 16)), "percent-encoded"));
}

TEST(HttpUrlTest, MessagesKeepSecrets) {
  const std::string user = read("https://me:secret@host/a?token=secret");
  EXPECT_TRUE(refuses(user, "user and password"));
  EXPECT_EQ(user.find("secret"), std::string::npos) << user;
  EXPECT_EQ(read("https://host/a b?token=secret").find("secret"), std::string::npos);
  EXPECT_EQ(followed("https://host/a?s", "http://host/a?secret").find("secret"), std::string::npos);
}

TEST(HttpUrlTest, RedirectsAreReferences) {
  const char* const base = "https://host:1/a/b/c.h5?q=/r";
  EXPECT_EQ(followed(base, "https://other/x?y=1"), "https://other/x?y=1");
  EXPECT_EQ(followed(base, "//other/x"), "https://other/x");
  EXPECT_EQ(followed(base, "/x/y"), "https://host:1/x/y");
  EXPECT_EQ(followed(base, "d.h5"), "https://host:1/a/b/d.h5");
  EXPECT_EQ(followed(base, "../d.h5?z=../w"), "https://host:1/a/d.h5?z=../w");
  EXPECT_EQ(followed(base, "./../../../d.h5"), "https://host:1/d.h5");
  EXPECT_EQ(followed(base, "?other"), "https://host:1/a/b/c.h5?other");
  EXPECT_EQ(followed(base, "/x#fragment"), "https://host:1/x");
  EXPECT_EQ(followed("https://host/a", "b?c:d"), "https://host/b?c:d");
  EXPECT_EQ(followed("http://host/a", "https://host/a"), "https://host/a");
}

TEST(HttpUrlTest, RedirectsStayWithHttp) {
  EXPECT_TRUE(refuses(followed("https://host/a", "http://host/a"), "from https to http"));
  EXPECT_TRUE(refuses(followed("https://host/a", "ftp://host/a"), "no http or https"));
  EXPECT_TRUE(refuses(followed("https://host/a", "file:///etc/passwd"), "no http or https"));
  EXPECT_TRUE(refuses(followed("https://host/a", "/"), "the name of the file is missing"));
}

TEST(HttpExpiryTest, IsReadFromTheQuery) {
  constexpr std::int64_t kTime = 1795644611;  // 2026-11-25T22:10:11Z
  EXPECT_EQ(valid_until("a?X-Amz-Date=20261125T221011Z&X-Amz-Expires=60"), kTime + 60);
  EXPECT_EQ(valid_until("a?b=c&X-Goog-Expires=5&X-Goog-Date=20261125T221011Z"), kTime + 5);
  EXPECT_EQ(valid_until("a?sv=1&se=2026-11-25T22%3A10%3A11Z&sig=x"), kTime);
  EXPECT_EQ(valid_until("a?se=2026-11-25T22:10:11Z"), kTime);
  EXPECT_EQ(valid_until("a?Expires=1795644611&Signature=x"), kTime);
  for (const char* none :
       {"a", "a?", "a?&", "X-Amz-Date=20261125T221011Z&X-Amz-Expires=60", "a?X-Amz-Expires=60",
        "a?X-Amz-Date=20261125T221011Z", "a?X-Amz-Date=20261325T221011Z&X-Amz-Expires=60",
        "a?X-Amz-Date=20261125T221011Z&X-Amz-Expires=-1",
        "a?X-Amz-Date=20261125T221011Z&X-Amz-Expires=99999999999999999999", "a?Expires=soon"}) {
    EXPECT_EQ(valid_until(none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace arraymorph::store::http
