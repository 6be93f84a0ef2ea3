"""The allocation time in the object header of a dataset.

ArrayMorph's datasets are created with a time that reserves no space; the one that was asked for
is in the catalog. HDF5 has no call to change it afterwards, so its message is patched (HDF5 file
format specification 3.0, IV.A.1 and IV.A.2.f).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Protocol

_FILL_VALUE = 0x05
_CONTINUATION = 0x10
_SIGNATURES = (b"OHDR", b"OCHK")
_CHECKSUM = 4


class Image(Protocol):
    """The bytes of an HDF5 file."""

    def bytes_at(self, offset: int, length: int) -> bytes: ...
    def patch(self, offset: int, content: bytes) -> None: ...


def set_alloc_time(image: Image, base: int, address: int, width: int, time: int) -> bool:
    """False where no such message was found. `base`: bytes of the user block; `address`: of the
    object header; `width`: bytes of a file offset; `time`: an H5D_alloc_time_t."""
    for start, length, messages in _blocks(image, base, address, width):
        block = bytearray(image.bytes_at(start, length))
        for kind, begin, _ in messages:
            if kind != _FILL_VALUE:
                continue
            version = block[begin]
            block[begin + 1] = (block[begin + 1] & ~3) | time if version >= 3 else time
            if block[:4] in _SIGNATURES:
                block[-_CHECKSUM:] = struct.pack("<I", lookup3(bytes(block[:-_CHECKSUM])))
            image.patch(start, bytes(block))
            return True
    return False


_Message = tuple[int, int, int]  # type, where its data begins in the block, and how long it is


def _blocks(
    image: Image, base: int, address: int, width: int
) -> Iterator[tuple[int, int, list[_Message]]]:
    """Every block of an object header: its place in the file, its length, its messages."""
    head = image.bytes_at(base + address, 64)
    modern = head[:4] == b"OHDR"
    if modern:
        flags = head[5]
        at = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        size_bytes = 1 << (flags & 3)
        size = int.from_bytes(head[at : at + size_bytes], "little")
        first, order = at + size_bytes, 2 if flags & 4 else 0
        waiting = [(base + address, first, first + size + _CHECKSUM)]
    else:
        order = 0
        waiting = [(base + address, 16, 16 + int.from_bytes(head[8:12], "little"))]
    while waiting:
        start, first, length = waiting.pop(0)
        block = image.bytes_at(start, length)
        end = length - (_CHECKSUM if modern else 0)
        messages = list(_messages(block, first, end, modern, order))
        for kind, begin, _ in messages:
            if kind == _CONTINUATION:
                offset = int.from_bytes(block[begin : begin + width], "little")
                more = int.from_bytes(block[begin + width : begin + 2 * width], "little")
                waiting.append((base + offset, 4 if modern else 0, more))
        yield start, length, messages


def _messages(block: bytes, at: int, end: int, modern: bool, order: int) -> Iterator[_Message]:
    header = 4 + order if modern else 8
    while at + header <= end:
        kind = block[at] if modern else int.from_bytes(block[at : at + 2], "little")
        size = int.from_bytes(
            block[at + 1 : at + 3] if modern else block[at + 2 : at + 4], "little"
        )
        yield kind, at + header, size
        at += header + size


def lookup3(data: bytes) -> int:
    """Bob Jenkins' hash, HDF5's checksum of metadata."""
    mask = 0xFFFFFFFF
    a = b = c = (0xDEADBEEF + len(data)) & mask

    def rotate(x: int, k: int) -> int:
        return ((x << k) | (x >> (32 - k))) & mask

    at = 0
    while len(data) - at > 12:
        x, y, z = struct.unpack_from("<III", data, at)
        a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
        a = ((a - c) & mask) ^ rotate(c, 4)
        c = (c + b) & mask
        b = ((b - a) & mask) ^ rotate(a, 6)
        a = (a + c) & mask
        c = ((c - b) & mask) ^ rotate(b, 8)
        b = (b + a) & mask
        a = ((a - c) & mask) ^ rotate(c, 16)
        c = (c + b) & mask
        b = ((b - a) & mask) ^ rotate(a, 19)
        a = (a + c) & mask
        c = ((c - b) & mask) ^ rotate(b, 4)
        b = (b + a) & mask
        at += 12
    if at == len(data):
        return int(c)
    x, y, z = struct.unpack("<III", data[at:].ljust(12, b"\0"))
    a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
    for first, second, turn in (
        ("c", "b", 14),
        ("a", "c", 11),
        ("b", "a", 25),
        ("c", "b", 16),
        ("a", "c", 4),
        ("b", "a", 14),
        ("c", "b", 24),
    ):
        state = {"a": a, "b": b, "c": c}
        changed = ((state[first] ^ state[second]) - rotate(state[second], turn)) & mask
        a, b, c = (changed if each == first else state[each] for each in "abc")
    return int(c)
