#include "chunk/array.h"

#include "chunk/cache.h"
#include "chunk/flush.h"
#include "chunk/load.h"
#include "chunk/send.h"
#include "chunk/state.h"

namespace arraymorph::chunk {
namespace {

// Every array on one store learns from the requests of all.
std::shared_ptr<Link> link_to(const std::shared_ptr<ObjectStore>& store, Shared& shared) {
  const Lock lock(shared.mutex);
  // Another store may lie where one lay that is gone.
  std::erase_if(shared.links, [](const auto& each) { return each.second.store.expired(); });
  Shared::LinkOf& entry = shared.links[store.get()];
  if (!entry.link) entry = {store, std::make_shared<Link>(shared.limits.link)};
  return entry.link;
}

}  // namespace

ArrayState::ArrayState(const std::shared_ptr<ObjectStore>& s, std::shared_ptr<Shared> e,
                       ArraySpec p)
    : store(*s),
      shared(std::move(e)),
      link(link_to(s, *shared)),
      spec(std::move(p)),
      chunk_bytes(spec.grid.chunk_bytes()),
      generation(fork_generation()),
      settled(spec.grid) {}

const std::string& ArrayState::tag_of(const Index& index) const {
  static const auto* const none = new std::string;
  const auto& versions = spec.records.versions;
  if (versions.empty()) return *none;
  const auto found = versions.find(index);
  return found == versions.end() ? *none : found->second;
}

std::uint32_t ArrayState::mask_of(const Index& index) const {
  const auto& masks = spec.records.filter_masks;
  const auto found = masks.find(index);
  return found == masks.end() ? 0 : found->second;
}

// In place, too, what is committed stays readable: bytes that the recorded filter mask does not fit
// never replace those that it does, nor does what a shrink has left of a chunk replace the whole.
std::string ArrayState::tag_to_write(const Index& index, std::uint32_t mask) const {
  const bool others_may_read = !spec.fresh && (spec.records.shrunk || settled.contains(index));
  const bool both_stay = spec.new_objects || mask != mask_of(index) || shrunk_over.contains(index);
  if (!others_may_read || !both_stay) return tag_of(index);
  return spec.session + "-" + std::to_string(commits);
}

std::string ArrayState::key(const Index& index) const {
  return spec.places ? spec.places->object().key : chunk_key(spec.prefix, index, tag_of(index));
}

std::string ArrayState::describe(const Index& index, const std::string& key) const {
  std::string text = "dataset " + spec.name + ", chunk (";
  for (std::size_t d = 0; d < index.size(); ++d) {
    if (d > 0) text += ", ";
    text += std::to_string(index[d]);
  }
  return text + "), key " + key;
}

Array::Array(std::shared_ptr<ObjectStore> store, std::shared_ptr<Engine> engine, ArraySpec spec)
    : impl_(std::make_unique<Impl>()) {
  impl_->state = std::make_shared<ArrayState>(store, engine->shared(), std::move(spec));
  impl_->store = std::move(store);
  impl_->engine = std::move(engine);
}

Array::~Array() { abandon(); }

const Grid& Array::grid() const { return impl_->state->spec.grid; }
const std::string& Array::name() const { return impl_->state->spec.name; }
const std::string& Array::prefix() const { return impl_->state->spec.prefix; }

bool Array::dirty() const {
  const Lock lock(impl_->state->shared->mutex);
  return impl_->state->unsaved > 0;
}

Status Array::flush() { return flush_array(*impl_->state); }

Status Array::flush(std::span<Array* const> arrays) {
  std::vector<ArrayState*> states;
  states.reserve(arrays.size());
  for (Array* array : arrays) states.push_back(array->impl_->state.get());
  return flush_together(states);
}

Status Array::refresh() {
  ArrayState& array = *impl_->state;
  ARRAYMORPH_TRY(flush_array(array));
  Lock lock(array.shared->mutex);
  wait_loads(array, lock);
  drop_all(array);
  array.known.reset();
  return {};
}

void Array::abandon() {
  ArrayState& array = *impl_->state;
  Lock lock(array.shared->mutex);
  wait_idle(array, lock);
  wait_loads(array, lock);
  drop_all(array);
  array.given_up.clear();
  array.sent.clear();
  array.shrunk_over.clear();
}

}  // namespace arraymorph::chunk
