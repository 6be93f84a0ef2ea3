"""`arraymorph verify`."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import typer

from .. import _core
from .contents import unreadable
from .output import Advance, age_text, one_line_errors, plural, print_json, progress, say, size_text
from .stored import Dataset, Index, Object, Stored, stored
from .verify_plain import check_plain
from .verify_report import Problem, Report
from .verify_sources import check_sources
from .verify_values import check_attributes, check_pieces, pieces

_LEFTOVERS = ("superseded", "outside", "trash", "orphan", "scratch")
_SHOWN = 20  # leftovers named one by one


@one_line_errors
def verify(
    url: Annotated[str, typer.Argument(help="the stored file, as h5py.File is given it")],
    quick: Annotated[
        bool, typer.Option("--quick", help="look at keys and sizes only, read no chunk")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Check that a stored file is whole: metadata, catalog, every chunk.

    Reads every chunk, and all other values, through the library, which decodes them and checks
    their checksums. Two things
    cannot be noticed: a changed byte where nothing holds a checksum (use fletcher32), and the loss
    of a whole chunk object that the catalog does not name, which reads as the fill value; chunks
    without an object are counted. Of every source of a virtual dataset one element is read.

    Exit status: 0 whole, 1 something is wrong or could not be asked. Objects that nothing needs
    are listed and are no failure: `arraymorph gc` removes them. Of a plain HDF5 file all stored
    values are read.

    \b
    arraymorph verify s3://bucket/run42.h5
    arraymorph verify s3://bucket/run42.h5 --quick
    """
    if _core.layout(url)["layout"] == "plain":
        report, state = check_plain(url, quick), "plain"
    else:
        with stored(url) as file:
            report, state = check(file, quick), file.state
    if json:
        print_json(_as_json(report, state))
    else:
        _print(report)
    if report.problems:
        raise typer.Exit(1)


def check(file: Stored, quick: bool) -> Report:
    """Everything but the printing."""
    if file.state == "missing":
        raise FileNotFoundError(
            f"there is no file {file.url} ({file.error})"
            + (f"; {plural(len(file.objects), 'object')} under its name" if file.objects else "")
        )
    report = Report(file.url, objects=file.objects, content_read=not quick)
    if file.state == "damaged":
        report.problems.append(Problem(file.error, key=".arraymorph/metadata.h5"))
        return report
    report.problems += [Problem(what) for what in file.broken]
    report.datasets = len(file.entries)
    live: dict[int, list[Object]] = {address: [] for address in file.entries}
    for each in file.objects:
        if each.kind == "chunk" and each.address is not None:
            live[each.address].append(each)
    report.chunks = sum(map(len, live.values()))
    _compare_with_catalog(file, report)
    with progress("chunks", 0 if quick else report.chunks) as advance:
        for address, dataset in file.datasets.items():
            if address in file.entries:
                chunk = tuple(file.entries[address]["chunk"])
                report.fill_chunks += dataset.count_chunks(chunk) - len(live[address])
                _check_chunks(report, dataset, chunk, live[address], None if quick else advance)
    if not quick:
        # What lies in the metadata object is what was committed; whether it can be read is more.
        known = file.entries.keys() | file.virtual.keys()
        others = [each for address, each in file.datasets.items() if address not in known]
        for its in pieces(others, report):
            check_pieces(report, its, lambda _: None)
        check_attributes(report, file)
        for path, handle in file.virtual.values():
            report.problems += check_sources(path, handle)
    return report


def _compare_with_catalog(file: Stored, report: Report) -> None:
    """The datasets of the HDF5 file and the entries of the catalog are each other's."""
    for missing in file.missing:
        report.problems.append(
            Problem("the chunk's object is missing", _path(file, missing.address), missing.key)
        )
    for address, entry in file.entries.items():
        dataset = file.datasets.get(address)
        if dataset is None:
            said = f"the catalog has a dataset under {entry['prefix']} that the file does not link"
            if file.sweep_needed:
                report.notes.append(f"{said}: deleted while open, the next commit removes it")
            elif not file.broken:
                report.problems.append(Problem(said))
        elif (chunk := tuple(entry["chunk"])) != (dataset.chunks or chunk) or (
            len(chunk) != len(dataset.shape) or entry["contiguous"] != (dataset.chunks is None)
        ):
            report.problems.append(
                Problem(f"the catalog's chunks {chunk} do not fit the dataset", dataset.path)
            )
    for address, dataset in file.datasets.items():
        if dataset.in_objects and address not in file.entries:
            report.problems.append(Problem("the dataset is not in the catalog", dataset.path))


def _check_chunks(
    report: Report, dataset: Dataset, chunk: Index, live: list[Object], advance: Advance | None
) -> None:
    keys: dict[Index, str] = {}
    for each in live:
        if each.index is None:
            continue
        if not dataset.filtered and each.size != dataset.chunk_bytes(chunk):
            expected = dataset.chunk_bytes(chunk)
            what = f"the chunk has {each.size} bytes instead of {expected}"
            report.problems.append(Problem(what, dataset.path, each.key))
        else:
            keys[each.index] = each.key
    if advance is None:
        return
    for index, said in unreadable(dataset, chunk, list(keys), advance):
        report.problems.append(Problem(said, dataset.path, keys[index]))


def _path(file: Stored, address: int) -> str:
    dataset = file.datasets.get(address)
    return dataset.path if dataset is not None else str(file.entries[address]["prefix"])


def _print(report: Report) -> None:
    for problem in report.problems:
        parts = ("PROBLEM", problem.dataset, problem.key, problem.what)
        say(": ".join(part for part in parts if part))
    now = time.time()
    leftovers = [each for each in report.objects if each.kind in _LEFTOVERS]
    for each in leftovers[:_SHOWN]:
        age = age_text(now - each.modified) + " old" if each.modified else "age unknown"
        say(f"unneeded: {each.kind}: {each.key}: {size_text(each.size)}, {age}")
    if len(leftovers) > _SHOWN:
        say(f"unneeded: and {len(leftovers) - _SHOWN:,} more (--json lists all)")
    if leftovers:
        size = sum(each.size for each in leftovers)
        say(
            f"note: {plural(len(leftovers), 'object')}, {size_text(size)}, that the committed file "
            "does not need; `arraymorph gc` removes those that are old enough"
        )
    for kind, meaning in (
        ("unknown", "not of ArrayMorph's making"),
        ("other_file", "of other files whose names start with this one's"),
    ):
        if count := sum(each.kind == kind for each in report.objects):
            say(f"note: {plural(count, 'object')} {meaning}")
    if report.fill_chunks:
        say(f"note: {plural(report.fill_chunks, 'chunk')} without an object: fill value")
    for note in report.notes:
        say(f"note: {note}")
    how = "read and decoded" if report.content_read else "seen, not read"
    if report.layout == "plain":
        what = f"a plain HDF5 file, {plural(report.chunks, 'chunk')} {how}"
    else:
        what = f"in {plural(report.chunks, 'chunk object')} {how}"
    say(
        f"{report.url}: {plural(report.datasets, 'dataset')} {what}: "
        + (plural(len(report.problems), "problem") if report.problems else "whole")
    )


def _as_json(report: Report, state: str) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for each in report.objects:
        counts[each.kind] += 1
        sizes[each.kind] += each.size
    return {
        "url": report.url,
        "state": state,
        "whole": not report.problems,
        "problems": [asdict(each) for each in report.problems],
        "notes": report.notes,
        "datasets": report.datasets,
        "chunks": report.chunks,
        "fill_chunks": report.fill_chunks,
        "content_read": report.content_read,
        "objects": {kind: {"count": counts[kind], "bytes": sizes[kind]} for kind in counts},
        "unneeded": [
            {"key": each.key, "bytes": each.size, "modified": each.modified, "kind": each.kind}
            for each in report.objects
            if each.kind in _LEFTOVERS
        ],
    }
