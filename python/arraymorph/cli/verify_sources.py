"""What `arraymorph verify` asks about virtual datasets: can their sources be read?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .output import message_of
from .stored import Index
from .verify_report import Problem


def check_sources(path: str, handle: Any) -> Iterator[Problem]:
    """One element is read through every mapping, and of every block of a printf-style one. A source
    that is missing is none: its elements are the fill value. What else lies in a source is not
    looked at: it is a file of its own."""
    import h5py
    import numpy as np

    said = set()
    try:
        shape = handle.get_space().get_simple_extent_dims()  # may depend on sources, too
        kind = handle.get_type()
    except (OSError, RuntimeError, ValueError) as error:
        yield Problem(message_of(error), path)
        return
    plist = handle.get_create_plist()
    for number in range(plist.get_virtual_count()):
        for element in _firsts(plist.get_virtual_vspace(number), shape):
            space = h5py.h5s.create_simple(shape)
            space.select_elements(np.array([element], dtype="u8"))
            try:
                buffer = np.empty(kind.get_size(), dtype="u1")
                handle.read(h5py.h5s.create_simple((1,)), space, buffer, kind)
            except (OSError, RuntimeError, ValueError) as error:
                if (what := message_of(error)) not in said:
                    said.add(what)
                    yield Problem(what, path)


def _firsts(selection: Any, shape: Index) -> Iterator[Index]:
    """The first element of a mapping; of one without an end, of each of its blocks."""
    import h5py

    if selection.get_select_type() != h5py.h5s.SEL_HYPERSLABS or 0 in shape:
        if 0 not in shape:
            yield (0,) * len(shape)
        return
    if not selection.is_regular_hyperslab():
        yield tuple(int(i) for i in selection.get_select_hyper_blocklist()[0][0])
        return
    start, stride, count, _ = selection.get_regular_hyperslab()
    first = [int(i) for i in start]
    endless = [axis for axis, n in enumerate(count) if n == h5py.h5s.UNLIMITED]
    while all(i < extent for i, extent in zip(first, shape, strict=True)):
        yield tuple(first)
        if not endless:
            return
        first[endless[0]] += int(stride[endless[0]])
