"""`arraymorph verify` of a plain HDF5 file: every stored value is read and decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .contents import unreadable
from .output import Advance, message_of, progress
from .stored import Dataset, Index, Stored, open_file
from .verify_report import Problem, Report
from .verify_sources import check_sources

_ROWS_BYTES = 8 << 20  # of one read of what has no chunks


def check_plain(url: str, quick: bool) -> Report:
    """What HDF5 can open and read of the file at `url`. `quick`: only that it opens.

    A chunk counts when it is stored, a dataset without chunks as pieces of its rows.
    """
    found = Stored(url, "plain")
    report = Report(url, layout="plain", content_read=not quick)
    file = open_file(found)
    try:
        report.problems = [Problem(what) for what in found.broken]
        report.datasets = len(found.datasets)
        pieces = [] if quick else list(_pieces(found, report))
        report.chunks = sum(len(indices) for _, _, indices in pieces)
        for address, (path, handle) in found.virtual.items():
            if address not in found.datasets and not quick:
                report.problems += check_sources(path, handle)
        with progress("chunks", report.chunks) as advance:
            for dataset, chunk, indices in pieces:
                _check(report, dataset, chunk, indices, advance)
    finally:
        found.datasets.clear()
        found.virtual.clear()
        if file is not None:
            file.close()
    return report


def _pieces(found: Stored, report: Report) -> Iterator[tuple[Dataset, Index, list[Index]]]:
    """Every dataset with the extent of its pieces and which of them are stored."""
    for dataset in found.datasets.values():
        if not dataset.shape or 0 in dataset.shape:
            continue  # scalar, null or empty: small, and read with the metadata
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


def _check(
    report: Report, dataset: Dataset, chunk: Index, indices: list[Index], advance: Advance
) -> None:
    if dataset.fixed_size:
        for index, said in unreadable(dataset, chunk, indices, advance):
            report.problems.append(Problem(f"chunk {index}: {said}", dataset.path))
        return
    import h5py

    # HDF5 allocates what strings and references point to: only h5py gives it back.
    values = h5py.Dataset(dataset.handle)
    for index in indices:
        box = tuple(slice(i * c, (i + 1) * c) for i, c in zip(index, chunk, strict=True))
        try:
            values[box]
        except (OSError, RuntimeError, ValueError) as error:
            report.problems.append(Problem(f"chunk {index}: {message_of(error)}", dataset.path))
        advance(1)
