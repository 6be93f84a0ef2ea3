"""A second implementation of docs/format.md, for reading: Python, numpy and HDF5's own library.

Nothing of ArrayMorph is used, and numbers in comments are sections of that page. As a program:

    python second_reader.py DIRECTORY/run42.h5 /dataset out.npy
"""

from __future__ import annotations

import itertools
import json
import os
import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Index = tuple[int, ...]
Get = Callable[[str], "bytes | None"]  # a key below the file key; None: there is no such object

_MASK_64 = (1 << 64) - 1
_NUMBERS = itertools.count()


class FormatError(Exception):
    """The file is damaged, or not one."""


class LaterFormatError(Exception):
    """Written by a later version."""


def _crc32c_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)  # noqa: PLW2901
        table.append(value)
    return table


_TABLE = _crc32c_table()


def crc32c(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def split_metadata(body: bytes) -> tuple[bytes, dict[str, Any]]:
    """HDF5 file bytes and catalog of a metadata object (2)."""
    if len(body) < 48:
        raise FormatError("shorter than a trailer")
    trailer = body[-48:]
    if trailer[:7] != b"AMORPHv":
        raise FormatError("no trailer")
    if trailer[7:8] != b"1":
        raise LaterFormatError("trailer")
    file_length, catalog_length, content_sum, _, _, _, own_sum = struct.unpack(
        "<QQIIQII", trailer[8:]
    )
    if crc32c(trailer[:44]) != own_sum:
        raise FormatError("the trailer's checksum")
    if file_length + catalog_length + 48 != len(body):
        raise FormatError("lengths")
    if crc32c(body[:-48]) != content_sum:
        raise FormatError("the content's checksum")
    return body[:file_length], check_catalog(body[file_length:-48].decode())


def check_catalog(text: str) -> dict[str, Any]:
    """The catalog (3), or an error."""
    catalog: Any = json.loads(text)
    if not isinstance(catalog, dict) or not _whole(catalog.get("version")):
        raise FormatError("no version")
    if catalog["version"] > 1:
        raise LaterFormatError("catalog")
    if not isinstance(catalog.get("datasets"), list):
        raise FormatError("datasets")
    prefixes: list[str] = [*catalog.get("trash", [])]
    addresses = set()
    for entry in catalog["datasets"]:
        if not _whole(entry.get("address")) or entry["address"] in addresses:
            raise FormatError("address")
        addresses.add(entry["address"])
        prefixes.append(entry.get("prefix"))
        _check_entry(entry)
    _check_prefixes(prefixes)
    return catalog


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MASK_64


def _check_entry(entry: dict[str, Any]) -> None:
    chunk = entry.get("chunk")
    if not isinstance(chunk, list) or not all(_whole(extent) and extent for extent in chunk):
        raise FormatError("chunk")
    if entry.get("layout", "chunked") not in ("chunked", "contiguous"):
        raise FormatError("layout")
    masked = [index for index, _ in entry.get("filter_masks", [])]
    versions = [index for indexes in entry.get("versions", {}).values() for index in indexes]
    for indexes in (masked, versions):
        if len({tuple(index) for index in indexes}) != len(indexes):
            raise FormatError("an index twice")
    for index in [*masked, *versions, *entry.get("absent", [])]:
        if len(index) != len(chunk) or not all(map(_whole, index)):
            raise FormatError("an index of another rank")
    if not all(re.fullmatch(r"[0-9A-Za-z-]{1,64}", tag) for tag in entry.get("versions", {})):
        raise FormatError("tag")


def _check_prefixes(prefixes: list[str]) -> None:
    """3.1; and none is equal to another or lies inside it."""
    for prefix in prefixes:
        for segment in prefix.split("/"):
            if not re.fullmatch(r"[0-9A-Za-z_\-%~][0-9A-Za-z_\-.%~]{0,254}", segment):
                raise FormatError(f"prefix {prefix}")
    ends = [prefix + "/" for prefix in sorted(prefixes)]
    if any(b.startswith(a) for a, b in itertools.combinations(sorted(ends), 2)):
        raise FormatError("two prefixes in one place")


class StoredFile:
    """An open stored file. `hdf5`: h5py's file over its HDF5 bytes, with what has no entry."""

    def __init__(self, get: Get) -> None:
        self._get = get
        body = get(".arraymorph/metadata.h5")
        if body is None:
            raise FileNotFoundError("there is no metadata object")
        image, catalog = split_metadata(body)
        self._entries = {entry["address"]: entry for entry in catalog["datasets"]}
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        access.set_fapl_core(backing_store=False)
        access.set_file_image(image)
        # Two files of one name are the same file to the core driver.
        name = b"image %d" % next(_NUMBERS)
        self.hdf5 = h5py.File(h5py.h5f.open(name, h5py.h5f.ACC_RDWR, fapl=access))

    def read(self, path: str) -> Any:
        """The whole dataset, wherever its data lies."""
        dataset = self.hdf5[path]
        entry = self._entries.get(h5py.h5o.get_info(dataset.id).addr)
        return dataset[...] if entry is None else Chunks(dataset, entry, self._get).read()


class Chunks:
    """The chunk objects of one dataset (4)."""

    def __init__(self, dataset: h5py.Dataset, entry: dict[str, Any], get: Get) -> None:
        self._dataset = dataset
        self._shape: Index = dataset.shape
        self._chunk: Index = tuple(entry["chunk"])
        self._dtype: np.dtype[Any] = dataset.dtype
        self._get = get
        self._prefix: str = entry["prefix"]
        self._list = dataset.id.get_create_plist()
        self._check_description(dataset, entry)
        self._masks = {tuple(index): mask for index, mask in entry.get("filter_masks", [])}
        self._absent = {tuple(index) for index in entry.get("absent", [])}
        self._tags: dict[Index, str] = {
            tuple(index): tag
            for tag, indexes in entry.get("versions", {}).items()
            for index in indexes
        }

    def _check_description(self, dataset: h5py.Dataset, entry: dict[str, Any]) -> None:
        contiguous = entry.get("layout", "chunked") == "contiguous"
        wanted = h5py.h5d.CONTIGUOUS if contiguous else h5py.h5d.CHUNKED
        if len(self._chunk) != len(self._shape) or self._list.get_layout() != wanted:
            raise FormatError("the entry does not fit the dataset")
        if not contiguous and self._list.get_chunk() != self._chunk:
            raise FormatError("the entry has other chunks")
        # numpy must see the type's own bytes.
        if not dataset.id.get_type().equal(h5py.h5t.py_create(self._dtype, logical=True)):
            raise NotImplementedError(f"type of {dataset.name}")

    def read(self) -> Any:
        filters = [self._list.get_filter(n)[0] for n in range(self._list.get_nfilters())]
        if not set(filters) <= set(_FILTERS):
            return self._read_by_hdf5()
        values: NDArray[Any] = np.empty(self._shape, self._dtype)
        for index in self._indexes():
            begin = [i * c for i, c in zip(index, self._chunk, strict=True)]
            inside = tuple(
                slice(b, min(b + c, n))
                for b, c, n in zip(begin, self._chunk, self._shape, strict=True)
            )
            whole = self._read_chunk(index, filters)
            # Of a chunk at the edge, what lies outside is ignored.
            values[inside] = whole[tuple(slice(0, s.stop - s.start) for s in inside)]
        return values

    def _indexes(self) -> Iterator[Index]:
        counts = [-(-n // c) for n, c in zip(self._shape, self._chunk, strict=True)]
        return itertools.product(*map(range, counts))

    def _read_by_hdf5(self) -> Any:
        """With other filters: the bytes are those that HDF5 would store, so it may have them."""
        for index in self._indexes():
            stored = self._stored(index)
            if stored is not None:
                place = tuple(i * c for i, c in zip(index, self._chunk, strict=True))
                self._dataset.id.write_direct_chunk(place, stored, self._masks.get(index, 0))
        return self._dataset[...]

    def _stored(self, index: Index) -> bytes | None:
        tag = self._tags.get(index)
        key = "/".join([self._prefix, f"c~{tag}" if tag else "c", *map(str, index)])  # 4.1, 4.3
        stored = None if index in self._absent else self._get(key)
        if stored is None and tag:
            raise FormatError(f"{key} is lost")
        return stored

    def _read_chunk(self, index: Index, filters: list[int]) -> NDArray[Any]:
        stored = self._stored(index)
        if stored is None:
            return np.full(self._chunk, self._fill_value(), self._dtype)
        for number in reversed(range(len(filters))):
            if not self._masks.get(index, 0) >> number & 1:
                stored = _FILTERS[filters[number]](stored, self._dtype.itemsize)
        size = int(np.prod(self._chunk, dtype=np.int64)) * self._dtype.itemsize
        if len(stored) != size:
            raise FormatError(f"chunk {index}: {len(stored)} bytes decoded, {size} expected")
        return np.frombuffer(stored, self._dtype).reshape(self._chunk)

    def _fill_value(self) -> Any:
        set_by_program = self._list.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED
        if not set_by_program or self._list.get_fill_time() == h5py.h5d.FILL_TIME_NEVER:
            return np.zeros((), self._dtype)
        value = np.zeros((), self._dtype)
        self._list.get_fill_value(value)
        return value


def _inflate(stored: bytes, _: int) -> bytes:
    return zlib.decompress(stored)


def _unshuffle(stored: bytes, width: int) -> bytes:
    count = len(stored) // width
    body = np.frombuffer(stored, "u1", count * width).reshape(width, count)
    return bytes(body.T.tobytes()) + stored[count * width :]


def _without_fletcher32(stored: bytes, _: int) -> bytes:
    """HDF5's checksum: 16-bit words, most significant byte first, sums modulo 65535."""
    body, told = stored[:-4], int.from_bytes(stored[-4:], "little")
    even = body if len(body) % 2 == 0 else body + b"\0"
    words = np.frombuffer(even, ">u2").astype(object)
    low = int(words.sum()) % 65535
    high = int((words * np.arange(len(words), 0, -1, dtype=object)).sum()) % 65535
    # 0 and 65535 are the same number there.
    if (told & 0xFFFF) % 65535 != low or (told >> 16) % 65535 != high:
        raise FormatError("fletcher32")
    return body


_FILTERS: dict[int, Callable[[bytes, int], bytes]] = {
    h5py.h5z.FILTER_DEFLATE: _inflate,
    h5py.h5z.FILTER_SHUFFLE: _unshuffle,
    h5py.h5z.FILTER_FLETCHER32: _without_fletcher32,
}


def in_directory(directory: str | os.PathLike[str]) -> Get:
    """The objects of a stored file in a directory, their checksums verified (6)."""

    def get(key: str) -> bytes | None:
        path = Path(directory, key)
        if not path.is_file():
            return None
        body = path.read_bytes()
        if "user.arraymorph.crc32c" in os.listxattr(path):
            told = os.getxattr(path, "user.arraymorph.crc32c").decode()
            if told != f"{crc32c(body):08x}":
                raise FormatError(f"{key}: checksum")
        return body

    return get


def main() -> None:
    directory, path, output = sys.argv[1:]
    np.save(output, StoredFile(in_directory(directory)).read(path))


if __name__ == "__main__":
    main()
