"""Compare two open HDF5 files: every group, link, dataset, attribute, type, property and value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5o, h5p, h5s, h5t

from .. import _core
from .._h5py import Internals
from .recreate import is_plain, slabs, stored_chunks

_MOST = 16 << 20  # bytes that are read at a time
_GET = {
    h5p.PropGCID: (
        "get_link_creation_order",
        "get_attr_creation_order",
        "get_attr_phase_change",
        "get_obj_track_times",
    ),
    h5p.PropDCID: (
        "get_layout",
        "get_alloc_time",
        "get_fill_time",
        "fill_value_defined",
        "get_attr_creation_order",
        "get_attr_phase_change",
        "get_obj_track_times",
        "get_external_count",
    ),
    h5p.PropFCID: (
        "get_userblock",
        "get_sizes",
        "get_link_creation_order",
        "get_attr_creation_order",
        "get_attr_phase_change",
        "get_file_space_strategy",
    ),
}

Skip = Callable[[str, Any], bool]
Ignore = Callable[[str, str], bool]


def differences(
    left: h5py.File,
    right: h5py.File,
    *,
    skip_values: Skip = lambda path, dataset: False,
    ignore: Ignore = lambda path, what: False,
) -> Iterator[str]:
    """One line per difference; nothing when the files say the same.

    `skip_values`: true for datasets whose values somebody else compares. `ignore`: true for
    properties that are to differ (path; "chunks", "filters", "layout", "stored chunks",
    "encoding", or what a property list calls it).
    """
    yield from _Comparison(left, right, skip_values, ignore).run()


class _Comparison:
    def __init__(self, left: h5py.File, right: h5py.File, skip: Skip, ignore: Ignore) -> None:
        self.left, self.right = left, right
        self.skip, self.ignore = skip, ignore
        self.values = _core.SameValues(Internals().owner, left.id.id, right.id.id)
        self.mapped = False
        self.seen: dict[int, int] = {}  # addresses: left to right
        self.owners: dict[int, int] = {}  # the same, right to left

    def run(self) -> Iterator[str]:
        fcpls = self.left.id.get_create_plist(), self.right.id.get_create_plist()
        yield from self._properties("the file", *fcpls)
        roots = h5g.open(self.left.id, b"/"), h5g.open(self.right.id, b"/")
        self._pair(*(h5o.get_info(root).addr for root in roots))
        waiting = [("/", *roots)]
        while waiting:
            path, left, right = waiting.pop()
            yield from self._attributes(path, left, right)
            names = _links(left), _links(right)
            if names[0] != names[1]:
                yield f"{path}: members {names[0]} became {names[1]}"
                continue
            for name in names[0]:
                child = path.rstrip("/") + "/" + name.decode(errors="surrogateescape")
                yield from self._link(child, name, left, right, waiting)

    def _link(
        self, path: str, name: bytes, left: Any, right: Any, waiting: list[Any]
    ) -> Iterator[str]:
        one, two = left.links.get_info(name), right.links.get_info(name)
        if one.cset != two.cset and not self.ignore(path, "encoding"):
            yield f"{path}: the encoding of its name changed"
        if one.type != two.type:
            yield f"{path}: a link of type {one.type} became one of type {two.type}"
        elif one.type != h5py.h5l.TYPE_HARD:
            one, two = (self.values.link_value(each.id, name) for each in (left, right))
            if one != two:
                yield f"{path}: the link leads elsewhere: {two!r}"
        else:
            pair = h5o.open(left, name), h5o.open(right, name)
            addresses = h5o.get_info(pair[0]).addr, h5o.get_info(pair[1]).addr
            met = addresses[0] in self.seen
            if not self._pair(*addresses):
                yield f"{path}: no longer the same object as elsewhere"
            elif self.owners[addresses[1]] != addresses[0]:
                yield f"{path}: now the same object as another"
            if met:
                return
            if type(pair[0]) is not type(pair[1]) and not isinstance(pair[0], h5t.TypeID):
                yield f"{path}: {type(pair[0]).__name__} became {type(pair[1]).__name__}"
            elif isinstance(pair[0], h5g.GroupID):
                plists = pair[0].get_create_plist(), pair[1].get_create_plist()
                yield from self._properties(path, *plists)
                waiting.append((path, *pair))
            elif isinstance(pair[0], h5d.DatasetID):
                yield from self._attributes(path, *pair)
                yield from self._dataset(path, *pair)
            else:
                yield from self._attributes(path, *pair)
                yield from self._types(path, *pair)

    def _pair(self, left: int, right: int) -> bool:
        """Objects that are met at the same place; false where the left one was met at another."""
        self.owners.setdefault(right, left)
        return self.seen.setdefault(left, right) == right

    def _properties(self, path: str, left: Any, right: Any) -> Iterator[str]:
        for kind, names in _GET.items():
            if not isinstance(left, kind):
                continue
            for name in names:
                what = name.removeprefix("get_")
                one, two = getattr(left, name)(), getattr(right, name)()
                if one != two and not self.ignore(path, what):
                    yield f"{path}: {what} {one} became {two}"
            break
        else:
            yield f"{path}: {type(left).__name__} is not compared"

    def _dataset(self, path: str, left: Any, right: Any) -> Iterator[str]:
        yield from self._types(path, left.get_type(), right.get_type())
        spaces = left.get_space(), right.get_space()
        if not _same_space(*spaces):
            yield f"{path}: its dataspace changed"
            return
        plists = left.get_create_plist(), right.get_create_plist()
        yield from self._properties(path, *plists)
        changed = list(self._storage(path, left, right, *plists))
        yield from changed
        if changed or spaces[0].get_simple_extent_type() == h5s.NULL:
            return
        if plists[0].get_layout() == h5d.VIRTUAL or plists[0].get_external_count() > 0:
            return  # values are those of other files
        if not self.skip(path, left) and not self._same_values(path, left, right):
            yield f"{path}: values differ"

    def _storage(self, path: str, left: Any, right: Any, one: Any, two: Any) -> Iterator[str]:
        if self.ignore(path, "layout"):
            return
        if one.get_layout() == two.get_layout() == h5d.CHUNKED:
            if one.get_chunk() != two.get_chunk() and not self.ignore(path, "chunks"):
                yield f"{path}: chunks {one.get_chunk()} became {two.get_chunk()}"
            filters = _filters(one), _filters(two)
            if filters[0] != filters[1] and not self.ignore(path, "filters"):
                yield f"{path}: filters {filters[0]} became {filters[1]}"
            elif not any(self.ignore(path, w) for w in ("chunks", "filters", "stored chunks")):
                stored = _chunks(left), _chunks(right)
                if stored[0] != stored[1]:
                    yield f"{path}: its stored chunks, their sizes or filter masks changed"
        if one.get_layout() == h5d.VIRTUAL and _mappings(one) != _mappings(two):
            yield f"{path}: its sources changed"
        for i in range(one.get_external_count()):
            if one.get_external(i) != two.get_external(i):
                yield f"{path}: its external files changed"
        user_defined = one.fill_value_defined() == h5d.FILL_VALUE_USER_DEFINED
        if user_defined and two.fill_value_defined() == h5d.FILL_VALUE_USER_DEFINED:
            fills = _fill(one, left.get_type()), _fill(two, right.get_type())
            if fills[0] != fills[1]:
                yield f"{path}: fill value {fills[0]!r} became {fills[1]!r}"

    def _types(self, path: str, left: Any, right: Any) -> Iterator[str]:
        if left != right:
            yield f"{path}: its type changed"
        elif left.committed() != right.committed():
            yield f"{path}: its type is {'no longer' if left.committed() else 'now'} committed"
        elif left.committed():
            addresses = h5o.get_info(left).addr, h5o.get_info(right).addr
            if not self._pair(*addresses):
                yield f"{path}: its type is no longer the same object as elsewhere"

    def _attributes(self, path: str, left: Any, right: Any) -> Iterator[str]:
        names = _attribute_names(left), _attribute_names(right)
        if names[0] != names[1]:
            yield f"{path}: attributes {names[0]} became {names[1]}"
            return
        for name in names[0]:
            here = f"{path}@{name.decode(errors='surrogateescape')}"
            one, two = h5a.open(left, name), h5a.open(right, name)
            encodings = h5a.get_info(left, name).cset, h5a.get_info(right, name).cset
            if encodings[0] != encodings[1] and not self.ignore(here, "encoding"):
                yield f"{here}: the encoding of its name changed"
            yield from self._types(here, one.get_type(), two.get_type())
            spaces = one.get_space(), two.get_space()
            if not _same_space(*spaces):
                yield f"{here}: its dataspace changed"
            elif spaces[0].get_simple_extent_type() != h5s.NULL:
                self._map_objects(one.get_type())
                try:
                    same = self.values.attributes(one.id, two.id)
                except RuntimeError as error:
                    raise OSError(f"{here} cannot be read: {error}") from error
                if not same:
                    yield f"{here}: values differ"

    def _same_values(self, path: str, left: Any, right: Any) -> bool:
        shape = left.get_space().get_simple_extent_dims()
        if 0 in shape:
            return True
        kind = left.get_type()
        self._map_objects(kind)
        plist = left.get_create_plist()
        chunk = plist.get_chunk() if plist.get_layout() == h5d.CHUNKED else None
        parts = slabs(shape, chunk, max(1, _MOST // kind.get_size()))
        if chunk is not None and not is_plain(h5t, kind):
            # Chunks that nobody wrote: HDF5 cannot make fill values that point elsewhere without
            # writing to the file.
            parts = [
                (list(start), [min(c, n - s) for s, c, n in zip(start, chunk, shape, strict=True)])
                for start in stored_chunks(left)
            ]
        for start, count in parts:
            try:
                if not self.values.elements(left.id, right.id, start, count):
                    return False
            except RuntimeError as error:
                if chunk is None or _has_filters(left):
                    raise OSError(f"{path} cannot be read: {error}") from error
                # A filter that is not here: what is stored can be compared.
                return _stored(left) == _stored(right)
        return True

    def _map_objects(self, kind: Any) -> None:
        """For values with references, once: which object of the one file is which of the other."""
        if self.mapped or not kind.detect_class(h5t.REFERENCE):
            return
        self.mapped = True
        for pair in _counterparts(self.left.id, self.right.id):
            self.values.map(*pair)


def _has_filters(dataset: Any) -> bool:
    """All that its chunks need to be decoded."""
    plist = dataset.get_create_plist()
    return all(h5py.h5z.filter_avail(plist.get_filter(i)[0]) for i in range(plist.get_nfilters()))


def _links(group: Any) -> list[bytes]:
    names: list[bytes] = []
    tracked = group.get_create_plist().get_link_creation_order() & h5p.CRT_ORDER_TRACKED
    index = h5py.h5.INDEX_CRT_ORDER if tracked else h5py.h5.INDEX_NAME
    group.links.iterate(names.append, idx_type=index)
    return names


def _attribute_names(handle: Any) -> list[bytes]:
    names: list[bytes] = []
    order = 0
    if not isinstance(handle, h5t.TypeID):
        order = handle.get_create_plist().get_attr_creation_order()
    tracked = order & h5p.CRT_ORDER_TRACKED
    index = h5py.h5.INDEX_CRT_ORDER if tracked else h5py.h5.INDEX_NAME
    h5a.iterate(handle, lambda name, *_: names.append(name), index_type=index)
    return names


def _same_space(left: Any, right: Any) -> bool:
    if left.get_simple_extent_type() != right.get_simple_extent_type():
        return False
    if left.get_simple_extent_type() != h5s.SIMPLE:
        return True
    return all(
        left.get_simple_extent_dims(most) == right.get_simple_extent_dims(most)
        for most in (False, True)
    )


def _filters(dcpl: Any) -> list[Any]:
    return [dcpl.get_filter(i) for i in range(dcpl.get_nfilters())]


def _mappings(dcpl: Any) -> list[Any]:
    return [
        (
            dcpl.get_virtual_filename(i),
            dcpl.get_virtual_dsetname(i),
            dcpl.get_virtual_srcspace(i).encode(),
            dcpl.get_virtual_vspace(i).encode(),
        )
        for i in range(dcpl.get_virtual_count())
    ]


def _chunks(dataset: Any) -> list[Any]:
    """What is stored of each chunk; of types that point elsewhere the masks alone."""
    kind = dataset.get_type()
    sized = is_plain(h5t, kind)
    found: list[Any] = []
    if dataset.get_num_chunks() > 0:
        dataset.chunk_iter(
            lambda each: found.append(
                (each.chunk_offset, each.filter_mask, each.size if sized else 0)
            )
        )
    return sorted(found)


def _stored(dataset: Any) -> dict[Any, Any]:
    """Every stored chunk as it is: filter mask and bytes."""
    return {start: dataset.read_direct_chunk(start) for start in stored_chunks(dataset)}


def _fill(dcpl: Any, kind: Any) -> bytes:
    try:
        value: np.ndarray[Any, Any] = np.zeros((), kind.dtype)
    except TypeError:
        return b""  # none of NumPy's types
    if value.dtype.hasobject:
        return b""
    dcpl.get_fill_value(value)
    return value.tobytes()


def _counterparts(left: Any, right: Any) -> Iterator[tuple[int, int]]:
    """Addresses of the objects that are found by the same links in both files, committed types of
    datasets among them."""
    roots = h5g.open(left, b"/"), h5g.open(right, b"/")
    waiting: list[tuple[Any, Any]] = [roots]
    seen: set[int] = set()
    while waiting:
        pair = waiting.pop()
        one, two = h5o.get_info(pair[0]).addr, h5o.get_info(pair[1]).addr
        if one in seen:
            continue
        seen.add(one)
        yield one, two
        if all(isinstance(each, h5d.DatasetID) for each in pair):
            types = pair[0].get_type(), pair[1].get_type()
            if types[0].committed() and types[1].committed():
                waiting.append(types)
        if not all(isinstance(each, h5g.GroupID) for each in pair):
            continue
        for name in _links(pair[0]):
            if _is_hard(pair[0], name) and _is_hard(pair[1], name):
                waiting.append((h5o.open(pair[0], name), h5o.open(pair[1], name)))


def _is_hard(group: Any, name: bytes) -> bool:
    return bool(group.links.exists(name) and group.links.get_info(name).type == h5py.h5l.TYPE_HARD)
