// Vectors of 16 bytes (SSE2, NEON) in the compilers' own notation: every x86-64 and AArch64 has
// them, and they work at the speed of the cache, so no wider ones are chosen at run time.
#include "codec/transpose.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace arraymorph::codec {
namespace {

constexpr std::size_t kVector = 16;
using Vector [[gnu::vector_size(kVector)]] = std::uint8_t;

template <std::size_t kRows>
using Tile = std::array<Vector, kRows>;

Vector low_halves(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

Vector high_halves(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}

// Seen as the bits of one address (row, column), each pass rotates the address left by one.
template <std::size_t kRows>
void interleave(Tile<kRows>& tile) {
  Tile<kRows> next;
  for (std::size_t i = 0; i < kRows / 2; ++i) {
    next[2 * i] = low_halves(tile[i], tile[i + kRows / 2]);
    next[2 * i + 1] = high_halves(tile[i], tile[i + kRows / 2]);
  }
  tile = next;
}

/// kRows bytes of each of 16 elements -> 16 bytes of each of kRows planes: rotates by the 4 bits
/// of a column.
template <std::size_t kRows>
void to_planes(Tile<kRows>& tile) {
  for (int pass = 0; pass < 4; ++pass) interleave(tile);
}

/// The reverse: rotates by the bits of a row.
template <std::size_t kRows>
void to_elements(Tile<kRows>& tile) {
  for (std::size_t rows = kRows; rows > 1; rows /= 2) interleave(tile);
}

Vector load(const std::byte* from) {
  Vector vector;
  std::memcpy(&vector, from, kVector);
  return vector;
}

void store(Vector vector, std::byte* to) { std::memcpy(to, &vector, kVector); }

void scatter_one(const std::byte* in, std::byte* out, std::size_t count, std::size_t size,
                 std::size_t element) {
  for (std::size_t k = 0; k < size; ++k) out[k * count + element] = in[element * size + k];
}

void gather_one(const std::byte* in, std::byte* out, std::size_t count, std::size_t size,
                std::size_t element) {
  for (std::size_t k = 0; k < size; ++k) out[element * size + k] = in[k * count + element];
}

// Elements of 2, 4, 8 and 16 bytes: a tile is memory as it lies there.

template <std::size_t kSize>
void scatter_exact(const std::byte* in, std::byte* out, std::size_t count) {
  // Planes that lie a power of two apart compete for the same places in the cache: where there are
  // many, a whole cache line of each is written at once.
  constexpr std::size_t kTiles = kSize == 16 ? 4 : 1;
  constexpr std::size_t kStep = kTiles * kVector;
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    std::array<Tile<kSize>, kTiles> tiles;
    std::memcpy(tiles.data(), in + i * kSize, sizeof tiles);
    for (Tile<kSize>& tile : tiles) to_planes(tile);
    for (std::size_t k = 0; k < kSize; ++k) {
      std::byte* to = out + k * count + i;
      for (std::size_t t = 0; t < kTiles; ++t) store(tiles[t][k], to + t * kVector);
    }
  }
  for (; i < count; ++i) scatter_one(in, out, count, kSize, i);
}

template <std::size_t kSize>
void gather_exact(const std::byte* in, std::byte* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + kVector <= count; i += kVector) {
    Tile<kSize> tile;
    for (std::size_t k = 0; k < kSize; ++k) tile[k] = load(in + k * count + i);
    to_elements(tile);
    std::memcpy(out + i * kSize, tile.data(), sizeof tile);
  }
  for (; i < count; ++i) gather_one(in, out, count, kSize, i);
}

// Any other size: tiles of kWidth (8 or 16) columns. A tile that sticks out of its element reads
// what belongs to the next one, or is overwritten by it: elements go in order, the last ones alone.

/// The first column of the tile after the one at `k`: the last tile ends with the element.
template <std::size_t kWidth>
std::size_t next_column(std::size_t k, std::size_t size) {
  return k + 2 * kWidth <= size || k + kWidth >= size ? k + kWidth : size - kWidth;
}

template <std::size_t kWidth>
bool fits(std::size_t element, std::size_t count, std::size_t size) {
  return element + kVector <= count && (element + kVector - 1) * size + kWidth <= count * size;
}

template <std::size_t kWidth>
void scatter_tiled(const std::byte* in, std::byte* out, std::size_t count, std::size_t size) {
  std::size_t i = 0;
  for (; fits<kWidth>(i, count, size); i += kVector) {
    for (std::size_t k = 0; k < size; k = next_column<kWidth>(k, size)) {
      std::array<std::byte, kVector * kWidth> rows;
      for (std::size_t e = 0; e < kVector; ++e) {
        std::memcpy(rows.data() + e * kWidth, in + (i + e) * size + k, kWidth);
      }
      Tile<kWidth> tile;
      std::memcpy(tile.data(), rows.data(), sizeof tile);
      to_planes(tile);
      for (std::size_t r = 0; r < kWidth && k + r < size; ++r) {
        store(tile[r], out + (k + r) * count + i);
      }
    }
  }
  for (; i < count; ++i) scatter_one(in, out, count, size, i);
}

template <std::size_t kWidth>
void gather_tiled(const std::byte* in, std::byte* out, std::size_t count, std::size_t size) {
  std::size_t i = 0;
  for (; fits<kWidth>(i, count, size); i += kVector) {
    for (std::size_t k = 0; k < size; k = next_column<kWidth>(k, size)) {
      Tile<kWidth> tile{};
      for (std::size_t r = 0; r < kWidth && k + r < size; ++r) {
        tile[r] = load(in + (k + r) * count + i);
      }
      to_elements(tile);
      std::array<std::byte, kVector * kWidth> rows;
      std::memcpy(rows.data(), tile.data(), sizeof tile);
      for (std::size_t e = 0; e < kVector; ++e) {
        std::memcpy(out + (i + e) * size + k, rows.data() + e * kWidth, kWidth);
      }
    }
  }
  for (; i < count; ++i) gather_one(in, out, count, size, i);
}

// Bit b of byte r of every 8 bytes changes places with bit r of byte b (Hacker's Delight, 7-3).
void transpose_bits(std::byte* bytes, std::size_t size) {
  for (std::size_t at = 0; at < size; at += 8) {
    std::uint64_t x = 0;
    std::memcpy(&x, bytes + at, sizeof x);
    std::uint64_t t = (x ^ x >> 7) & 0x00AA00AA00AA00AA;
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & 0x0000CCCC0000CCCC;
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & 0x00000000F0F0F0F0;
    x ^= t ^ t << 28;
    std::memcpy(bytes + at, &x, sizeof x);
  }
}

}  // namespace

void scatter_bytes(const std::byte* in, std::byte* out, std::size_t count, std::size_t size) {
  switch (size) {
    case 1:
      std::memcpy(out, in, count);
      return;
    case 2:
      return scatter_exact<2>(in, out, count);
    case 4:
      return scatter_exact<4>(in, out, count);
    case 8:
      return scatter_exact<8>(in, out, count);
    case 16:
      return scatter_exact<16>(in, out, count);
    default:
      return size < 8 ? scatter_tiled<8>(in, out, count, size)
                      : scatter_tiled<16>(in, out, count, size);
  }
}

void gather_bytes(const std::byte* in, std::byte* out, std::size_t count, std::size_t size) {
  switch (size) {
    case 1:
      std::memcpy(out, in, count);
      return;
    case 2:
      return gather_exact<2>(in, out, count);
    case 4:
      return gather_exact<4>(in, out, count);
    case 8:
      return gather_exact<8>(in, out, count);
    case 16:
      return gather_exact<16>(in, out, count);
    default:
      return size < 8 ? gather_tiled<8>(in, out, count, size)
                      : gather_tiled<16>(in, out, count, size);
  }
}

void scatter_bits(const std::byte* in, std::byte* out, std::byte* work, std::size_t count,
                  std::size_t size) {
  scatter_bytes(in, work, count, size);
  transpose_bits(work, count * size);
  for (std::size_t k = 0; k < size; ++k) {
    scatter_bytes(work + k * count, out + k * count, count / 8, 8);
  }
}

void gather_bits(const std::byte* in, std::byte* out, std::byte* work, std::size_t count,
                 std::size_t size) {
  for (std::size_t k = 0; k < size; ++k) {
    gather_bytes(in + k * count, work + k * count, count / 8, 8);
  }
  transpose_bits(work, count * size);
  gather_bytes(work, out, count, size);
}

}  // namespace arraymorph::codec
