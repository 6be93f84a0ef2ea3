#include "vol/find_file.h"

#include <future>
#include <utility>

namespace arraymorph::vol {
namespace {

using PlainAnswer = Result<vfd::PlainObject>;

void ask_head(ObjectStore& store, const std::string& key, Done<vfd::PlainObject> done) {
  store.head(key, [done = std::move(done)](Result<ObjectInfo> info) {
    if (!info.ok()) return done(info.status());
    done(vfd::PlainObject{std::move(info->key), info->size, std::move(info->etag), {}});
  });
}

void ask_beginning(ObjectStore& store, const std::string& key, std::uint64_t bytes,
                   Done<vfd::PlainObject> done) {
  GetRequest request;
  request.key = key;
  request.range = ByteRange{0, bytes};
  store.get(std::move(request), [key, done = std::move(done)](Result<GetReply> reply) {
    if (reply.ok()) {
      return done(vfd::PlainObject{key, reply->object_size, std::move(reply->etag),
                                   std::move(reply->body)});
    }
    done(reply.status());
  });
}

/// The object, with so many of its first bytes; with none only what the store says about it.
std::future<PlainAnswer> ask(ObjectStore& store, const std::string& key, std::uint64_t bytes) {
  const auto answer = std::make_shared<std::promise<PlainAnswer>>();
  Done<vfd::PlainObject> done = [answer](PlainAnswer found) {
    answer->set_value(std::move(found));
  };
  if (bytes == 0) {
    ask_head(store, key, std::move(done));
  } else {
    ask_beginning(store, key, bytes, std::move(done));
  }
  return answer->get_future();
}

/// No range of an empty object can be had; a server may have other reasons to refuse one.
PlainAnswer empty_or(PlainAnswer plain, ObjectStore& store, const store::Location& location) {
  if (plain.ok() || plain.status().code() != Code::invalid_argument) return plain;
  GetRequest whole;
  whole.key = location.key;
  const auto reply = get(store, std::move(whole));
  if (!reply.ok()) return reply.status();
  if (!reply->body.empty()) return plain;
  return vfd::PlainObject{location.key, 0, {}, {}};
}

}  // namespace

Result<Loaded> load(ObjectStore& store, const store::Location& location) {
  GetRequest request;
  request.key = location.below(kMetadataKey);
  ARRAYMORPH_ASSIGN(GetReply reply, get(store, std::move(request)));
  auto metadata = decode_metadata(std::move(reply.body));
  if (!metadata.ok()) {
    return metadata.status().with_context(location.url() + "/" + kMetadataKey);
  }
  return Loaded{std::move(*metadata), std::move(reply.etag)};
}

Result<Found> find_file(ObjectStore& store, const store::Location& location, bool create) {
  std::future<PlainAnswer> coming = ask(store, location.key, create ? 0 : vfd::kHeadBytes);
  const auto answer_of = [&](PlainAnswer plain) {
    return create ? std::move(plain) : empty_or(std::move(plain), store, location);
  };

  Found found;
  if (location.plain_only()) {
    PlainAnswer plain = answer_of(coming.get());
    if (plain.ok()) {
      found.plain = std::move(*plain);
    } else if (plain.status().code() != Code::not_found) {
      return plain.status();
    }
    found.missing = plain.status();
    return found;
  }
  auto loaded = load(store, location);
  if (loaded.ok()) {
    found.loaded = std::move(*loaded);
    return found;
  }
  // Who may not list a bucket is refused what does not exist.
  const Code code = loaded.status().code();
  if (code != Code::not_found && code != Code::permission_denied) return loaded.status();
  PlainAnswer plain = answer_of(coming.get());
  if (plain.ok()) {
    found.plain = std::move(*plain);
    return found;
  }
  if (code != Code::not_found) return loaded.status();
  if (plain.status().code() != Code::not_found) return plain.status();
  found.missing = loaded.status();
  return found;
}

Result<bool> is_there(ObjectStore& store, const store::Location& location) {
  constexpr std::uint64_t kFirstBytes = 1024;  // the superblock, unless there is a large user block
  std::future<PlainAnswer> coming = ask(store, location.key, kFirstBytes);
  Status refused;
  if (!location.plain_only()) {
    const PlainAnswer metadata = ask(store, location.below(kMetadataKey), kFirstBytes).get();
    if (metadata.ok()) return true;
    const Code code = metadata.status().code();
    if (code != Code::not_found && code != Code::permission_denied) return metadata.status();
    if (code != Code::not_found) refused = metadata.status();
  }
  PlainAnswer plain = empty_or(coming.get(), store, location);
  if (plain.ok() && plain->size > kFirstBytes && !vfd::find_superblock(plain->head.span())) {
    plain = ask(store, location.key, vfd::kHeadBytes).get();
  }
  if (plain.ok()) return vfd::find_superblock(plain->head.span()).has_value();
  if (!refused.ok()) return refused;
  if (plain.status().code() == Code::not_found) return false;
  return plain.status();
}

}  // namespace arraymorph::vol
