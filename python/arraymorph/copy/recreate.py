"""Making in one open HDF5 file everything that another one has, but for the bulk of its data.

Works on h5py's low-level API, so that every property list goes over as it is. References lead to
the same objects of the new file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .. import _core
from .._h5py import Internals

_SLAB_BYTES = 16 << 20  # of values that are copied at a time


@dataclass
class Recreated:
    """One dataset: what was, and what is now."""

    path: str
    source: Any  # h5py.h5d.DatasetID
    target: Any


Fill = Callable[[Recreated], None]
Change = Callable[[str, Any, Any], Any]


@dataclass
class Recreation:
    """One run. `source` and `target` are open FileIDs, the target new and empty.

    `fill` is called for every dataset that may hold data, when all references can be translated.
    `change` may give another creation property list than the source's (path, dataset, its list).
    """

    source: Any
    target: Any
    fill: Fill
    change: Change | None = None
    objects: int = 0
    _names: dict[int, bytes] = field(default_factory=dict)  # source address: path in the target
    _types: dict[int, Any] = field(default_factory=dict)  # source address: committed TypeID
    _groups: deque[tuple[bytes, Any, Any]] = field(default_factory=deque)
    _later: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.h5 = Internals()
        self.values = _core.Values(self.h5.owner, self.source.id, self.target.id)

    @property
    def dangling(self) -> int:
        """References that led nowhere and are null now."""
        return self.values.dangling()

    def run(self, before_values: Callable[[], None] = lambda: None) -> None:
        """Everything; raises what h5py raises, with the path in front. `before_values` is called
        when all objects exist and no dataset has been filled."""
        h5py = self.h5.h5py
        root = h5py.h5g.open(self.source, b"/"), h5py.h5g.open(self.target, b"/")
        self._enter(b"/", *root)
        self._finish(b"/", *root)
        self._groups.append((b"/", *root))
        while self._groups:
            path, source, target = self._groups.popleft()
            for name in self._link_names(source):
                self._link(path.rstrip(b"/") + b"/" + name, name, source, target)
        before_values()
        for write in self._later:
            write()

    # Links

    def _link_names(self, group: Any) -> list[bytes]:
        h5 = self.h5.h5py.h5
        order = group.get_create_plist().get_link_creation_order()
        tracked = order & self.h5.h5py.h5p.CRT_ORDER_TRACKED
        names: list[bytes] = []
        group.links.iterate(names.append, idx_type=h5.INDEX_CRT_ORDER if tracked else h5.INDEX_NAME)
        return names

    def _link(self, path: bytes, name: bytes, source: Any, target: Any) -> None:
        h5l = self.h5.h5py.h5l
        info = source.links.get_info(name)
        lcpl = self.h5.h5py.h5p.create(self.h5.h5py.h5p.LINK_CREATE)
        lcpl.set_char_encoding(info.cset)
        if info.type == h5l.TYPE_SOFT:
            target.links.create_soft(name, source.links.get_val(name), lcpl)
        elif info.type == h5l.TYPE_EXTERNAL:
            file, item = source.links.get_val(name)
            target.links.create_external(name, file, item, lcpl)
        elif info.type == h5l.TYPE_HARD:
            self._object(path, name, source, target, lcpl)
        else:
            raise ValueError(f"{_text(path)} is a user-defined link, which cannot be copied")

    def _object(self, path: bytes, name: bytes, parent: Any, target: Any, lcpl: Any) -> None:
        h5py = self.h5.h5py
        handle = h5py.h5o.open(parent, name)
        address = h5py.h5o.get_info(handle).addr
        if address in self._names:
            target.links.create_hard(name, self.target, self._names[address], lcpl)
            return
        if isinstance(handle, h5py.h5g.GroupID):
            gcpl = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
            copy_group_properties(self.h5, handle, gcpl)
            made = h5py.h5g.create(target, name, lcpl, gcpl)
            self._groups.append((path, handle, made))
        elif isinstance(handle, h5py.h5d.DatasetID):
            made = self._dataset(path, name, handle, target, lcpl)
        else:
            made = self._committed(handle, address)
            h5py.h5o.link(made, target, name, lcpl)
        self._enter(path, handle, made)
        self._finish(path, handle, made)

    def _enter(self, path: bytes, source: Any, target: Any) -> None:
        info = self.h5.h5py.h5o.get_info
        address = info(source).addr
        self._names[address] = path
        self.values.map(address, info(target).addr)
        self.objects += 1

    # Types and datasets

    def _type(self, kind: Any) -> Any:
        """The type to create with: the committed one of the new file where it is committed."""
        if not kind.committed():
            return kind
        return self._committed(kind, self.h5.h5py.h5o.get_info(kind).addr)

    def _committed(self, kind: Any, address: int) -> Any:
        """Links come when the walk arrives there: the order of links is kept."""
        if address not in self._types:
            made, plist = kind.copy(), kind.get_create_plist()
            self.values.map(address, self.values.commit(made.id, plist.id))
            self._types[address] = made
        return self._types[address]

    def _dataset(self, path: bytes, name: bytes, source: Any, target: Any, lcpl: Any) -> Any:
        dcpl = source.get_create_plist()
        if self.change is not None:
            dcpl = self.change(_text(path), source, dcpl)
        made = self.h5.h5py.h5d.create(
            target, name, self._type(source.get_type()), source.get_space(), dcpl, lcpl
        )
        done = Recreated(_text(path), source, made)
        self._later.append(lambda: self._filled(done))
        return made

    def _filled(self, dataset: Recreated) -> None:
        with _naming(dataset.path):
            self.fill(dataset)

    # Attributes and comments

    def _finish(self, path: bytes, source: Any, target: Any) -> None:
        h5py = self.h5.h5py
        self.values.copy_comment(source.id, target.id)
        tracked = False
        if not isinstance(source, h5py.h5t.TypeID):
            order = source.get_create_plist().get_attr_creation_order()
            tracked = bool(order & h5py.h5p.CRT_ORDER_TRACKED)
        names: list[bytes] = []

        def keep(name: bytes, *_: Any) -> None:
            names.append(name)

        index = h5py.h5.INDEX_CRT_ORDER if tracked else h5py.h5.INDEX_NAME
        h5py.h5a.iterate(source, keep, index_type=index)
        for name in names:
            self._attribute(f"attribute {_text(name)!r} of {_text(path)}", name, source, target)

    def _attribute(self, what: str, name: bytes, source: Any, target: Any) -> None:
        h5a = self.h5.h5py.h5a
        with _naming(what):
            one = h5a.open(source, name)
            kind, space = one.get_type(), one.get_space()
            made = self._type(kind)
            self.values.create_attribute(one.id, target.id, name, made.id, space.id)

        def write() -> None:
            with _naming(what):
                two = h5a.open(target, name)  # an id is closed with its object
                self.values.copy_attribute(one.id, two.id)

        if self.values.has_references(kind.id):
            self._later.append(write)
        else:
            write()

    # Values, for whoever fills datasets

    def copy_values(self, dataset: Recreated) -> None:
        """All values through HDF5, as far as any are stored; bounded memory."""
        space = dataset.source.get_space()
        if space.get_simple_extent_type() == self.h5.h5py.h5s.NULL:
            return
        shape = space.get_simple_extent_dims()
        if 0 in shape or not _stored(self.h5.h5py, dataset.source):
            return
        chunk = chunk_shape(self.h5.h5py, dataset.source)
        if chunk is not None and chunk == chunk_shape(self.h5.h5py, dataset.target):
            for start in stored_chunks(dataset.source):
                count = [min(c, n - s) for c, n, s in zip(chunk, shape, start, strict=True)]
                self._copy_slab(dataset, list(start), count)
            return
        target = chunk_shape(self.h5.h5py, dataset.target) or chunk
        element = dataset.source.get_type().get_size()
        for start_, count in slabs(shape, target, max(1, _SLAB_BYTES // element)):
            self._copy_slab(dataset, start_, count)

    def _copy_slab(self, dataset: Recreated, start: list[int], count: list[int]) -> None:
        self.values.copy_elements(dataset.source.id, dataset.target.id, start, count)

    def copy_chunks(self, dataset: Recreated) -> int:
        """The stored bytes of every chunk, not decoded; their number of bytes."""
        copied = 0
        for start in stored_chunks(dataset.source):
            mask, stored = dataset.source.read_direct_chunk(start)
            dataset.target.write_direct_chunk(start, stored, mask)
            copied += len(stored)
        return copied


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Errors say what they are about."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        raise OSError(f"{what}: {error}") from error


def copy_group_properties(h5: Internals, group: Any, plist: Any) -> None:
    """What the group was created with; `plist` may be that of a file, for its root group."""
    source = group.get_create_plist()  # an id is closed with its object
    _core.copy_group_properties(h5.owner, source.id, plist.id)


def is_plain(h5t: Any, kind: Any) -> bool:
    """Stored bytes of this type mean the same in another file."""
    return not (
        kind.detect_class(h5t.VLEN)
        or kind.detect_class(h5t.REFERENCE)
        or has_variable_strings(h5t, kind)
    )


def has_variable_strings(h5t: Any, kind: Any) -> bool:
    """Strings of variable length, which HDF5 does not count as a VLEN class."""
    if isinstance(kind, h5t.TypeStringID):
        return bool(kind.is_variable_str())
    if isinstance(kind, h5t.TypeCompoundID):
        members = range(kind.get_nmembers())
        return any(has_variable_strings(h5t, kind.get_member_type(i)) for i in members)
    if isinstance(kind, h5t.TypeArrayID):
        return has_variable_strings(h5t, kind.get_super())
    return False


def chunk_shape(h5py: Any, dataset: Any) -> tuple[int, ...] | None:
    """Extents of a chunk; None where the layout has none."""
    plist = dataset.get_create_plist()
    chunked = plist.get_layout() == h5py.h5d.CHUNKED
    return tuple(plist.get_chunk()) if chunked else None


def _stored(h5py: Any, dataset: Any) -> bool:
    """Something was written: contiguous storage comes into being with the first write."""
    plist = dataset.get_create_plist()
    if plist.get_layout() == h5py.h5d.VIRTUAL or plist.get_external_count() > 0:
        return False
    if plist.get_layout() == h5py.h5d.COMPACT:
        return True
    return bool(dataset.get_storage_size() > 0)


def stored_chunks(dataset: Any) -> list[tuple[int, ...]]:
    """The first element of every chunk that is stored."""
    starts: list[tuple[int, ...]] = []
    if dataset.get_num_chunks() > 0:
        dataset.chunk_iter(lambda info: starts.append(tuple(info.chunk_offset)))
    return starts


def slabs(
    shape: tuple[int, ...], chunk: tuple[int, ...] | None, most: int
) -> list[tuple[list[int], list[int]]]:
    """Hyperslabs (start, count) that cover `shape`, of about `most` elements, whole chunks each."""
    if not shape:
        return [([], [])]
    unit = list(chunk or (1,) * len(shape))
    box = [min(u, n) for u, n in zip(unit, shape, strict=True)]
    for axis in reversed(range(len(shape))):  # grow along the fastest axes first
        others = _product(box) // box[axis]
        rows = max(most // max(others, 1) // unit[axis], 1) * unit[axis]
        box[axis] = min(max(rows, box[axis]), shape[axis])
        if box[axis] < shape[axis]:
            break
    found: list[tuple[list[int], list[int]]] = []
    start = [0] * len(shape)
    while True:
        count = [min(b, n - s) for b, n, s in zip(box, shape, start, strict=True)]
        found.append((list(start), count))
        axis = len(shape) - 1
        while axis >= 0:
            start[axis] += box[axis]
            if start[axis] < shape[axis]:
                break
            start[axis] = 0
            axis -= 1
        if axis < 0:
            return found


def _product(numbers: list[int]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result


def _text(path: bytes) -> str:
    return path.decode(errors="surrogateescape")
