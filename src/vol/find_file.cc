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

void ask_beginning(ObjectStore& store, const std::string& key, Done<vfd::PlainObject> done) {
  GetRequest request;
  request.key = key;
  request.range = ByteRange{0, vfd::kHeadBytes};
  store.get(std::move(request), [key, done = std::move(done)](Result<GetReply> reply) {
    if (reply.ok()) {
      return done(vfd::PlainObject{key, reply->object_size, std::move(reply->etag),
                                   std::move(reply->body)});
    }
    done(reply.status());
  });
}

/// No range of an empty object can be had; a server may have other reasons to refuse one.
PlainAnswer empty_or(const Status& refused, ObjectStore& store, const store::Location& location) {
  if (refused.code() != Code::invalid_argument) return refused;
  GetRequest whole;
  whole.key = location.key;
  const auto reply = get(store, std::move(whole));
  if (!reply.ok()) return reply.status();
  if (!reply->body.empty()) return refused;
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
  const auto answer = std::make_shared<std::promise<PlainAnswer>>();
  std::future<PlainAnswer> coming = answer->get_future();
  const auto ask = create ? ask_head : ask_beginning;
  ask(store, location.key, [answer](PlainAnswer found) { answer->set_value(std::move(found)); });

  const auto answer_of = [&](PlainAnswer plain) {
    return plain.ok() || create ? std::move(plain) : empty_or(plain.status(), store, location);
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

}  // namespace arraymorph::vol
