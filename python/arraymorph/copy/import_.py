"""From a plain file to the chunk layout: the structure made anew, the stored chunks as they are."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

from .. import _core
from .._h5py import Internals
from .ends import End, opened
from .plan import Move, Plan
from .recreate import Recreated, Recreation, copy_group_properties, is_plain


def plan_import(source: End) -> Plan:
    """Reads the structure, the small data and the index of the chunks of `source`.

    The structure is made in a directory of its own, whose metadata object will be that of the
    destination.
    """
    with tempfile.TemporaryDirectory(prefix="arraymorph-copy-") as folder, opened(source) as file:
        url = f"file://{Path(folder).resolve()}/file.h5"
        target = create_file(url, file, ours=True)
        try:
            importer = _Importer(file, target, url)
            importer.run()
            user_block = _user_block(source, file)
        finally:
            target.close()
        made = _core.get_metadata(url)
        literal = user_block + made["bytes"][len(user_block) :]
        catalog = importer.with_masks(json.loads(made["catalog"]))
        return Plan(
            kind="move",
            literal=literal,
            etag=source.etag,
            moves=importer.moves,
            catalog=json.dumps(catalog),
            dangling=importer.recreation.dangling,
        )


def create_file(name: str, like: Any, ours: bool) -> Any:
    """A new, empty file with the creation properties of another; its FileID."""
    h5 = Internals()
    h5f, h5p = h5.h5py.h5f, h5.h5py.h5p
    fapl = h5p.create(h5p.FILE_ACCESS)
    fapl.set_fclose_degree(h5f.CLOSE_STRONG)
    fapl.set_libver_bounds(_oldest(h5f, like), h5f.LIBVER_LATEST)
    h5.set_connector(fapl.id, ours=ours)
    fcpl = like.get_create_plist()
    copy_group_properties(h5, h5.h5py.h5g.open(like, b"/"), fcpl)
    return h5f.create(name.encode(errors="surrogateescape"), h5f.ACC_TRUNC, fcpl, fapl)


def _oldest(h5f: Any, file: Any) -> int:
    """The release whose form of superblock the file has: its objects get their form too."""
    versions = {0: h5f.LIBVER_EARLIEST, 1: h5f.LIBVER_EARLIEST, 2: h5f.LIBVER_V18}
    return int(versions.get(file.get_create_plist().get_version()[0], h5f.LIBVER_V110))


def _user_block(source: End, file: Any) -> bytes:
    """The bytes in front of the HDF5 file proper, which belong to somebody else."""
    size = int(file.get_create_plist().get_userblock())
    if size == 0:
        return b""
    if source.path is not None:
        with open(source.path, "rb") as plain:
            return plain.read(size)
    return _core.read(source.url, "", 0, size)


class _Importer:
    """Recreates what lies inside the metadata object, and lists the moves of all the rest."""

    def __init__(self, file: Any, target: Any, url: str) -> None:
        self.h5 = Internals()
        self.target = target
        self.url = url
        self.base = int(file.get_create_plist().get_userblock())
        self.moves: list[Move] = []
        self.masks: dict[int, list[list[Any]]] = {}  # by address: [[index, mask], ...]
        self.entries: dict[int, dict[str, Any]] = {}
        self.recreation = Recreation(file, target, self._fill)

    def run(self) -> None:
        self.recreation.run(self._read_catalog)
        self.moves.sort(key=lambda move: move[1] or 0)

    def with_masks(self, catalog: dict[str, Any]) -> dict[str, Any]:
        """The catalog of the closed file, with the filter masks of the chunks that have some."""
        for entry in catalog["datasets"]:
            if entry["address"] in self.masks:
                entry["filter_masks"] = self.masks[entry["address"]]
        return catalog

    def _read_catalog(self) -> None:
        self.h5.h5py.h5f.flush(self.target)
        catalog = json.loads(_core.get_metadata(self.url)["catalog"])
        self.entries = {entry["address"]: entry for entry in catalog["datasets"]}

    def _fill(self, dataset: Recreated) -> None:
        h5py = self.h5.h5py
        address = h5py.h5o.get_info(dataset.target).addr
        entry = self.entries.get(address)
        if entry is None:
            plain = is_plain(h5py.h5t, dataset.source.get_type())
            layout = dataset.source.get_create_plist().get_layout()
            if plain and layout == h5py.h5d.CHUNKED:
                self.recreation.copy_chunks(dataset)
            else:
                self.recreation.copy_values(dataset)
        elif entry["layout"] == "contiguous":
            self._add_pieces(dataset, entry)
        else:
            self._add_chunks(dataset, entry, address)

    def _add_chunks(self, dataset: Recreated, entry: dict[str, Any], address: int) -> None:
        folder, extent = entry["prefix"] + "/c/", entry["chunk"]
        masks: list[list[Any]] = []

        def add(info: Any) -> None:
            index = [o // c for o, c in zip(info.chunk_offset, extent, strict=True)]
            key = folder + "/".join(map(str, index))
            self.moves.append(("", info.byte_offset, info.size, key, info.size))
            if info.filter_mask:
                masks.append([index, info.filter_mask])

        if dataset.source.get_num_chunks() > 0:
            dataset.source.chunk_iter(add)
        if masks:
            self.masks[address] = sorted(masks)

    def _add_pieces(self, dataset: Recreated, entry: dict[str, Any]) -> None:
        offset = dataset.source.get_offset()
        if offset is None or dataset.source.get_storage_size() == 0:
            return
        shape = dataset.source.get_space().get_simple_extent_dims()
        element = dataset.source.get_type().get_size()
        for piece in pieces(shape, entry["chunk"], element):
            key = entry["prefix"] + "/c/" + "/".join(map(str, piece.index))
            self.moves.append(("", offset + piece.begin, piece.length, key, piece.size))


class Piece:
    """A part of a contiguous dataset that is an object of its own, filled up at the edges."""

    def __init__(self, index: tuple[int, ...], begin: int, length: int, size: int) -> None:
        self.index = index
        self.begin = begin  # in the dataset's bytes
        self.length = length
        self.size = size  # of the object


def pieces(shape: tuple[int, ...], extent: list[int], element: int) -> list[Piece]:
    """All of them, in the order of the dataset's bytes. `extent` splits slow axes only."""
    grid = [-(-n // c) for n, c in zip(shape, extent, strict=True)]
    strides = [element * math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    size = element * math.prod(extent)
    found: list[Piece] = []
    for number in range(math.prod(grid)):
        index, rest = [], number
        for count in reversed(grid):
            index.append(rest % count)
            rest //= count
        index.reverse()
        start = [i * c for i, c in zip(index, extent, strict=True)]
        count_ = [min(c, n - s) for c, n, s in zip(extent, shape, start, strict=True)]
        begin = sum(s * stride for s, stride in zip(start, strides, strict=True))
        found.append(Piece(tuple(index), begin, element * math.prod(count_), size))
    return found
