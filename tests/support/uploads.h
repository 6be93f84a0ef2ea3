// Uploads in parts to an object "out".
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "arraymorph/object_store.h"
#include "support/bytes.h"

namespace arraymorph::test {

/// `id`: of an unfinished one to go on with.
inline std::shared_ptr<Upload> begin_upload(ObjectStore& store, std::uint64_t size,
                                            std::uint64_t part_size, const std::string& id) {
  auto begun = upload(store, {"out", size, part_size, id});
  EXPECT_TRUE(begun.ok()) << begun.status().message();
  return *begun;
}

/// Finishes it; what the object holds then.
inline std::string finished(ObjectStore& store, Upload& upload) {
  const auto reply = finish(upload, {});
  EXPECT_TRUE(reply.ok()) << reply.status().message();
  return text(get(store, {"out", {}, {}})->body);
}

}  // namespace arraymorph::test
