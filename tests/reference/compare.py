"""Hold an HDF5 file on disk and one of ours against each other."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

_PROPERTIES = [
    "shape",
    "dtype",
    "maxshape",
    "chunks",
    "compression",
    "compression_opts",
    "shuffle",
    "fletcher32",
    "scaleoffset",
    "fillvalue",
    "nbytes",
    "is_virtual",
]


def same(left: Any, right: Any) -> bool:
    """Equal in type, shape and every byte of the values."""
    if isinstance(left, h5py.Empty) or isinstance(right, h5py.Empty):
        return bool(left == right)
    one, two = np.asarray(left), np.asarray(right)
    if one.shape != two.shape or one.dtype != two.dtype:
        return False
    if one.dtype.kind == "O":
        return all(
            np.array_equal(a, b) and type(a) is type(b)
            for a, b in zip(one.ravel(), two.ravel(), strict=True)
        )
    return one.tobytes() == two.tobytes()


def check_files(native: h5py.File, ours: h5py.File) -> None:
    """AssertionError that names the first difference."""
    assert native.mode == ours.mode
    _check_group(native["/"], ours["/"], "/", set())


def _check_group(native: h5py.Group, ours: h5py.Group, path: str, seen: set[int]) -> None:
    _check_attributes(native, ours, path)
    assert list(native) == list(ours), path
    assert len(native) == len(ours), path
    for name in native:
        child = f"{path}{name}"
        one, two = native.get(name, getlink=True), ours.get(name, getlink=True)
        assert type(one) is type(two), child
        for part in ("path", "filename"):
            assert getattr(one, part, None) == getattr(two, part, None), child
        if not isinstance(one, h5py.HardLink):
            continue
        assert native.get(name, getclass=True) is ours.get(name, getclass=True), child
        left, right = native[name], ours[name]
        assert left.name == right.name
        address = h5py.h5o.get_info(left.id).addr
        if address in seen:
            continue
        seen.add(address)
        if isinstance(left, h5py.Group):
            _check_group(left, right, child + "/", seen)
        elif isinstance(left, h5py.Dataset):
            check_datasets(left, right, child)
        else:
            assert left.dtype == right.dtype, child


def check_datasets(native: h5py.Dataset, ours: h5py.Dataset, path: str) -> None:
    """Everything h5py tells about a dataset, then its values."""
    _check_attributes(native, ours, path)
    for name in _PROPERTIES:
        one, two = getattr(native, name), getattr(ours, name)
        assert same(one, two) if name == "fillvalue" else one == two, f"{path}: {name} {one} {two}"
    assert native.id.get_type() == ours.id.get_type(), path
    if native.shape is not None:
        assert same(native[...], ours[...]), f"{path}: values differ"
    if native.chunks is not None:
        # Not their offsets: for some chunk indices (one unlimited dimension that is not the first)
        # native HDF5 reports coordinates that lie outside the dataset.
        assert native.id.get_num_chunks() == ours.id.get_num_chunks(), f"{path}: stored chunks"


def _check_attributes(native: Any, ours: Any, path: str) -> None:
    assert list(native.attrs) == list(ours.attrs), path
    for name in native.attrs:
        assert same(native.attrs[name], ours.attrs[name]), f"{path}@{name}"
