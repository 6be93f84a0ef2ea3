// The cache of decoded chunks: entries, their accounting, least-recently-used order.
// Every function is called with the engine's mutex held.
#pragma once

#include "chunk/state.h"

namespace arraymorph::chunk {

/// The entry of a chunk or null; counts as a use.
Entry* find(ArrayState& array, const Index& index);

/// The entry of a chunk, made when there is none, pinned.
Entry& pin(ArrayState& array, const Index& index);

/// The entry may be gone afterwards.
void unpin(Entry& entry);

/// Count the bytes the entry holds now.
void recount(Entry& entry);

void mark_dirty(Entry& entry);

/// Put the entry where its state says after any change; drops it when nothing keeps it.
void settle(Entry& entry);

/// Drop whatever its state; it must not be writing.
void drop(Entry& entry);

/// Drop clean chunks, least recently used first, until the budget holds or none is left.
void trim(Shared& shared);

/// Let chunks whose PUT failed be tried again.
void retry_failed(Shared& shared);

/// True when one more chunk of `bytes` may be under way; one alone always may.
bool has_capacity(const Shared& shared, std::uint64_t bytes);
void charge(Shared& shared, std::uint64_t bytes);
void discharge(Shared& shared, std::uint64_t bytes);

/// Mark the entry as fetched ahead, or as used when it was.
void set_ahead(Entry& entry);
void use_ahead(Entry& entry);

/// Fill a decoded chunk with the fill value (empty: zeros).
void fill_chunk(ByteSpan chunk, ConstByteSpan fill);

/// A new chunk buffer, uninitialised; internal when memory runs out.
Result<std::shared_ptr<Buffer>> allocate_chunk(std::uint64_t bytes);

}  // namespace arraymorph::chunk
