"""Compare two open HDF5 files: every group, link, dataset, attribute, type and value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

_PROPERTIES = (
    "shape",
    "dtype",
    "maxshape",
    "chunks",
    "compression",
    "compression_opts",
    "shuffle",
    "fletcher32",
    "scaleoffset",
)


def differences(left: h5py.File, right: h5py.File) -> Iterator[str]:
    """One line per difference; nothing when the files say the same."""
    yield from _groups("/", left["/"], right["/"], set())


def _groups(path: str, left: h5py.Group, right: h5py.Group, seen: set[int]) -> Iterator[str]:
    yield from _attributes(path, left, right)
    if list(left) != list(right):
        yield f"{path}: members {list(left)} became {list(right)}"
        return
    for name in left:
        child = f"{path.rstrip('/')}/{name}"
        one, two = left.get(name, getlink=True), right.get(name, getlink=True)
        if type(one) is not type(two):
            yield f"{child}: {type(one).__name__} became {type(two).__name__}"
        elif isinstance(one, h5py.HardLink):
            yield from _objects(child, left[name], right[name], seen)
        elif one.path != two.path or getattr(one, "filename", "") != getattr(two, "filename", ""):
            yield f"{child}: link to {one.path} became {two.path}"


def _objects(path: str, left: Any, right: Any, seen: set[int]) -> Iterator[str]:
    if type(left) is not type(right):
        yield f"{path}: {type(left).__name__} became {type(right).__name__}"
        return
    address = h5py.h5o.get_info(left.id).addr
    if address in seen:
        return
    seen.add(address)
    if isinstance(left, h5py.Group):
        yield from _groups(path, left, right, seen)
    elif isinstance(left, h5py.Dataset):
        yield from _attributes(path, left, right)
        yield from _datasets(path, left, right)
    else:
        yield from _attributes(path, left, right)
        if left.dtype != right.dtype:
            yield f"{path}: type {left.dtype} became {right.dtype}"


def _datasets(path: str, left: h5py.Dataset, right: h5py.Dataset) -> Iterator[str]:
    changed = False
    for name in _PROPERTIES:
        one, two = getattr(left, name), getattr(right, name)
        if one != two:
            changed = True
            yield f"{path}: {name} {one} became {two}"
    if changed or left.shape is None:
        return
    if left.id.get_type() != right.id.get_type():
        yield f"{path}: file type changed"
    if not same_values(left[...], right[...], left.file, right.file):
        yield f"{path}: values differ"


def _attributes(path: str, left: Any, right: Any) -> Iterator[str]:
    if list(left.attrs) != list(right.attrs):
        yield f"{path}: attributes {list(left.attrs)} became {list(right.attrs)}"
        return
    for name in left.attrs:
        one, two = left.attrs.get_id(name), right.attrs.get_id(name)
        if one.get_type() != two.get_type() or one.shape != two.shape:
            yield f"{path}@{name}: type or shape changed"
        elif not same_values(left.attrs[name], right.attrs[name], left.file, right.file):
            yield f"{path}@{name}: values differ"


def same_values(left: Any, right: Any, left_file: h5py.File, right_file: h5py.File) -> bool:
    """Equality with NaN equal to NaN and references equal when they name the same thing."""
    if isinstance(left, h5py.Empty) or isinstance(right, h5py.Empty):
        return bool(left == right)
    one, two = np.asarray(left), np.asarray(right)
    if one.shape != two.shape or one.dtype != two.dtype:
        return False
    if one.dtype.names:
        return all(
            same_values(one[field], two[field], left_file, right_file) for field in one.dtype.names
        )
    if one.dtype.kind == "O":
        pairs = zip(one.ravel(), two.ravel(), strict=True)
        return all(_same_item(a, b, left_file, right_file) for a, b in pairs)
    if one.dtype.kind in "fc":
        return bool(np.array_equal(one, two, equal_nan=True))
    return bool(np.array_equal(one, two))


def _same_item(left: Any, right: Any, left_file: h5py.File, right_file: h5py.File) -> bool:
    if isinstance(left, h5py.Reference):
        if bool(left) != bool(right):
            return False
        if not left:
            return True
        one, two = left_file[left], right_file[right]
        if isinstance(left, h5py.RegionReference):
            one, two = one[left], two[right]
            return same_values(one, two, left_file, right_file)
        return bool(one.name == two.name)
    if isinstance(left, np.ndarray):
        return same_values(left, right, left_file, right_file)
    return bool(left == right)
