#include "vol/prefix.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace arraymorph::vol {
namespace {

TEST(KeyFromPath, KeepsPlainNamesAndEncodesTheRest) {
  EXPECT_EQ(key_from_path("/a/b-1.x_Y"), "a/b-1.x_Y");
  EXPECT_EQ(key_from_path("//a///b/"), "a/b");
  EXPECT_EQ(key_from_path("/a b/\xC3\xA9~%"), "a%20b/%C3%A9%7E%25");
  EXPECT_EQ(key_from_path("/../.arraymorph"), "%2E./%2Earraymorph");
  EXPECT_EQ(key_from_path("/"), "dataset");
}

TEST(KeyFromPath, ShortensLongNamesWithoutMixingThemUp) {
  const std::string one = key_from_path("/" + std::string(300, 'a') + "1");
  const std::string two = key_from_path("/" + std::string(300, 'a') + "2");
  EXPECT_LE(one.size(), 255u);
  EXPECT_NE(one, two);
}

TEST(PrefixSet, GivesEachPrefixOnce) {
  PrefixSet set;
  EXPECT_EQ(set.claim("/x"), "x");
  EXPECT_EQ(set.claim("/x"), "x~2");
  EXPECT_EQ(set.claim("/x"), "x~3");
}

TEST(PrefixSet, NeverPutsOnePrefixInsideAnother) {
  PrefixSet set;
  set.add("a");
  EXPECT_EQ(set.claim("/a/b"), "~2/a/b");
  set.add("g/h/x");
  EXPECT_EQ(set.claim("/g/h"), "g/h~2");
}

TEST(PrefixSet, TagsNewPrefixes) {
  PrefixSet set;
  set.tag_new("0123abcd");
  EXPECT_EQ(set.claim("/x"), "x~0123abcd");
  EXPECT_EQ(set.claim("/x"), "x~0123abcd~2");
  EXPECT_EQ(random_tag().size(), 8u);
}

TEST(PrefixSet, WhatItGivesIsAPrefix) {
  PrefixSet set;
  for (const std::string& path :
       {std::string("/a/b c/.d"), std::string("/\xff"), std::string("/.."), std::string(),
        std::string(300, '.'), std::string(3000, 'x')}) {
    for (int i = 0; i < 12; ++i) {
      const std::string prefix = set.claim(path);
      EXPECT_TRUE(is_prefix(prefix)) << prefix;
      EXPECT_FALSE(set.try_add(prefix)) << prefix;
      EXPECT_FALSE(set.try_add(prefix + "/x")) << prefix;
    }
  }
  EXPECT_TRUE(set.try_add("free"));
}

TEST(PrefixSet, RandomPathsNeverNest) {
  std::mt19937 random(7);
  PrefixSet set;
  std::vector<std::string> given;
  for (int i = 0; i < 300; ++i) {
    std::string path;
    for (unsigned depth = 1 + random() % 3; depth > 0; --depth) {
      path += "/" + std::string(1, static_cast<char>('a' + random() % 3));
    }
    given.push_back(set.claim(path));
  }
  for (const std::string& one : given) {
    for (const std::string& two : given) {
      if (&one == &two) continue;
      EXPECT_FALSE((two + "/").starts_with(one + "/")) << one << " " << two;
    }
  }
}

}  // namespace
}  // namespace arraymorph::vol
