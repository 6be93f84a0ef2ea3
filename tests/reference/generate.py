"""Random datatypes, shapes, values and selections, drawn by Hypothesis."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st

Array = np.ndarray[Any, Any]

ENUM = h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 5}, "i2")
COMPOUND = np.dtype([("a", "<i4"), ("b", ">f4"), ("s", "S3"), ("v", "<u2", (2,))])
NUMERIC = ["i1", "u1", "<i2", ">i2", "<i4", ">u4", "<i8", "<u8", "<f2", "<f4", ">f4", "<f8", ">f8"]
OTHER = [
    np.dtype("<c8"),
    np.dtype("?"),
    ENUM,
    np.dtype("V5"),
    np.dtype("S4"),
    np.dtype(("<i4", (3,))),
    COMPOUND,
    h5py.string_dtype(),
    h5py.vlen_dtype(np.dtype("<i4")),
]

dtypes: st.SearchStrategy[np.dtype[Any]] = st.one_of(
    st.sampled_from([np.dtype(code) for code in NUMERIC]), st.sampled_from(OTHER)
)
numeric_dtypes = st.sampled_from([np.dtype(code) for code in NUMERIC])
shapes = st.lists(st.integers(0, 12), max_size=3).map(tuple)
seeds = st.integers(0, 2**16)


def is_variable(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "O"


def values(dtype: np.dtype[Any], shape: tuple[int, ...], seed: int) -> Array:
    """Values that `dtype` can hold, the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    if dtype.subdtype is not None:
        base, extra = dtype.subdtype
        return values(base, shape + extra, seed)
    if dtype.names:
        result = np.zeros(shape, dtype)
        for position, field in enumerate(dtype.names):
            result[field] = values(dtype[field], shape, seed + position)
        return result
    if is_variable(dtype):
        result = np.empty(shape, object)
        for index in np.ndindex(shape):
            length = int(rng.integers(0, 6))
            if h5py.check_string_dtype(dtype):
                result[index] = "äbcdef"[:length]
            else:
                result[index] = rng.integers(-9, 9, length).astype("<i4")
        return result.astype(dtype) if h5py.check_string_dtype(dtype) else result
    if h5py.check_enum_dtype(dtype):
        return rng.choice([0, 1, 5], shape).astype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind == "f":
        return np.asarray(rng.normal(0, 50, shape)).astype(dtype)
    if dtype.kind == "c":
        return np.asarray(rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)
    if dtype.kind == "S":
        return np.asarray(rng.choice([b"", b"a", b"xyz", b"long"], shape)).astype(dtype)
    count = int(np.prod(shape))
    raw = np.frombuffer(rng.bytes(count * dtype.itemsize), dtype).reshape(shape)
    # Small numbers survive most conversions; sometimes use the whole range.
    return np.asarray(raw % 100).astype(dtype) if dtype.kind in "iu" and seed % 3 else raw.copy()


@st.composite
def layouts(draw: st.DrawFn, dtype: np.dtype[Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Keyword arguments of create_dataset: layout, filters, fill value, maximum shape."""
    arguments: dict[str, Any] = {}
    kind = draw(st.sampled_from(["contiguous", "compact", "chunked", "chunked", "chunked"]))
    if kind == "compact":
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_layout(h5py.h5d.COMPACT)
        arguments["dcpl"] = creation
    elif kind == "chunked" and shape:
        arguments["chunks"] = tuple(draw(st.integers(1, 5)) for _ in shape)
        arguments |= draw(st.sampled_from(_filters(dtype)))
        if draw(st.booleans()):
            arguments["maxshape"] = tuple(
                draw(st.sampled_from([None, n + 6, max(n, 5)])) for n in shape
            )
            arguments["chunks"] = tuple(
                min(c, limit or c)
                for c, limit in zip(arguments["chunks"], arguments["maxshape"], strict=True)
            )
        elif 0 in shape:
            arguments["maxshape"] = (None,) * len(shape)
        else:
            arguments["chunks"] = tuple(map(min, arguments["chunks"], shape))
    if dtype.kind in "iuf" and draw(st.booleans()):
        arguments["fillvalue"] = draw(st.integers(0, 100))
    return arguments


def _filters(dtype: np.dtype[Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {},
        {"compression": "gzip", "compression_opts": 1},
        {"shuffle": True, "fletcher32": True},
        {"compression": "lzf"},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
    ]
    if is_variable(dtype):
        return found[:2]
    if dtype.kind in "iu" and not h5py.check_enum_dtype(dtype):
        found.append({"scaleoffset": 0})
    return found


@st.composite
def selections(draw: st.DrawFn, shape: tuple[int, ...]) -> Any:
    """What goes into the brackets of dataset[...], mostly valid."""
    if not shape:
        return draw(st.sampled_from([(), Ellipsis]))
    kind = draw(st.sampled_from(["slices"] * 5 + ["all", "mask", "list", "odd", "blocks"]))
    if kind == "all":
        return draw(st.sampled_from([(), Ellipsis, slice(None)]))
    if kind == "mask":
        rng = np.random.default_rng(draw(seeds))
        return rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    if kind == "odd":
        return draw(st.sampled_from([(None, ...), (..., 0), slice(3, 1), -1, 10_000, (0,) * 9]))
    parts: list[Any] = [draw(_axis(length)) for length in shape]
    axis = draw(st.integers(0, len(shape) - 1))
    if kind == "list":
        picked = draw(st.sets(st.integers(0, max(0, shape[axis] - 1)), max_size=5))
        parts[axis] = sorted(picked)
    elif kind == "blocks" and shape[axis] >= 5:
        parts[axis] = h5py.MultiBlockSlice(start=0, stride=3, block=2, count=2)
    return tuple(parts[: draw(st.integers(1, len(parts)))])


@st.composite
def _axis(draw: st.DrawFn, length: int) -> Any:
    if length and draw(st.integers(0, 3)) == 0:
        return draw(st.integers(-length, length - 1))
    start = draw(st.integers(0, length))
    stop = draw(st.integers(start, length))
    return slice(start, stop, draw(st.integers(1, 4)))
