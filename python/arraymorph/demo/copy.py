"""Copy one open HDF5 file into another, object by object, with plain h5py calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h5py
import numpy as np


class Copier:
    """One copy; objects reached by several hard links stay one object."""

    def __init__(self, source: h5py.File, target: h5py.File) -> None:
        self.source = source
        self.target = target
        self._copied: dict[int, str] = {}
        self._references: list[Callable[[], None]] = []

    def run(self) -> int:
        """Copy everything; returns the number of objects. References come last: they need
        their targets."""
        self._copied[h5py.h5o.get_info(self.source.id).addr] = "/"
        self._attributes(self.source["/"], self.target["/"])
        self._members(self.source["/"], self.target["/"])
        for write in self._references:
            write()
        return len(self._copied)

    def _members(self, source: h5py.Group, target: h5py.Group) -> None:
        for name in source:
            link = source.get(name, getlink=True)
            if isinstance(link, h5py.HardLink):
                self._object(source[name], target, name)
            else:
                target[name] = link

    def _object(self, source: Any, parent: h5py.Group, name: str) -> None:
        address = h5py.h5o.get_info(source.id).addr
        if address in self._copied:
            parent[name] = self.target[self._copied[address]]
            return
        if isinstance(source, h5py.Group):
            target: Any = parent.create_group(name)
        elif isinstance(source, h5py.Dataset):
            target = self._dataset(source, parent, name)
        else:
            parent[name] = source.dtype
            target = parent[name]
        self._copied[address] = target.name
        self._attributes(source, target)
        if isinstance(source, h5py.Group):
            self._members(source, target)

    def _dataset(self, source: h5py.Dataset, parent: h5py.Group, name: str) -> h5py.Dataset:
        # The creation property list carries chunks, filters and fill value unchanged.
        created = h5py.h5d.create(
            parent.id,
            name.encode(),
            source.id.get_type().copy(),
            source.id.get_space(),
            dcpl=source.id.get_create_plist(),
        )
        target = h5py.Dataset(created)
        if source.shape is None or source.size == 0:
            return target
        if has_references(source.dtype):
            self._references.append(lambda: self._write_references(source, target))
        elif source.chunks is not None:
            for part in source.iter_chunks():
                target[part] = source[part]
        else:
            target[...] = source[...]
        return target

    def _attributes(self, source: Any, target: Any) -> None:
        for name in source.attrs:
            kind = source.attrs.get_id(name)
            created = h5py.h5a.create(
                target.id, name.encode(), kind.get_type().copy(), kind.get_space()
            )
            if kind.get_space().get_simple_extent_type() == h5py.h5s.NULL:
                continue
            value = np.empty(kind.shape, kind.dtype)
            if value.size == 0:
                continue
            kind.read(value, mtype=h5py.h5t.py_create(kind.dtype))
            self._store_attribute(created, value)

    def _store_attribute(self, created: Any, value: np.ndarray[Any, Any]) -> None:
        def write() -> None:
            moved = self._translate(value)
            created.write(moved, mtype=h5py.h5t.py_create(value.dtype))

        if has_references(value.dtype):
            self._references.append(write)
        else:
            created.write(value, mtype=h5py.h5t.py_create(value.dtype))

    def _write_references(self, source: h5py.Dataset, target: h5py.Dataset) -> None:
        target[...] = self._translate(np.asarray(source[...], dtype=source.dtype))

    def _translate(self, value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The same references, pointing into the target file."""
        moved: np.ndarray[Any, Any] = value.copy()
        if value.dtype.names:
            for field in value.dtype.names:
                if has_references(value.dtype[field]):
                    moved[field] = self._translate(value[field])
            return moved
        for index in np.ndindex(value.shape):
            moved[index] = self._point(value[index])
        return moved

    def _point(self, reference: Any) -> Any:
        if not reference:
            return reference
        path = self._copied[h5py.h5o.get_info(self.source[reference].id).addr]
        if isinstance(reference, h5py.RegionReference):
            space = h5py.h5r.get_region(reference, self.source.id)
            return h5py.h5r.create(self.target.id, path.encode(), h5py.h5r.DATASET_REGION, space)
        return self.target[path].ref


def has_references(dtype: np.dtype[Any]) -> bool:
    """True for object and region references, also as members of a compound type."""
    if dtype.names:
        return any(has_references(dtype[field]) for field in dtype.names)
    return h5py.check_ref_dtype(dtype) is not None
