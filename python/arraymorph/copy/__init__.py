"""`arraymorph.copy`: HDF5 files between plain files and the chunk layout, and between stores.

Light to import; what does the work is imported when it is called.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

Layout = Literal["plain", "chunks"]


class Progress(NamedTuple):
    """How far a copy is. Totals are 0 while they are not known."""

    stage: str  # "structure", "data", "verify"
    bytes: int
    total_bytes: int
    items: int  # chunks; parts where one object is put together
    total_items: int


class Copied(NamedTuple):
    """What a copy did."""

    source: str
    target: str
    source_layout: Layout
    target_layout: Layout
    bytes: int  # of data and metadata at the destination
    items: int  # chunks; parts where one object was put together
    resumed: int  # of these, there from an earlier, interrupted copy
    seconds: float
    verified: bool
    dangling_references: int  # led nowhere in the source; null in the destination


def copy(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    layout: Layout | None = None,
    rechunk: Mapping[str, tuple[int, ...]] | None = None,
    compression: str | None = None,
    overwrite: bool = False,
    verify: bool = False,
    resume: bool = True,
    progress: Callable[[Progress], None] | None = None,
) -> Copied:
    """Copy an HDF5 file: from a plain file to the chunk layout, back, or from store to store.

    src, dst     "s3://bucket/name", "file:///directory/name", or the path of a local file
    layout       of the copy: "plain" (one HDF5 file) or "chunks" (an object for each chunk).
                 Default: plain for a local path, chunks for a URL
    rechunk      new chunk shapes, {"/path": (64, 64)}; such datasets are decoded and encoded anew
    compression  of all chunked datasets: "gzip", "gzip:4", "zstd:3", "lzf", "none"; as rechunk
    overwrite    replace what is there; until the copy is complete, what is there stays
    verify       read everything again when it is done and compare it
    resume       go on where an interrupted copy of the same file to the same place has ended
    progress     called about ten times a second

    Chunks move as they are stored, without being decoded, many at a time; no more than
    ARRAYMORPH_IN_FLIGHT_BYTES are in memory. The destination appears when it is complete.

    Raises FileNotFoundError, FileExistsError, PermissionError, OSError; ValueError for arguments
    that make no sense together. KeyboardInterrupt leaves what is needed to resume.

    >>> import arraymorph, h5py, tempfile
    >>> directory = tempfile.mkdtemp()
    >>> with h5py.File(f"{directory}/run42.h5", "w") as f:
    ...     f.create_dataset("temperature", data=[[1.0, 2.0]] * 9000, chunks=(3000, 2))
    <HDF5 dataset "temperature": shape (9000, 2), type "<f8">
    >>> arraymorph.copy(f"{directory}/run42.h5", f"file://{directory}/stored/run42.h5").items
    3
    """
    from .run import run

    return run(
        os.fspath(src),
        os.fspath(dst),
        layout=layout,
        rechunk=dict(rechunk or {}),
        compression=compression,
        overwrite=overwrite,
        verify=verify,
        resume=resume,
        progress=progress,
    )
