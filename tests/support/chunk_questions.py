"""Asks one libhdf5 everything that it answers about stored chunks, and prints the answers as JSON.

Arguments: the library, and the file to make. The environment says whether the calls go through
ArrayMorph; the answers are those that must not depend on it (an address counts as there or not).
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import zlib
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any

UNDEFINED = 2**64 - 1
UNLIMITED = UNDEFINED
EARLY, LATE, INCR = 1, 2, 3
FILL_NEVER = 1
UNTOUCHED = 1 << 60
DIMS, CHUNK, MORE, LESS = (10, 7), (4, 3), (14, 9), (4, 6)
CHUNK_BYTES = 4 * 3 * 4
PLACES = [(0, 0), (4, 3), (8, 6), (1, 1), (7, 5), (9, 6), (10, 0), (12, 0), (12, 9), (100, 100)]
SHUFFLE, FLETCHER = 2, 3

# Layout, filters, allocation time, whether the fill value is undefined.
KINDS: dict[str, tuple[str, tuple[int, ...], int, bool]] = {
    "incr": ("chunked", (), INCR, False),
    "incr filtered": ("chunked", (SHUFFLE, FLETCHER), INCR, False),
    "early": ("chunked", (), EARLY, False),
    "early filtered": ("chunked", (SHUFFLE, FLETCHER), EARLY, False),
    "early undefined": ("chunked", (), EARLY, True),
    "incr undefined": ("chunked", (), INCR, True),
    "contiguous early": ("contiguous", (), EARLY, False),
    "contiguous late": ("contiguous", (), LATE, False),
    "contiguous undefined": ("contiguous", (), LATE, True),
}


class Library:
    """The functions of one libhdf5; ids are 64 bits wide."""

    def __init__(self, path: str) -> None:
        self.library = ctypes.CDLL(path)
        self.library.H5open()
        self.library.H5Eset_auto2(c_int64(0), None, None)

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.library, name)
        function.restype = c_int64 if name.startswith(("H5Fc", "H5Pc", "H5Sc")) else c_int
        if name in ("H5Dcreate2", "H5Dget_space"):
            function.restype = c_int64
        if name in ("H5Dget_storage_size", "H5Dget_offset"):
            function.restype = c_uint64
        return function

    def id(self, name: str) -> c_int64:
        return c_int64(c_int64.in_dll(self.library, name).value)


def numbers(values: tuple[int, ...]) -> Any:
    return (c_uint64 * len(values))(*values)


def make(hdf5: Library, file: c_int64, name: str) -> c_int64:
    layout, filters, when, undefined = KINDS[name]
    most = (UNLIMITED, UNLIMITED) if layout == "chunked" else DIMS
    space = c_int64(hdf5.H5Screate_simple(2, numbers(DIMS), numbers(most)))
    dcpl = c_int64(hdf5.H5Pcreate(hdf5.id("H5P_CLS_DATASET_CREATE_ID_g")))
    if layout == "chunked":
        assert hdf5.H5Pset_chunk(dcpl, 2, numbers(CHUNK)) >= 0
    if SHUFFLE in filters:
        assert hdf5.H5Pset_shuffle(dcpl) >= 0
    if FLETCHER in filters:
        assert hdf5.H5Pset_fletcher32(dcpl) >= 0
    assert hdf5.H5Pset_alloc_time(dcpl, when) >= 0
    if undefined:
        assert hdf5.H5Pset_fill_time(dcpl, FILL_NEVER) >= 0
        assert hdf5.H5Pset_fill_value(dcpl, hdf5.id("H5T_NATIVE_INT32_g"), None) >= 0
    else:
        fill = c_int(7)
        assert hdf5.H5Pset_fill_value(dcpl, hdf5.id("H5T_NATIVE_INT32_g"), byref(fill)) >= 0
    zero = c_int64(0)
    kind = hdf5.id("H5T_STD_I32LE_g")
    return c_int64(hdf5.H5Dcreate2(file, name.encode(), kind, space, zero, dcpl, zero))


def answer(result: int, *values: int) -> Any:
    return "refused" if result < 0 else [int(value) for value in values]


def by_place(hdf5: Library, dataset: c_int64, place: tuple[int, ...]) -> dict[str, Any]:
    mask, where, size = c_uint(99), c_uint64(5), c_uint64(5)
    there = hdf5.H5Dget_chunk_info_by_coord(
        dataset, numbers(place), byref(mask), byref(where), byref(size)
    )
    stored = c_uint64(UNTOUCHED)  # a success where nothing at all is stored says nothing
    asked = hdf5.H5Dget_chunk_storage_size(dataset, numbers(place), byref(stored))
    return {
        "by_coord": answer(
            there, mask.value if size.value else 0, where.value != UNDEFINED, size.value
        ),
        "storage_size": answer(asked, stored.value % UNTOUCHED),
        "read_chunk": read_chunk(hdf5, dataset, place),
    }


def read_chunk(hdf5: Library, dataset: c_int64, place: tuple[int, ...]) -> Any:
    mask = c_uint(0)
    buffer = ctypes.create_string_buffer(4096)
    zero = c_int64(0)
    if hasattr(hdf5.library, "H5Dread_chunk2"):
        size = c_size_t(len(buffer))
        result = hdf5.H5Dread_chunk2(
            dataset, zero, numbers(place), byref(mask), buffer, byref(size)
        )
    else:
        result = hdf5.H5Dread_chunk(dataset, zero, numbers(place), byref(mask), buffer)
    return answer(result, mask.value, zlib.crc32(buffer.raw))


def by_number(hdf5: Library, dataset: c_int64, space: c_int64) -> list[Any]:
    count = c_uint64(99)
    found: list[Any] = [answer(hdf5.H5Dget_num_chunks(dataset, space, byref(count)), count.value)]
    chunks = []
    for i in range(count.value + 1 if count.value < 99 else 0):
        mask, where, size = c_uint(99), c_uint64(5), c_uint64(5)
        offset = numbers((77, 77))
        result = hdf5.H5Dget_chunk_info(
            dataset, space, c_uint64(i), offset, byref(mask), byref(where), byref(size)
        )
        chunks.append(answer(result, *offset, mask.value, where.value != UNDEFINED, size.value))
    return found + sorted(chunks, key=str)


def iterated(hdf5: Library, dataset: c_int64, after: int, say: int) -> Any:
    """What H5Dchunk_iter gives, with an operator that says `say` after some chunks."""
    seen: list[list[int]] = []

    kind = ctypes.CFUNCTYPE(c_int, POINTER(c_uint64), c_uint, c_uint64, c_uint64, c_void_p)

    def note(offset: Any, mask: int, where: int, size: int, _: Any) -> int:
        seen.append([offset[0], offset[1], mask, where != UNDEFINED, size])
        return say if len(seen) > after else 0

    result = hdf5.H5Dchunk_iter(dataset, c_int64(0), kind(note), None)
    return [result, sorted(seen) if say == 0 else len(seen)]


def questions(hdf5: Library, dataset: c_int64, name: str) -> dict[str, Any]:
    status = c_int(-5)
    said = hdf5.H5Dget_space_status(dataset, byref(status))
    found: dict[str, Any] = {
        "space_status": answer(said, status.value),
        "dataset_size": hdf5.H5Dget_storage_size(dataset),
    }
    space = c_int64(hdf5.H5Dget_space(dataset))
    assert hdf5.H5Sselect_none(space) >= 0
    found["none_selected"] = by_number(hdf5, dataset, space)[0]
    found["no_dataspace"] = by_number(hdf5, dataset, hdf5.id("H5T_NATIVE_INT32_g"))[0]
    found["by_number"] = by_number(hdf5, dataset, c_int64(0))
    found["iterated"] = [iterated(hdf5, dataset, *how) for how in ((99, 0), (1, 1), (1, -1))]
    found["places"] = {str(place): by_place(hdf5, dataset, place) for place in PLACES}
    found["values"] = values(hdf5, dataset)
    return found


def values(hdf5: Library, dataset: c_int64) -> Any:
    """All values, over a buffer of zeros."""
    space = c_int64(hdf5.H5Dget_space(dataset))
    dims = numbers((0, 0))
    hdf5.H5Sget_simple_extent_dims(space, dims, None)
    buffer = (c_int * (dims[0] * dims[1]))()
    zero = c_int64(0)
    kind = hdf5.id("H5T_NATIVE_INT32_g")
    result = hdf5.H5Dread(dataset, kind, zero, zero, zero, buffer)
    return answer(result, *buffer)


def write_corner(hdf5: Library, dataset: c_int64) -> None:
    """Values for a part of the second chunk along both axes."""
    space = c_int64(hdf5.H5Dget_space(dataset))
    assert hdf5.H5Sselect_hyperslab(space, 0, numbers((4, 3)), None, numbers((4, 3)), None) >= 0
    memory = c_int64(hdf5.H5Screate_simple(2, numbers((4, 3)), None))
    data = (c_int * 12)(*range(12))
    kind = hdf5.id("H5T_NATIVE_INT32_g")
    assert hdf5.H5Dwrite(dataset, kind, memory, space, c_int64(0), data) >= 0


def write_chunks(hdf5: Library, dataset: c_int64, mask: int) -> dict[str, Any]:
    """Whole chunks past the filters, at good and bad places."""
    raw = bytes(range(CHUNK_BYTES))
    said = {}
    for place in ((0, 3), (1, 3), (16, 0)):
        result = hdf5.H5Dwrite_chunk(
            dataset, c_int64(0), c_uint(mask), numbers(place), c_size_t(len(raw)), raw
        )
        said[str(place)] = "refused" if result < 0 else "written"
    return said


def main() -> None:
    hdf5 = Library(sys.argv[1])
    zero = c_int64(0)
    file = c_int64(hdf5.H5Fcreate(c_char_p(sys.argv[2].encode()), c_uint(2), zero, zero))
    assert file.value >= 0, "the file cannot be made"
    report = {}
    for name in KINDS:
        dataset = make(hdf5, file, name)
        steps: dict[str, Any] = {}
        report[name] = steps
        if dataset.value < 0:
            continue
        steps["new"] = questions(hdf5, dataset, name)
        write_corner(hdf5, dataset)
        steps["written"] = questions(hdf5, dataset, name)
        if KINDS[name][0] == "chunked":
            steps["write_chunk"] = write_chunks(hdf5, dataset, 3 if KINDS[name][1] else 0)
            steps["chunk written"] = questions(hdf5, dataset, name)
            assert hdf5.H5Dset_extent(dataset, numbers(MORE)) >= 0
            steps["extended"] = questions(hdf5, dataset, name)
            assert hdf5.H5Dset_extent(dataset, numbers(LESS)) >= 0
            steps["cut"] = questions(hdf5, dataset, name)
        assert hdf5.H5Dclose(dataset) >= 0
    assert hdf5.H5Fclose(file) >= 0
    json.dump(report, sys.stdout)
    sys.stdout.flush()
    os._exit(0)


main()
