"""The picture of `arraymorph map`: the chunk grid, its legend, and requests over time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .colours import KINDS, Scale, colour_at
from .layouts import METADATA
from .map import Colour, Subject, facts
from .output import plural, size_text
from .picture import Line, Picture, Rectangle, Text
from .trace_file import Event, Trace, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARGIN = 28.0
_LEFT = 86.0  # of the panels: room for the axis
_PANEL = 640.0  # width of the panels
_TALLEST = 460.0
_LEGEND = 150.0  # width of it, margins included
_LETTER = 7.0  # width of most letters in the lines above the grid
_LARGEST_CELL = 64.0
_GAPS_FROM = 5.0  # units of a cell: smaller ones touch each other
_TICKS = 6
_MOST_BARS = 20_000
_WIDE = 8  # largest to smallest, from which on colours go by ratios
_FEW = 4  # requests for a chunk, each with a colour of its own in the legend
_GREY = "#666666"

_WORDS = {
    Colour.size: "bytes as stored",
    Colour.ratio: "in memory : stored",
    Colour.requests: "requests",
}


def draw(subject: Subject) -> Picture:
    """The whole picture."""
    picture = Picture(_LEFT + _PANEL + _LEGEND, 0, f"{subject.url}::{subject.name}")
    if subject.trace is None:
        columns = subject.view.values.shape[1]
        grid = _LEFT + columns * _cell(subject, *subject.view.values.shape)[0] + _LEGEND
        longest = max(len(line) for line in (subject.url, *facts(subject)))
        picture.width = min(picture.width, max(grid, 2 * _MARGIN + longest * _LETTER))
    y = _head(picture, subject)
    y = _grid(picture, subject, y + 22)
    if subject.trace is not None:
        y = _times(picture, subject, subject.trace, y + 34)
    picture.height = y + _MARGIN
    return picture


def _head(picture: Picture, subject: Subject) -> float:
    picture.add(Text(_MARGIN, 36, subject.name, 18, bold=True))
    picture.add(Text(_MARGIN, 54, subject.url, 11, colour=_GREY))
    y = 60.0
    for line in facts(subject):
        y += 17
        picture.add(Text(_MARGIN, y, line, 12))
    return y


def scale_of(subject: Subject) -> Scale:
    """Of all stored chunks, so that pictures of two cuts compare; else of the cells."""
    import numpy as np

    shown = subject.view.values
    if subject.colour is Colour.requests or math.prod(subject.view.step) > 1:
        values = shown[~np.isnan(shown)]
    else:
        values = subject.values
    if len(values) == 0:
        return Scale(0.0, 0.0)
    if subject.colour is Colour.requests:  # none at all has a colour of its own
        return Scale(1.0, max(float(np.max(values)), 1.0))
    low, high = float(np.min(values)), float(np.max(values))
    return Scale(low, high, low > 0 and high / low > _WIDE)


def number_text(subject: Subject, value: float) -> str:
    if subject.colour is Colour.size:
        return size_text(round(value))
    return f"{value:.3g}" if subject.colour is Colour.ratio else f"{value:,.0f}"


def _grid(picture: Picture, subject: Subject, top: float) -> float:
    import numpy as np

    view, table = subject.view, subject.table
    rows, columns = view.values.shape
    cell_wide, cell_high = _cell(subject, rows, columns)
    scale = scale_of(subject)
    gap = 1.0 if min(cell_wide, cell_high) >= _GAPS_FROM else 0.0
    top += 20
    _across_ticks(picture, subject, top, cell_wide, columns)
    _down_ticks(picture, subject, top, cell_high, rows)
    last = -(-table.grid[0] // view.step[1]) if view.down is None else rows * columns
    for row in range(rows):
        for column in range(columns):
            if row * columns + column >= last:
                break
            value = float(view.values[row, column])
            box = (
                _LEFT + column * cell_wide,
                top + row * cell_high,
                cell_wide - gap,
                cell_high - gap,
            )
            title = _cell_title(subject, row, column, value)
            if np.isnan(value):
                picture.add(Rectangle(*box, "hatch", title))
            elif subject.colour is Colour.requests and value == 0:
                picture.add(Rectangle(*box, "#e4e9f2", title))
            else:
                picture.add(Rectangle(*box, scale.colour(value), title))
    bottom = top + rows * cell_high
    _legend(picture, subject, _LEFT + columns * cell_wide + 28, top, scale)
    if math.prod(view.step) > 1:
        shared = f"each cell is {view.step[0]} x {view.step[1]} chunks"
        if view.down is None:
            shared = f"each cell is {view.step[1]} chunks"
        how = "added up" if subject.colour is Colour.requests else "averaged over those stored"
        picture.add(Text(_LEFT, bottom + 16, f"{shared}, {how}", 11, colour=_GREY))
        bottom += 16
    return float(max(bottom, top + 200))


def _cell(subject: Subject, rows: int, columns: int) -> tuple[float, float]:
    """Width and height: as long as wide in elements, where that does not make them slivers."""
    view, chunk = subject.view, subject.table.chunk
    ratio = 1.0
    if view.down is not None:
        ratio = chunk[view.down] * view.step[0] / (chunk[view.across] * view.step[1])
        ratio = min(max(ratio, 0.5), 2.0) if 1 / 8 <= ratio <= 8 else 1.0
    wide = min(_PANEL / columns, _TALLEST / rows / ratio, _LARGEST_CELL / max(ratio, 1.0))
    high = wide * ratio
    # A few rows of many columns, or the other way round, are stretched to be seen.
    return max(wide, min(8.0, _PANEL / columns)), max(high, min(14.0, _TALLEST / rows))


def _cell_title(subject: Subject, row: int, column: int, value: float) -> str:
    view, table = subject.view, subject.table
    said = "not stored: fill value" if math.isnan(value) else number_text(subject, value)
    if subject.colour is Colour.requests and not math.isnan(value):
        said = plural(round(value), "request")
    if view.down is None:
        number = (row * view.per_line + column) * view.step[1]
        return f"chunk {number}: {said}"
    place = list(view.at)
    place[view.down], place[view.across] = row * view.step[0], column * view.step[1]
    first = tuple(p * c for p, c in zip(place, table.chunk, strict=True))
    return f"chunk {tuple(place)}, from element {first}: {said}"


def _tick_steps(count: int) -> int:
    """Cells between two ticks: 1, 2 or 5 times a power of ten."""
    step = 1
    while count / step > _TICKS:
        step *= 2 if str(step)[0] in "15" else 1
        if count / step > _TICKS and str(step)[0] == "2":
            step = step // 2 * 5
    return step


def _across_ticks(picture: Picture, subject: Subject, top: float, cell: float, count: int) -> None:
    view, table = subject.view, subject.table
    name = subject.axis_names[view.across]
    if view.down is None:
        name = f"{name}: element, {view.per_line * view.step[1]:,} chunks in a line"
        if count == math.ceil(table.grid[0] / view.step[1]):
            name = subject.axis_names[0]
    picture.add(Text(_LEFT + count * cell / 2, top - 22, name, 12, "middle"))
    for number in range(0, count, _tick_steps(count)):
        x = _LEFT + number * cell
        element = number * view.step[1] * table.chunk[view.across]
        picture.add(
            Line(x, top - 5, x, top - 1), Text(x, top - 8, f"{element}", 10, "start", _GREY)
        )


def _down_ticks(picture: Picture, subject: Subject, top: float, cell: float, count: int) -> None:
    view, table = subject.view, subject.table
    if view.down is None:
        if count == 1:
            return
        per_row = view.per_line * view.step[1] * table.chunk[0]
    else:
        per_row = view.step[0] * table.chunk[view.down]
        middle = top + count * cell / 2
        picture.add(Text(_MARGIN + 4, middle, subject.axis_names[view.down], 12, "middle", turn=90))
    for number in range(0, count, _tick_steps(count)):
        y = top + number * cell
        picture.add(Line(_LEFT - 5, y, _LEFT - 1, y))
        picture.add(Text(_LEFT - 8, y + 4, f"{number * per_row}", 10, "end", _GREY))


def _legend(picture: Picture, subject: Subject, x: float, top: float, scale: Scale) -> None:
    picture.add(Text(x, top + 6, _WORDS[subject.colour], 12, bold=True))
    y = top + 18
    if subject.colour is Colour.requests and scale.high <= _FEW:
        for number in range(1, round(scale.high) + 1):
            picture.add(Rectangle(x, y, 16, 16, scale.colour(number)))
            picture.add(Text(x + 24, y + 12, plural(number, "request"), 11))
            y += 24
    elif scale.high > scale.low:
        tall, steps = 110.0, 55
        for step in range(steps):
            colour = colour_at(1 - step / (steps - 1))
            picture.add(Rectangle(x, y + step * tall / steps, 16, tall / steps + 0.5, colour))
        for tick in range(5):
            at = y + tall * tick / 4
            picture.add(Line(x + 16, at, x + 20, at))
            picture.add(Text(x + 24, at + 4, number_text(subject, scale.value(1 - tick / 4)), 11))
        y += tall + 18
    elif len(subject.values):
        picture.add(Rectangle(x, y, 16, 16, scale.colour(scale.high)))
        picture.add(Text(x + 24, y + 12, number_text(subject, scale.high), 11))
        y += 30
    if subject.colour is Colour.requests:
        picture.add(Rectangle(x, y, 16, 16, "#e4e9f2"), Text(x + 24, y + 12, "not fetched", 11))
        y += 24
    picture.add(Rectangle(x, y, 16, 16, "hatch"))
    picture.add(Text(x + 24, y + 12, "no chunk:", 11), Text(x + 24, y + 26, "fill value", 11))


def _kinds(subject: Subject, requests: Sequence[Event]) -> list[str]:
    """What each request was for, in words of the legend."""
    kinds = []
    for number, each in enumerate(requests):
        if number in subject.own:
            kinds.append("get: this dataset")
        elif each.verb == "get" and each.url in (subject.url, f"{subject.url}/{METADATA}"):
            kinds.append("get: metadata")
        elif each.verb == "get":
            kinds.append("get: other data")
        else:
            kinds.append(each.verb)
    return kinds


def _times(picture: Picture, subject: Subject, trace: Trace, top: float) -> float:
    """Requests as bars, one row for each that was under way at the same time."""
    requests = trace.requests[:_MOST_BARS]
    rows = rows_of(requests)
    count = max(rows, default=0) + 1
    seconds = trace.seconds or 1e-6
    row = min(max(240.0 / count, 2.5), 12.0)
    x = _LEFT + _PANEL + 24
    picture.add(Text(_LEFT, top, "requests over time", 13, bold=True))
    if len(trace.requests) > len(requests):
        said = f"the first {len(requests):,} of {len(trace.requests):,}"
        picture.add(Text(_LEFT + _PANEL, top, said, 11, "end", _GREY))
    top += 12
    if trace.reads:
        top = _reads(picture, trace, seconds, top, x)
    kinds = _kinds(subject, requests)
    colours = {kind: KINDS[i % len(KINDS)] for i, kind in enumerate(sorted(set(kinds)))}
    picture.add(Rectangle(_LEFT, top, _PANEL, count * row, "#f6f6f6"))
    for each, place, kind in zip(requests, rows, kinds, strict=True):
        left = _LEFT + each.start / seconds * _PANEL
        wide = max((each.end - each.start) / seconds * _PANEL, 0.8)
        took = f"{(each.end - each.start) * 1e3:.1f} ms"
        title = f"{each.verb} {each.url}: {size_text(each.bytes)}, {took}, {each.status}"
        bar = row - (1.0 if row >= 4 else 0.4)
        picture.add(Rectangle(left, top + place * row, wide, bar, colours[kind], title))
    middle = top + count * row / 2
    picture.add(Text(_MARGIN + 4, middle, "at the same time", 12, "middle", turn=90))
    picture.add(Text(_LEFT - 8, top + 9, "1", 10, "end", _GREY))
    if count > 1:
        picture.add(Text(_LEFT - 8, top + count * row, f"{count}", 10, "end", _GREY))
    bottom = _time_axis(picture, seconds, top + count * row)
    y = top
    for kind, colour in colours.items():
        picture.add(Rectangle(x, y, 16, 12, colour))
        picture.add(Text(x + 24, y + 10, kind, 11))
        picture.add(Text(x + 24, y + 23, plural(kinds.count(kind), "request"), 10, colour=_GREY))
        y += 32
    return max(bottom, y - 10)


def _reads(picture: Picture, trace: Trace, seconds: float, top: float, legend: float) -> float:
    """The calls of H5Dread, between whose ends the program waited."""
    for number, each in enumerate(trace.reads):
        left = _LEFT + each.start / seconds * _PANEL
        wide = max((each.end - each.start) / seconds * _PANEL, 0.8)
        fill = "#444444" if number % 2 == 0 else "#8a8a8a"
        took = f"{(each.end - each.start) * 1e3:.1f} ms"
        title = f"read of {each.dataset}: {size_text(each.bytes)}, {took}"
        picture.add(Rectangle(left, top, wide, 8, fill, title))
    picture.add(Text(legend, top + 8, plural(len(trace.reads), "call") + " of read", 11))
    picture.add(Text(_LEFT - 8, top + 8, "read", 10, "end", _GREY))
    return top + 14


def _time_axis(picture: Picture, seconds: float, top: float) -> float:
    power = 10 ** math.floor(math.log10(seconds))
    step = next(each for each in (0.1, 0.2, 0.5, 1, 2) if seconds / (each * power) <= 10) * power
    for number in range(math.floor(seconds / step) + 1):
        x = _LEFT + number * step / seconds * _PANEL
        picture.add(Line(x, top, x, top + 4))
        label = f"{number * step * 1e3:.4g}" if seconds < 1 else f"{number * step:.4g}"
        picture.add(Text(x, top + 15, label, 10, "middle", _GREY))
    picture.add(
        Text(
            _LEFT + _PANEL / 2, top + 32, "milliseconds" if seconds < 1 else "seconds", 12, "middle"
        )
    )
    return top + 32
