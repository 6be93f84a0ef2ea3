"""Which chunks of a dataset are stored, and how large: the same for both layouts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import _core

if TYPE_CHECKING:
    import numpy as np

Index = tuple[int, ...]


@dataclass
class ChunkTable:
    """The chunks of one dataset; arrays have an entry for each stored one."""

    shape: Index
    chunk: Index
    element: int  # bytes
    indices: np.ndarray  # (n, rank), in chunks
    sizes: np.ndarray  # (n,) bytes as stored
    offsets: np.ndarray | None  # (n,) bytes in the file; None: each has an object of its own
    prefix: str | None = None  # of these objects' keys, below the file's
    masks: int = 0  # chunks that some filter has left out
    contiguous: bool = False

    @property
    def grid(self) -> Index:
        """Chunks along each axis."""
        return tuple(
            -(-size // extent) for size, extent in zip(self.shape, self.chunk, strict=True)
        )

    @property
    def count(self) -> int:
        return math.prod(self.grid)

    @property
    def chunk_bytes(self) -> int:
        return math.prod(self.chunk) * self.element

    @property
    def stored(self) -> int:
        return int(self.sizes.sum())


def chunk_table(url: str, dataset: Any) -> ChunkTable:
    """Of an h5py dataset of the file `url`. ValueError when it has neither chunks nor pieces."""
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"{dataset.name} is no dataset; name one")
    contiguous = dataset.id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS
    if dataset.chunks is None and not (contiguous and dataset.shape):
        raise ValueError(
            f"{dataset.name} has no chunks: it is stored in one piece with the metadata"
        )
    pieces, objects = _pieces(url, h5py.h5o.get_info(dataset.id).addr, contiguous)
    if dataset.chunks is not None:
        return _chunked(dataset, pieces["prefix"] if pieces else None)
    return _contiguous(dataset, pieces, objects)


def _pieces(url: str, address: int, list_them: bool) -> tuple[dict[str, Any] | None, list[Any]]:
    """What the catalog says of a dataset, if its data lies in objects, and these as listed."""
    if url.startswith(("https://", "http://")):
        return None, []
    answer = _core.inventory(url)
    found = next((each for each in answer["datasets"] if each["address"] == address), None)
    if found is None or not list_them:
        return found, []
    listed = _core.inventory(url, "{}")["objects"]
    return found, [each for each in listed if each[3] == "chunk" and each[4] == address]


def _chunked(dataset: Any, prefix: str | None) -> ChunkTable:
    import numpy as np

    starts: list[Index] = []
    sizes: list[int] = []
    offsets: list[int] = []
    masks = 0

    def take(info: Any) -> None:  # a value other than None would end the iteration
        nonlocal masks
        starts.append(info.chunk_offset)
        sizes.append(info.size)
        offsets.append(info.byte_offset)
        masks += info.filter_mask != 0

    dataset.id.chunk_iter(take)
    rank = len(dataset.shape)
    return ChunkTable(
        shape=dataset.shape,
        chunk=dataset.chunks,
        element=dataset.id.get_type().get_size(),
        indices=np.array(starts, dtype="i8").reshape(-1, rank) // np.array(dataset.chunks),
        sizes=np.array(sizes, dtype="i8"),
        offsets=np.array(offsets, dtype="i8") if prefix is None else None,
        prefix=prefix,
        masks=masks,
    )


def _contiguous(dataset: Any, pieces: dict[str, Any] | None, objects: list[Any]) -> ChunkTable:
    """The pieces of a file of chunk objects, or the one of a plain file."""
    import numpy as np

    rank = len(dataset.shape)
    offsets = None
    found = [(tuple(index), size) for _, size, _, _, _, index in objects]
    if pieces is None:
        found = [((0,) * rank, size)] if (size := dataset.id.get_storage_size()) else []
        offset = dataset.id.get_offset()
        offsets = np.array([offset] * len(found), dtype="i8") if offset is not None else None
    return ChunkTable(
        shape=dataset.shape,
        chunk=tuple(pieces["chunk"]) if pieces else dataset.shape,
        element=dataset.id.get_type().get_size(),
        indices=np.array([each[0] for each in found], dtype="i8").reshape(-1, rank),
        sizes=np.array([each[1] for each in found], dtype="i8"),
        offsets=offsets,
        prefix=pieces["prefix"] if pieces else None,
        contiguous=True,
    )
