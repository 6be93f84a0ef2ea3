"""A stored file as the commands see it: what lies in the store, and what the HDF5 file says."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .. import _core
from ..file import File
from .output import message_of

Index = tuple[int, ...]

# A writer that commits all the time is not to keep a command busy for ever.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Object:
    """One object below the file's prefix; `kind` as in src/vol/inventory.h."""

    key: str
    size: int
    modified: int  # seconds since 1970; 0: the store does not tell
    kind: str
    address: int | None
    index: Index | None


@dataclass(frozen=True)
class Missing:
    """A chunk that the catalog names and the store does not have."""

    key: str
    address: int
    index: Index


@dataclass
class Dataset:
    """A dataset of the HDF5 file, open."""

    path: str
    handle: Any  # h5py.h5d.DatasetID
    shape: Index
    chunks: Index | None
    element: int  # bytes
    filtered: bool
    fixed_size: bool  # no element points to anything
    in_objects: bool  # by its description its chunks cannot lie in the metadata object

    def chunk_bytes(self, chunk: Index) -> int:
        return math.prod(chunk) * self.element

    def count_chunks(self, chunk: Index) -> int:
        return math.prod(-(-size // extent) for size, extent in zip(self.shape, chunk, strict=True))


@dataclass
class Stored:
    """One committed state, its objects, and its open HDF5 file."""

    url: str
    state: str  # "committed", "missing", "damaged"
    etag: str = ""
    error: str = ""  # of the metadata object
    sweep_needed: bool = False
    trash: list[str] = field(default_factory=list)  # prefixes given up
    entries: dict[int, dict[str, Any]] = field(default_factory=dict)  # catalog, by address
    objects: list[Object] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    datasets: dict[int, Dataset] = field(default_factory=dict)
    virtual: dict[int, tuple[str, Any]] = field(default_factory=dict)  # path and handle, by address
    broken: list[str] = field(default_factory=list)  # what in the HDF5 file could not be opened
    file: Any = None  # h5py.File, while it is open

    @property
    def committed(self) -> int:
        """When the metadata object was stored; 0 without one."""
        return next((each.modified for each in self.objects if each.kind == "metadata"), 0)

    def close(self) -> None:
        """The HDF5 file and its datasets."""
        self.datasets.clear()
        self.virtual.clear()
        if self.file is not None:
            self.file.close()
            self.file = None


@contextmanager
def stored(name: str) -> Iterator[Stored]:
    """The file behind `name` with everything below its prefix, all of one committed state.

    Raises OSError when the store cannot be asked, and when the file changes all the time.
    """
    for _ in range(_ATTEMPTS):
        before = _core.inventory(name)
        found = Stored(before["url"], before["state"])
        try:
            if found.state == "committed":
                open_file(found)
            extents = {str(address): each.shape for address, each in found.datasets.items()}
            after = _core.inventory(name, json.dumps(extents))
            if (after["state"], after.get("etag")) == (before["state"], before.get("etag")):
                _take(found, after)
                yield found
                return
        finally:
            found.close()
    raise OSError(f"{found.url} is being committed again and again; try again when no writer is")


def _take(found: Stored, answer: dict[str, Any]) -> None:
    found.etag = answer.get("etag", "")
    found.error = answer["error"]
    found.sweep_needed = answer.get("sweep_needed", False)
    found.trash = answer["trash"]
    found.entries = {entry["address"]: entry for entry in answer["datasets"]}
    for key, size, modified, kind, address, index in answer["objects"]:
        place = None if index is None else tuple(index)
        found.objects.append(Object(key, size, modified, kind, address, place))
    for key, address, index in answer["missing"]:
        found.missing.append(Missing(key, address, tuple(index)))


def open_file(found: Stored) -> None:
    """Fill in the file and its datasets; what cannot be opened goes to `broken`."""
    try:
        file = File(found.url)
    except OSError as error:
        found.broken.append(f"HDF5 cannot open the file: {message_of(error)}")
        return
    found.file = file
    names: list[bytes] = []
    h5o = _h5py().h5o
    try:
        h5o.visit(file.id, names.append)  # an append that returned anything would end the visit
    except (OSError, RuntimeError, KeyError) as error:
        found.broken.append(f"the links of the file cannot be followed: {message_of(error)}")
    for name in names:
        path = "/" + name.decode(errors="surrogateescape")
        try:
            _look_at(found, path, h5o.open(file.id, name))
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            found.broken.append(f"{path} cannot be opened: {message_of(error)}")


def _look_at(found: Stored, path: str, handle: Any) -> None:
    from ..copy.recreate import is_plain

    h5py = _h5py()
    if not isinstance(handle, h5py.h5d.DatasetID):
        return
    plist, kind = handle.get_create_plist(), handle.get_type()
    address = h5py.h5o.get_info(handle).addr
    if plist.get_layout() == h5py.h5d.VIRTUAL:
        found.virtual[address] = (path, handle)
    try:
        space = handle.get_space()
    except (OSError, RuntimeError):
        if address in found.virtual:  # it follows sources that cannot be read
            return
        raise
    chunked = plist.get_layout() == h5py.h5d.CHUNKED
    variable = (
        h5py.h5s.UNLIMITED in space.get_simple_extent_dims(maxdims=True) if chunked else False
    )
    fixed_size = is_plain(h5py.h5t, kind)
    found.datasets[address] = Dataset(
        path=path,
        handle=handle,
        shape=space.get_simple_extent_dims() or (),
        chunks=plist.get_chunk() if chunked else None,
        element=kind.get_size(),
        filtered=chunked and plist.get_nfilters() > 0,
        fixed_size=fixed_size,
        in_objects=variable and fixed_size and handle.get_storage_size() == 0,
    )


def _h5py() -> Any:
    import h5py

    return h5py
