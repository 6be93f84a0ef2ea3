"""Reading what HDF5 itself keeps: datasets without chunk objects, and attributes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .. import _core
from .._h5py import Internals
from .contents import unreadable
from .output import Advance, message_of
from .stored import Dataset, Index, Stored
from .verify_report import Problem, Report

_ROWS_BYTES = 8 << 20  # of one read of what has no chunks

Pieces = tuple[Dataset, Index, list[Index]]


def pieces(datasets: list[Dataset], report: Report) -> Iterator[Pieces]:
    """Every dataset with the extent of its pieces and which of them are stored.

    A chunk counts when it is stored, a dataset without chunks as pieces of its rows.
    """
    for dataset in datasets:
        if 0 in dataset.shape or not _stored(dataset):
            continue
        if not dataset.shape:
            yield dataset, (), [()]
            continue
        if dataset.chunks is None:
            row = dataset.element * math.prod(dataset.shape[1:])
            rows = min(dataset.shape[0], max(1, _ROWS_BYTES // max(row, 1)))
            count = -(-dataset.shape[0] // rows)
            rest = (0,) * (len(dataset.shape) - 1)
            yield dataset, (rows, *dataset.shape[1:]), [(i, *rest) for i in range(count)]
            continue
        stored: list[Index] = []
        chunk = dataset.chunks

        def note(info: Any, stored: list[Index] = stored, chunk: Index = chunk) -> None:
            stored.append(tuple(o // c for o, c in zip(info.chunk_offset, chunk, strict=True)))

        try:
            dataset.handle.chunk_iter(note)
        except (OSError, RuntimeError, ValueError) as error:
            report.problems.append(Problem(message_of(error), dataset.path))
        yield dataset, chunk, stored


def _stored(dataset: Dataset) -> bool:
    """Not null, nor a contiguous layout that nobody has written to."""
    import h5py

    if dataset.handle.get_space().get_simple_extent_type() == h5py.h5s.NULL:
        return False
    plist = dataset.handle.get_create_plist()
    contiguous = plist.get_layout() == h5py.h5d.CONTIGUOUS and plist.get_external_count() == 0
    return not contiguous or dataset.handle.get_storage_size() > 0


def check_pieces(report: Report, its: Pieces, advance: Advance) -> None:
    """Reads them; what cannot be read is a problem."""
    dataset, chunk, indices = its
    if dataset.fixed_size and dataset.shape:
        for index, said in unreadable(dataset, chunk, indices, advance):
            report.problems.append(Problem(_where(dataset, index) + said, dataset.path))
        return
    # Of whatever type: what elements lead to is read, and released again.
    values = _core.SameValues(Internals().owner, 0, 0)
    for index in indices:
        start = [i * c for i, c in zip(index, chunk, strict=True)]
        count = [min(c, n - s) for c, n, s in zip(chunk, dataset.shape, start, strict=True)]
        try:
            values.read_elements(dataset.handle.id, start, count)
        except RuntimeError as error:
            report.problems.append(Problem(_where(dataset, index) + str(error), dataset.path))
        advance(1)


def _where(dataset: Dataset, index: Index) -> str:
    return f"chunk {index}: " if dataset.shape else ""


def check_attributes(report: Report, found: Stored) -> None:
    """Every attribute of every object that a link leads to."""
    import h5py

    if found.file is None:
        return
    names: list[bytes] = [b"/"]
    values = _core.SameValues(Internals().owner, 0, 0)
    try:
        h5py.h5o.visit(found.file.id, names.append)
    except (OSError, RuntimeError, KeyError):
        return  # said already
    for name in names:
        path = "/" + name.decode(errors="surrogateescape").lstrip("/")
        attributes: list[bytes] = []
        try:
            handle = h5py.h5o.open(found.file.id, name)
            h5py.h5a.iterate(handle, lambda each, *_: attributes.append(each))  # noqa: B023
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            report.problems.append(Problem(f"its attributes: {message_of(error)}", path))
            continue
        for attribute in attributes:
            try:
                one = h5py.h5a.open(handle, attribute)  # an id is closed with its object
                values.read_attribute(one.id)
            except (OSError, RuntimeError, KeyError, ValueError) as error:
                text = attribute.decode(errors="surrogateescape")
                report.problems.append(Problem(f"attribute {text!r}: {message_of(error)}", path))
