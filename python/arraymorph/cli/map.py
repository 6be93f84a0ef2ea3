"""`arraymorph map`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from .chunk_table import ChunkTable, chunk_table
from .describe import filters_of, shape_text, tuple_text, type_text
from .grid_view import View, choose_axes, choose_place, view_of
from .inside import member, opened
from .names import file_url, split
from .output import one_line_errors, plural, print_json, say, size_text
from .trace_file import Trace, fetches, read_trace


class Colour(str, Enum):
    """What the colour of a chunk says."""

    size = "size"
    ratio = "ratio"
    requests = "requests"


@dataclass
class Subject:
    """Everything a picture shows."""

    url: str
    name: str
    type: str
    shape: str
    filters: list[str]
    axis_names: list[str]
    table: ChunkTable
    colour: Colour
    values: Any  # (n,) what the colours say of each stored chunk
    view: View
    trace: Trace | None
    counts: Any  # (n,) requests for each stored chunk, with a trace
    own: set[int]  # requests of the trace that were for chunks of this dataset


@one_line_errors
def map_(
    url: Annotated[str, typer.Argument(help="a stored file, or FILE::/path")],
    path: Annotated[str | None, typer.Argument(help="a dataset of it")] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="picture to write: .svg, or .png (needs Pillow)"),
    ] = None,
    colour: Annotated[
        Colour | None,
        typer.Option(
            "--color",
            help="bytes as stored, how much smaller than in memory, or requests (with --trace)",
        ),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option(help="what ARRAYMORPH_TRACE has written: which chunks were fetched, and when"),
    ] = None,
    axes: Annotated[str, typer.Option(help="two axes, down and across, as 0,1")] = "",
    at: Annotated[
        str, typer.Option(help="element through which the other axes are cut, as 0,0,3")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Draw the chunks of a dataset: how large each is as stored, which one a program fetched.

    Without --output the picture is drawn in the terminal. Chunks that are not stored (all fill
    value) are hatched, or grey. Of more than two axes it shows the last two that are cut into
    several chunks, at the place where most is stored.

    To see why a slice is slow, let the program leave a trace:

    \b
    ARRAYMORPH_TRACE=slow.trace python my_analysis.py
    arraymorph map s3://bucket/run42.h5 /entry/data --trace slow.trace -o slow.svg

    \b
    arraymorph map s3://bucket/run42.h5 /entry/data
    arraymorph map s3://bucket/run42.h5 /entry/data --color ratio -o ratio.png
    arraymorph map s3://bucket/run42.h5 /entry/data --axes 0,2 --at 0,300,0
    """
    if output is not None and output.suffix.lower() not in (".svg", ".png"):
        raise typer.BadParameter(f"{output} is neither .svg nor .png")
    if colour is Colour.requests and trace is None:
        raise typer.BadParameter("--color requests needs --trace")
    place, inside = split(url, path)
    place = file_url(place)
    seen = read_trace(trace) if trace is not None else None
    chosen = colour or (Colour.requests if trace is not None else Colour.size)
    with opened(place) as file:
        subject = _subject(place, member(file, inside), chosen, seen, axes=axes, at=at)
    if json:
        print_json(_as_json(subject))
        return
    if output is not None:
        from .map_picture import draw

        draw(subject).save(output)
    else:
        from .map_terminal import show

        show(subject)
    for line in summary(subject):
        say(line)


def _subject(
    url: str, dataset: Any, colour: Colour, trace: Trace | None, *, axes: str, at: str
) -> Subject:
    import numpy as np

    table = chunk_table(url, dataset)
    if 0 in table.shape:
        raise ValueError(f"{dataset.name} is empty, {table.shape}: it has no chunks")
    counts, own = np.zeros(len(table.sizes), dtype="i8"), set()
    if trace is not None:
        counts, own = fetches(trace, url, table)
    values = {
        Colour.size: table.sizes,
        Colour.ratio: table.chunk_bytes / np.maximum(table.sizes, 1),
        Colour.requests: counts,
    }[colour]
    chosen = choose_axes(table.grid, axes)
    weights = counts + 1e-9 if trace is not None else None
    place = choose_place(table, chosen, at, weights)
    return Subject(
        url=url,
        name=dataset.name,
        type=type_text(dataset.id.get_type()),
        shape=shape_text(dataset.id.get_space()),
        filters=filters_of(dataset.id.get_create_plist()),
        axis_names=_axis_names(dataset),
        table=table,
        colour=colour,
        values=values,
        view=view_of(table, chosen, place, values, add=colour is Colour.requests),
        trace=trace,
        counts=counts,
        own=own,
    )


def _axis_names(dataset: Any) -> list[str]:
    """ "latitude (axis 1)" where the dataset says so: dimension scales or labels."""
    names = []
    for number in range(len(dataset.shape)):
        said = ""
        try:
            axis = dataset.dims[number]
            said = axis.label or (axis[0].name.rpartition("/")[2] if len(axis) else "")
        except (OSError, RuntimeError, KeyError, ValueError):
            pass
        names.append(f"{said} (axis {number})" if said else f"axis {number}")
    return names


def facts(subject: Subject) -> list[str]:
    """The lines above a picture."""
    table = subject.table
    what = "pieces" if table.contiguous else "chunks"
    filters = "+".join(subject.filters) or "no filters"
    first = (
        f"{subject.type} {subject.shape}, {what} {tuple_text(table.chunk)} of "
        f"{size_text(table.chunk_bytes)}, {filters}"
    )
    second = f"{len(table.sizes):,} of {table.count:,} {what} stored, {size_text(table.stored)}"
    if len(table.sizes) and table.stored:
        second += f", {len(table.sizes) * table.chunk_bytes / table.stored:.1f} : 1"
    return [first, second + _cut(subject)]


def _cut(subject: Subject) -> str:
    """Where the axes that are not shown are cut."""
    view, table = subject.view, subject.table
    parts = []
    for axis, place in enumerate(view.at):
        if axis not in (view.down, view.across) and table.grid[axis] > 1:
            low = place * table.chunk[axis]
            high = min(low + table.chunk[axis], table.shape[axis]) - 1
            span = f"{low}" if low == high else f"{low} to {high}"
            parts.append(f"{subject.axis_names[axis]} at {span}")
    return "; " + ", ".join(parts) if parts else ""


def summary(subject: Subject) -> list[str]:
    """What a trace says, in words; without one nothing."""
    trace = subject.trace
    if trace is None:
        return []
    requests = trace.requests
    received = sum(each.bytes for each in requests if each.verb == "get")
    own = [requests[number] for number in sorted(subject.own)]
    busy = _most_at_once(trace)
    lines = [
        f"{plural(len(requests), 'request')} in {trace.seconds:.3g} s, at most {busy} at a time, "
        f"{size_text(received)} received",
        f"{plural(len(own), 'request')} for {plural(int((subject.counts > 0).sum()), 'chunk')} of "
        f"{subject.name}, {size_text(sum(each.bytes for each in own))}"
        + (f", the same chunk up to {subject.counts.max()} times" if _repeats(subject) else ""),
    ]
    absent = sum(each.status == "not found" for each in own)
    if absent:
        lines[-1] += f"; {absent:,} found no chunk (fill value)"
    reads = [each for each in trace.reads if each.dataset == subject.url + subject.name]
    wanted = sum(each.bytes for each in reads)
    if wanted and own:
        held = int((subject.counts > 0).sum()) * subject.table.chunk_bytes
        lines.append(f"{plural(len(reads), 'read')} of {size_text(wanted)} of values")
        if wanted < held:
            lines[-1] += f", {wanted / held:.1%} of what these chunks hold in memory"
    if trace.earlier:
        lines.append(f"note: {plural(trace.earlier, 'earlier run')} in the trace left out")
    return lines


def _repeats(subject: Subject) -> bool:
    return len(subject.counts) > 0 and bool(subject.counts.max() > 1)


def _most_at_once(trace: Trace) -> int:
    from .trace_file import rows_of

    return max(rows_of(trace.requests), default=-1) + 1


def _as_json(subject: Subject) -> dict[str, Any]:
    table, trace = subject.table, subject.trace
    answer: dict[str, Any] = {
        "url": subject.url,
        "path": subject.name,
        "shape": table.shape,
        "chunk": table.chunk,
        "grid": table.grid,
        "chunk_bytes": table.chunk_bytes,
        "chunks": [
            {"index": index, "bytes": size} | ({"requests": count} if trace is not None else {})
            for index, size, count in zip(
                table.indices.tolist(), table.sizes.tolist(), subject.counts.tolist(), strict=True
            )
        ],
    }
    if trace is not None:
        answer["requests"] = len(trace.requests)
        answer["seconds"] = trace.seconds
        answer["at_once"] = _most_at_once(trace)
    return answer
