"""Reading every stored chunk of a dataset through the library, which decodes and checks it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

from .output import Advance, message_of
from .stored import Dataset, Index

Box = tuple[Index, Index]  # chunk indices: first, and one past the last on each axis

_MOST_BYTES = 64 << 20  # of one read


def boxes(chunks: Iterable[Index], most: int) -> list[Box]:
    """The chunks as few boxes of at most `most` chunks each, which can be read together."""
    found: list[Box] = [(index, tuple(i + 1 for i in index)) for index in sorted(chunks)]
    rank = len(found[0][0]) if found else 0
    for axis in reversed(range(rank)):
        found.sort(key=lambda box: (_across(box, axis), box[0][axis]))
        merged: list[Box] = []
        for box in found:
            last = merged[-1] if merged else None
            if last and _continues(last, box, axis) and _count(last) + _count(box) <= most:
                merged[-1] = (last[0], _replaced(last[1], axis, box[1][axis]))
            else:
                merged.append(box)
        found = merged
    return found


def _across(box: Box, axis: int) -> tuple[Index, Index]:
    """What must be equal for two boxes to be neighbours along `axis`."""
    return _replaced(box[0], axis, 0), _replaced(box[1], axis, 0)


def _continues(last: Box, box: Box, axis: int) -> bool:
    return _across(last, axis) == _across(box, axis) and last[1][axis] == box[0][axis]


def _count(box: Box) -> int:
    return math.prod(high - low for low, high in zip(*box, strict=True))


def _replaced(index: Index, axis: int, value: int) -> Index:
    return (*index[:axis], value, *index[axis + 1 :])


def unreadable(
    dataset: Dataset, chunk: Index, indices: list[Index], advance: Advance
) -> Iterator[tuple[Index, str]]:
    """The chunks that cannot be read, with what the library says.

    Reads many at a time; where a read fails, one at a time, to find out which.
    """
    most = max(1, _MOST_BYTES // max(1, dataset.chunk_bytes(chunk)))
    for box in boxes(indices, most):
        if _failure(dataset, chunk, box) is not None:
            for index in itertools.product(*map(range, *box)):
                said = _failure(dataset, chunk, (index, tuple(i + 1 for i in index)))
                if said is not None:
                    yield index, said
        advance(_count(box))


def _failure(dataset: Dataset, chunk: Index, box: Box) -> str | None:
    import h5py
    import numpy as np

    start = tuple(low * extent for low, extent in zip(box[0], chunk, strict=True))
    end = (high * extent for high, extent in zip(box[1], chunk, strict=True))
    count = tuple(min(e, size) - s for s, e, size in zip(start, end, dataset.shape, strict=True))
    points = math.prod(count)
    space: Any = dataset.handle.get_space()
    space.select_hyperslab(start, count)
    memory = h5py.h5s.create_simple((points,))
    buffer = np.empty(points * dataset.element, dtype="u1")
    try:
        # In the file's own type: nothing is converted, whatever the type.
        dataset.handle.read(memory, space, buffer, dataset.handle.get_type())
    except (OSError, RuntimeError, ValueError) as error:
        return message_of(error)
    return None
