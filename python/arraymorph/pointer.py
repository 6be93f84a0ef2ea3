"""Pointer files: local names for files in a store, for programs that look at the disk first."""

from __future__ import annotations

import contextlib
import os
import struct
import uuid
from pathlib import Path

# src/store/pointer.h has the format.
_MAGIC = b"arraymorph pointer 1"
_LONGEST = 4096  # bytes of a URL


def pointer(url: str, path: str | os.PathLike[str], *, create: bool = False) -> None:
    """Make `path` a pointer: where ArrayMorph is on, opening it opens the file at `url`.

    For netCDF4, PyTables and other programs that look at the local disk before they ask HDF5.
    HDF5 calls act on the file at `url` (open, create, truncate, delete), the file system's on the
    pointer (copy, move, rm). Without ArrayMorph HDF5 opens an empty file whose attribute
    "arraymorph_pointer" says what it is.

    The file at `url` need not exist yet: mode "w" creates it. Mode "a" of pandas, PyTables and
    netCDF4 opens what it takes for an existing file; `create` makes an empty one first, unless
    there is one.

    `url` is "s3://bucket/key", "file:///directory/name" or "https://host/path" (for reading; a
    presigned one is good for as long as it is valid). An existing pointer is replaced.
    Raises ValueError for another URL, FileExistsError when `path` is anything but a pointer,
    OSError when it or the file at `url` cannot be written.

    >>> import arraymorph, os, tempfile
    >>> arraymorph.pointer("s3://bucket/run42.nc", os.path.join(tempfile.mkdtemp(), "run42.nc"))
    """
    target = Path(path)
    encoded = _encode(url)
    if os.path.lexists(target) and not is_pointer(target):
        raise FileExistsError(f"{target} exists and is not an ArrayMorph pointer; remove it first")
    if create:
        _create(url)
    trailer = encoded + struct.pack("<I", len(encoded)) + _MAGIC
    part = target.parent / f".~arraymorph-{uuid.uuid4().hex}"
    with open(part, "xb") as file:  # with the permissions that every new file gets
        try:
            file.write(_empty_file(url) + trailer)
            file.flush()
            os.replace(part, target)
        except BaseException:
            os.unlink(part)
            raise


def _create(url: str) -> None:
    """An empty file at `url`, unless there is one."""
    from .file import File

    with contextlib.suppress(FileExistsError):
        # netCDF4 writes only to files that track the order in which things were made.
        File(url, "x", track_order=True).close()


def _encode(url: str) -> bytes:
    scheme, _, rest = url.partition("://")
    place, _, key = rest.partition("/")
    in_place = scheme in ("s3", "https", "http") and place and key
    if not in_place and not url.startswith("file:///"):
        raise ValueError(
            f"write s3://bucket/name, file:///directory/name or https://host/path, not {url!r}"
        )
    encoded = url.encode()
    if b"\0" in encoded or url.endswith("/") or len(encoded) > _LONGEST:
        raise ValueError(f"{url!r} cannot be the name of a file")
    return encoded


def is_pointer(path: Path) -> bool:
    """A file that pointer() has made."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - len(_MAGIC)))
        return file.read() == _MAGIC


def _empty_file(url: str) -> bytes:
    """An HDF5 file in memory that tells people who open it without ArrayMorph what it is."""
    import h5py

    # HDF5 takes two open files of one name for the same file: other threads make pointers too.
    with h5py.File(f"pointer {uuid.uuid4().hex}", "w", driver="core", backing_store=False) as file:
        file.attrs["arraymorph_pointer"] = (
            f"The data is at {url}. This file leads there when ArrayMorph is switched on: "
            'pip install arraymorph; eval "$(python -m arraymorph env)"'
        )
        file.flush()
        image: bytes = file.id.get_file_image()
    return image
