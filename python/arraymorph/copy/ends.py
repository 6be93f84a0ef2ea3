"""The two ends of a copy: what a name means, and what lies there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .. import _core
from .._h5py import Internals
from ..pointer import is_pointer

Layout = Literal["plain", "chunks"]

METADATA_KEY = ".arraymorph/metadata.h5"
_SCHEMES = ("s3://", "file://", "memory://", "http://", "https://")


@dataclass(frozen=True)
class End:
    """A place that holds, or will hold, a file."""

    name: str  # as it was given
    url: str
    path: Path | None  # on the local disk, where a file of this layout is one
    layout: Layout
    etag: str  # of the plain object, or of the metadata object; "": nothing is there
    size: int
    by_path: bool  # it was named by its own path, neither by a URL nor through a pointer


def is_url(name: str) -> bool:
    """Names with a scheme; all others are paths of the local disk."""
    return name.lower().startswith(_SCHEMES)


def url_of(name: str) -> str:
    """The URL that the stores know the name by. Links of the local disk are followed up to it."""
    if is_url(name):
        return str(_core.describe(name)["url"]) if "http" not in name[:4].lower() else name
    if not name:
        raise ValueError("the name of a file is empty")
    path = os.path.abspath(name)
    if os.path.isdir(path) and not os.path.exists(os.path.join(path, METADATA_KEY)):
        raise IsADirectoryError(f"{name} is a directory, not an HDF5 file")
    folder, base = os.path.split(path)
    if os.path.islink(path) and os.path.exists(path):
        folder, base = os.path.split(os.path.realpath(path))
    return f"file://{os.path.realpath(folder).rstrip('/')}/{base}"


def local_path(url: str) -> Path | None:
    """Where the object of exactly this URL is a file."""
    return Path(url.removeprefix("file://")) if url.startswith("file://") else None


def find(name: str, url: str, layout: Layout) -> End | None:
    """What lies there in this layout."""
    try:
        found = _core.object(url, "" if layout == "plain" else METADATA_KEY)
    except FileNotFoundError:
        return None
    by_path = not is_url(name) and _pointed(name) is None
    return End(name, url, local_path(url), layout, found["etag"], found["size"], by_path)


def source(name: str) -> End:
    """The file to copy. FileNotFoundError where there is none."""
    url = _pointed(name) or url_of(name)
    for layout in ("chunks", "plain"):
        if url.startswith("http") and layout == "chunks":
            continue
        found = find(name, url, layout)
        if found is not None:
            return found
    raise FileNotFoundError(f"there is no file {name if not is_url(name) else url}")


def target(name: str, layout: Layout | None, overwrite: bool) -> tuple[End, End | None]:
    """Where the copy goes, and what is there already. FileExistsError unless that may go."""
    url = url_of(name)
    if not is_url(name) and not os.path.isdir(os.path.dirname(os.path.abspath(name))):
        raise FileNotFoundError(f"there is no directory {os.path.dirname(name)} for {name}")
    if url.startswith("http"):
        raise ValueError(f"{name}: an http URL can only be read; copy to s3:// or to a path")
    chosen: Layout = layout or ("chunks" if is_url(name) else "plain")
    other: Layout = "plain" if chosen == "chunks" else "chunks"
    there = find(name, url, chosen)
    if there is not None and not overwrite:
        raise FileExistsError(f"{name} exists already; overwrite it with --overwrite")
    if find(name, url, other) is not None:
        kind = "a plain file" if other == "plain" else "a file in the chunk layout"
        raise FileExistsError(
            f"{name} exists already as {kind}, which would hide the copy or be hidden by it; "
            f"remove it (`arraymorph rm {name}`) or choose another name"
        )
    etag, by_path = there.etag if there else "", not is_url(name)
    return End(name, url, local_path(url), chosen, etag, 0, by_path), there


def _pointed(name: str) -> str | None:
    """Where a pointer file leads."""
    if is_url(name) or not is_pointer(Path(name)):
        return None
    return str(_core.describe(name)["url"])


def is_local(end: End) -> bool:
    """A file of the local disk and no part of a store: HDF5 itself opens it and follows its links.

    A URL names a file in a store, whose links and sources are to stay in that store.
    """
    return end.by_path and end.layout == "plain" and end.path is not None


@contextmanager
def opened(end: End, native: bool | None = None) -> Iterator[Any]:
    """The FileID of a file, for reading; by HDF5 itself where `native`, or where it is local."""
    h5 = Internals()
    h5f, h5p = h5.h5py.h5f, h5.h5py.h5p
    native = is_local(end) if native is None else native
    fapl = h5p.create(h5p.FILE_ACCESS)
    fapl.set_fclose_degree(h5f.CLOSE_STRONG)
    h5.set_connector(fapl.id, ours=not native)
    name = str(end.path) if native else end.url
    try:
        file = h5f.open(os.fsencode(name), h5f.ACC_RDONLY, fapl)
    except OSError as error:
        raise type(error)(f"{end.name} cannot be opened: {error}") from error
    try:
        yield file
    finally:
        file.close()
