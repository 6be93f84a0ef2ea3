#include "arraymorph/status.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace arraymorph {
namespace {

TEST(StatusTest, ContextGoesInFront) {
  const Status status(Code::not_found, "no such key");
  EXPECT_EQ(status.with_context("open a.h5").message(), "open a.h5: no such key");
  EXPECT_EQ(status.with_context("open a.h5").code(), Code::not_found);
  EXPECT_EQ(Status(Code::internal, "").with_context("here").message(), "here");
  EXPECT_TRUE(Status().with_context("anything").ok());
}

TEST(StatusTest, CodesHaveNamesAndErrnos) {
  EXPECT_EQ(code_name(Code::permission_denied), "permission denied");
  EXPECT_EQ(code_errno(Code::ok), 0);
  EXPECT_EQ(code_errno(Code::not_found), ENOENT);
  EXPECT_EQ(code_errno(Code::already_exists), EEXIST);
  EXPECT_EQ(code_errno(Code::permission_denied), EACCES);
  EXPECT_EQ(code_errno(Code::out_of_space), ENOSPC);
  EXPECT_EQ(code_errno(Code::too_large), EFBIG);
  EXPECT_EQ(code_errno(Code::conflict), EIO);
}

TEST(StatusTest, KeepsTheErrnoOfTheSystem) {
  const Status full = Status(Code::out_of_space, "quota", EDQUOT).with_context("here");
  EXPECT_EQ(full.system_errno(), EDQUOT);
  EXPECT_EQ(full.closest_errno(), EDQUOT);
  const Status other(Code::too_large, "the server's limit");
  EXPECT_EQ(other.system_errno(), 0);
  EXPECT_EQ(other.closest_errno(), EFBIG);
}

Result<int> half(int number) {
  if (number % 2 != 0) return Status(Code::invalid_argument, "odd");
  return number / 2;
}

Result<int> quarter(int number) {
  ARRAYMORPH_ASSIGN(const int once, half(number));
  return half(once);
}

TEST(ResultTest, CarriesValueOrStatus) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_TRUE(quarter(12).status().ok());
  EXPECT_EQ(quarter(6).status().message(), "odd");
  EXPECT_EQ(quarter(3).status().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace arraymorph
