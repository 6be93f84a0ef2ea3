"""From the chunk layout to a plain file.

The bytes of the metadata object are an HDF5 file whose chunked datasets hold nothing. HDF5 itself
gives the chunks their places: it writes placeholders into a file that keeps everything but them.
What is left are the bytes of the plain file between the chunks, which go in as they are stored.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import _core
from .._h5py import Internals
from .alloc_time import set_alloc_time
from .ends import End
from .import_ import pieces
from .plan import Plan, Segment


@dataclass(frozen=True)
class _Extent:
    """Bytes of the plain file that come from an object."""

    offset: int
    length: int
    key: str
    begin: int  # in the object
    object_size: int


class Skeleton:
    """A file object for h5py's fileobj driver. Placeholders that are written are only noted."""

    def __init__(self, content: bytes) -> None:
        self._file = tempfile.TemporaryFile(prefix="arraymorph-copy-")  # noqa: SIM115  (closed by close)
        _write_at(self._file.fileno(), memoryview(content), 0)
        self._at = 0
        self.size = len(content)
        self.placeholder = mmap.mmap(-1, mmap.PAGESIZE)
        self._address = 0
        self.noted: list[tuple[int, int, int]] = []  # file offset, length, where in the placeholder
        self.reserve(mmap.PAGESIZE)

    def reserve(self, size: int) -> memoryview:
        """A placeholder of `size` bytes; no memory is used for it."""
        import numpy as np

        if len(self.placeholder) < size or self._address == 0:
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
            self.placeholder = mmap.mmap(-1, max(size, 1), flags=flags)
            self._address = np.frombuffer(self.placeholder, "u1").ctypes.data
        return memoryview(self.placeholder)[:size]

    # What the driver calls

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        got = os.preadv(self._file.fileno(), [view], self._at)
        if got < len(view):  # past the end of what was written, inside what was allocated
            view[got:] = bytes(len(view) - got)
        self._at += len(view)
        return len(view)

    def read(self, size: int = -1) -> bytes:
        buffer = bytearray(size if size >= 0 else self.size - self._at)
        self.readinto(buffer)
        return bytes(buffer)

    def write(self, data: Any) -> int:
        import numpy as np

        view = memoryview(data).cast("B")
        inside = np.frombuffer(view, "u1").ctypes.data - self._address if len(view) else -1
        if 0 <= inside < len(self.placeholder):
            self.noted.append((self._at, len(view), inside))
        else:
            _write_at(self._file.fileno(), view, self._at)
        self._at += len(view)
        self.size = max(self.size, self._at)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self.size = self._at if size is None else size
        return self.size

    def flush(self) -> None:
        """Nothing is kept back."""

    # Afterwards

    def bytes_at(self, offset: int, length: int) -> bytes:
        """What was written there, zero where nothing was."""
        self._at = offset
        return self.read(length)

    def patch(self, offset: int, content: bytes) -> None:
        """Change what was written."""
        _write_at(self._file.fileno(), memoryview(content), offset)

    def close(self) -> None:
        """Forget everything."""
        self._file.close()


def _write_at(descriptor: int, view: memoryview, offset: int) -> None:
    while len(view):
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def plan_export(source: End) -> Plan:
    """Lists the chunks of `source` and gives every one its place in the plain file."""
    stored = _core.get_metadata(source.url)
    catalog = json.loads(stored["catalog"])
    skeleton = Skeleton(stored["bytes"])
    try:
        exporter = _Exporter(source, skeleton, catalog)
        exporter.run()
        return exporter.plan()
    finally:
        skeleton.close()


@dataclass
class _Exporter:
    source: End
    skeleton: Skeleton
    catalog: dict[str, Any]
    extents: list[_Extent] = field(default_factory=list)
    fills: list[tuple[int, bytes]] = field(default_factory=list)  # file offset, bytes

    def run(self) -> None:
        h5 = Internals()
        self.h5py = h5.h5py
        file = self._open(h5)
        fcpl = file.get_create_plist()
        self.base, self.width = fcpl.get_userblock(), fcpl.get_sizes()[0]
        try:
            datasets = dict(self._datasets(file))
            chunks = self._chunks(
                {a: d.get_space().get_simple_extent_dims() for a, d in datasets.items()}
            )
            for entry in self.catalog["datasets"]:
                dataset = datasets.get(entry["address"])
                if dataset is None:
                    continue  # open in no program and without a link: on its way out
                there = chunks.get(entry["address"], {})
                if entry["layout"] == "contiguous":
                    self._place_pieces(dataset, entry, there)
                else:
                    self._place_chunks(dataset, entry, there)
            del datasets
            dataset = None
        finally:
            file.close()
        self._set_alloc_times()

    def _open(self, h5: Internals) -> Any:
        h5f, h5p = self.h5py.h5f, self.h5py.h5p
        fapl = h5p.create(h5p.FILE_ACCESS)
        fapl.set_fclose_degree(h5f.CLOSE_STRONG)
        fapl.set_libver_bounds(h5f.LIBVER_EARLIEST, h5f.LIBVER_LATEST)
        h5.set_connector(fapl.id, ours=False)
        fapl.set_fileobj_driver(self.h5py.h5fd.fileobj_driver, self.skeleton)
        name = f"skeleton of {self.source.url}".encode(errors="replace")
        return h5f.open(name, h5f.ACC_RDWR, fapl)

    def _datasets(self, file: Any) -> Iterator[tuple[int, Any]]:
        """Those of the catalog, by address."""
        h5o = self.h5py.h5o
        wanted = {entry["address"]: entry for entry in self.catalog["datasets"]}
        names: dict[int, bytes] = {}

        def look(name: bytes, info: Any) -> None:
            if info.addr in wanted:
                names.setdefault(info.addr, name)

        h5o.visit(file, look, info=True)
        for address, name in names.items():
            handle = h5o.open(file, name)
            self._refuse_others(name, handle, wanted[address])
            yield address, handle

    def _refuse_others(self, name: bytes, handle: Any, entry: dict[str, Any]) -> None:
        """A catalog says whatever its writer likes. HDF5 writes placeholders where the description
        of a dataset says: into local files where that names some."""
        h5d = self.h5py.h5d
        plist = handle.get_create_plist() if isinstance(handle, h5d.DatasetID) else None
        layout = {"contiguous": h5d.CONTIGUOUS, "chunked": h5d.CHUNKED}.get(
            entry.get("layout", "chunked")
        )
        if plist is None or plist.get_layout() != layout:
            wrong = "its layout is not what the catalog says"
        elif plist.get_external_count() > 0:
            wrong = "its data lies in external files, and the catalog says that it is stored"
        elif layout == h5d.CHUNKED and list(plist.get_chunk()) != list(entry["chunk"]):
            wrong = "its chunks are not what the catalog says"
        elif self._leads_elsewhere(handle.get_type()):
            wrong = "data of its type is not stored in chunks of its own"
        else:
            return
        path = name.decode(errors="surrogateescape").lstrip("/")
        raise OSError(f"{self.source.url} is damaged: /{path}: {wrong}")

    def _leads_elsewhere(self, datatype: Any) -> bool:
        """Elements lead to what lies elsewhere: variable length, or references, at any depth."""
        h5t = self.h5py.h5t
        if isinstance(datatype, h5t.TypeStringID):
            return bool(datatype.is_variable_str())
        if isinstance(datatype, h5t.TypeCompoundID):
            members = range(datatype.get_nmembers())
            return any(self._leads_elsewhere(datatype.get_member_type(i)) for i in members)
        if isinstance(datatype, h5t.TypeArrayID):
            return self._leads_elsewhere(datatype.get_super())
        return isinstance(datatype, (h5t.TypeVlenID, h5t.TypeReferenceID))

    def _chunks(self, extents: dict[int, Any]) -> dict[int, dict[tuple[int, ...], tuple[str, int]]]:
        """Key and size of every stored chunk, by dataset and index."""
        known = {str(address): list(dims) for address, dims in extents.items()}
        found = _core.inventory(self.source.url, json.dumps(known))
        if found["missing"]:
            key = found["missing"][0][0]
            raise OSError(f"{self.source.url}/{key}, an object of the file, does not exist")
        chunks: dict[int, dict[tuple[int, ...], tuple[str, int]]] = {}
        for key, size, _, kind, address, index in found["objects"]:
            if kind == "chunk":
                chunks.setdefault(address, {})[tuple(index)] = (key, size)
        return chunks

    def _place_chunks(self, dataset: Any, entry: dict[str, Any], there: dict[Any, Any]) -> None:
        masks = {tuple(index): mask for index, mask in entry.get("filter_masks", [])}
        for index in sorted(there):
            key, size = there[index]
            start = tuple(i * c for i, c in zip(index, entry["chunk"], strict=True))
            placeholder = self.skeleton.reserve(size)
            noted = len(self.skeleton.noted)
            dataset.write_direct_chunk(start, placeholder, masks.get(index, 0))
            if len(self.skeleton.noted) != noted + 1 or self.skeleton.noted[-1][1:] != (size, 0):
                raise RuntimeError(f"HDF5 did not give {key} a place of its own")
            self.extents.append(_Extent(self.skeleton.noted[-1][0], size, key, 0, size))

    def _place_pieces(self, dataset: Any, entry: dict[str, Any], there: dict[Any, Any]) -> None:
        if not there:
            return
        shape = dataset.get_space().get_simple_extent_dims()
        kind = dataset.get_type()
        size = kind.get_size() * dataset.get_space().get_simple_extent_npoints()
        noted = len(self.skeleton.noted)
        import numpy as np

        everything = self.h5py.h5s.ALL
        values = np.frombuffer(self.skeleton.reserve(size), "u1")
        dataset.write(everything, everything, values, kind)
        self.h5py.h5f.flush(dataset, self.h5py.h5f.SCOPE_LOCAL)
        if sum(length for _, length, _ in self.skeleton.noted[noted:]) != size:
            raise RuntimeError("HDF5 did not give a contiguous dataset a place of its own")
        begin = dataset.get_offset()
        for piece in pieces(shape, entry["chunk"], kind.get_size()):
            if piece.index in there:
                key, stored = there[piece.index]
                at = begin + piece.begin
                self.extents.append(_Extent(at, piece.length, key, 0, stored))
            else:
                self._fill(dataset, begin + piece.begin, piece.length)

    def _fill(self, dataset: Any, offset: int, length: int) -> None:
        import numpy as np

        plist, kind = dataset.get_create_plist(), dataset.get_type()
        value = np.zeros((), f"V{kind.get_size()}")
        if plist.fill_value_defined() == self.h5py.h5d.FILL_VALUE_USER_DEFINED:
            raw = self._raw_fill(dataset)
            value = np.frombuffer(raw, value.dtype)[0]
        self.fills.append((offset, value.tobytes() * (length // kind.get_size())))

    def _raw_fill(self, dataset: Any) -> bytes:
        """The fill value in the type of the file: what an empty dataset of its kind reads as."""
        import numpy as np

        h5d, h5s, h5f, h5p = self.h5py.h5d, self.h5py.h5s, self.h5py.h5f, self.h5py.h5p
        fapl = h5p.create(h5p.FILE_ACCESS)
        fapl.set_fapl_core(backing_store=False)
        Internals().set_connector(fapl.id, ours=False)
        with tempfile.TemporaryDirectory(prefix="arraymorph-copy-") as folder:
            scratch = h5f.create(os.fsencode(folder) + b"/x", fapl=fapl)
            one = h5d.create(
                scratch,
                b"x",
                dataset.get_type(),
                h5s.create_simple((1,)),
                dataset.get_create_plist(),
            )
            value = np.zeros(dataset.get_type().get_size(), "u1")
            one.read(h5s.create_simple((1,)), h5s.ALL, value, dataset.get_type())
            scratch.close()
        return value.tobytes()

    def _set_alloc_times(self) -> None:
        for entry in self.catalog["datasets"]:
            if entry.get("alloc_time"):
                set_alloc_time(
                    self.skeleton, self.base, entry["address"], self.width, entry["alloc_time"]
                )

    def plan(self) -> Plan:
        """Everything between the extents is literal."""
        literal = bytearray()
        segments: list[Segment] = []

        def keep(offset: int, content: bytes) -> None:
            if content.count(0) == len(content):
                return  # as is what no segment covers
            segments.append((offset, len(content), None, len(literal), 0))
            literal.extend(content)

        at = 0
        places: list[Any] = [*self.extents, *self.fills]
        places.sort(key=lambda each: each.offset if isinstance(each, _Extent) else each[0])
        for place in places:
            offset = place.offset if isinstance(place, _Extent) else place[0]
            if offset > at:
                keep(at, self.skeleton.bytes_at(at, offset - at))
            if isinstance(place, _Extent):
                segments.append((offset, place.length, place.key, place.begin, place.object_size))
                at = offset + place.length
            else:
                keep(*place)
                at = offset + len(place[1])
        if self.skeleton.size > at:
            keep(at, self.skeleton.bytes_at(at, self.skeleton.size - at))
        return Plan(
            kind="assemble",
            literal=bytes(literal),
            segments=segments,
            size=self.skeleton.size,
        )
