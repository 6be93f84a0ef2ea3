"""What ARRAYMORPH_TRACE has written: requests and reads on one time axis."""

from __future__ import annotations

import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PAUSE = 2.0  # seconds of nothing, and another process: another run


@dataclass(frozen=True)
class Event:
    """A request, or a call of H5Dread; times in seconds since the first of the run."""

    verb: str
    url: str
    start: float
    end: float
    bytes: int
    offset: int | None
    dataset: str
    status: str


@dataclass
class Trace:
    """One run: processes at work at the same time."""

    requests: list[Event]
    reads: list[Event]
    earlier: int  # runs in the file before this one

    @property
    def seconds(self) -> float:
        return max((each.end for each in [*self.requests, *self.reads]), default=0.0)


def read_trace(path: Path) -> Trace:
    """The last run in the file; ValueError names a line that is not of a trace."""
    started: dict[int, float] = {}
    serial: dict[int, int] = {}
    found: list[tuple[int, float, float, dict[str, Any]]] = []  # process, start, end by the clock
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith("\n"):
                break  # a program that was killed, or one that is still writing
            try:
                content = json.loads(line)
                if "process" in content:
                    started[content["process"]] = content["started"]
                    serial[content["process"]] = number
                    continue
                pid = content["pid"]
                clock = started[pid]
                found.append(
                    (serial[pid], clock + content["start"], clock + content["end"], content)
                )
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"line {number} of {path} is not of a trace: {error}") from error
    if not found:
        raise ValueError(f"{path} holds no requests; was ARRAYMORPH_TRACE set in the program?")
    found.sort(key=lambda each: each[1])
    runs = _runs(found)
    first = runs[-1][0][1]
    events = [_event(content, start - first, end - first) for _, start, end, content in runs[-1]]
    return Trace(
        [each for each in events if each.verb != "H5Dread"],
        [each for each in events if each.verb == "H5Dread"],
        len(runs) - 1,
    )


def _runs(found: list[tuple[int, float, float, dict[str, Any]]]) -> list[list[Any]]:
    """Cut where nobody was at work for a while and another process begins."""
    runs: list[list[Any]] = [[]]
    busy_until = found[0][2]
    seen: set[int] = set()
    for each in found:
        process, start, end, _ = each
        if runs[-1] and process not in seen and start > busy_until + _PAUSE:
            runs.append([])
            seen = set()
        seen.add(process)
        runs[-1].append(each)
        busy_until = max(busy_until, end)
    return runs


def _event(content: dict[str, Any], start: float, end: float) -> Event:
    return Event(
        verb=content["verb"],
        url=content.get("url", content.get("prefix", "")),
        start=start,
        end=end,
        bytes=content.get("bytes", 0),
        offset=content.get("offset"),
        dataset=content.get("dataset", ""),
        status=content.get("status", "ok"),
    )


def rows_of(events: Sequence[Event]) -> list[int]:
    """A row for each event, in order of their starts, so that none overlaps another in its row."""
    free: list[int] = []  # rows, lowest first
    busy: list[tuple[float, int]] = []
    rows = []
    for each in events:
        while busy and busy[0][0] <= each.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        row = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (each.end, row))
        rows.append(row)
    return rows


def fetches(trace: Trace, url: str, table: Any) -> Any:
    """How often each stored chunk of a table was asked for, in its order, and the events that did.

    Also chunks that are not stored may be asked for: they are not counted.
    """
    import numpy as np

    counts = np.zeros(len(table.sizes), dtype="i8")
    own: set[int] = set()
    if table.prefix is not None:
        base = f"{url}/{table.prefix}/c"
        place = {tuple(index): number for number, index in enumerate(table.indices.tolist())}
        for number, each in enumerate(trace.requests):
            if each.verb == "get" and (index := _index(each.url, base)) is not None:
                own.add(number)
                if index in place:
                    counts[place[index]] += 1
        return counts, own
    if table.offsets is None:
        return counts, own
    order = np.argsort(table.offsets)
    starts = table.offsets[order]
    ends = starts + table.sizes[order]
    for number, each in enumerate(trace.requests):
        if each.verb != "get" or each.url != url:
            continue
        low = each.offset or 0
        touched = order[
            np.searchsorted(ends, low, "right") : np.searchsorted(starts, low + each.bytes, "left")
        ]
        if len(touched):
            own.add(number)
            counts[touched] += 1
    return counts, own


def _index(url: str, base: str) -> tuple[int, ...] | None:
    """Of the chunk whose object has this URL: <base>/<i>/<j>, or <base>~<version>/<i>/<j>."""
    if not url.startswith(base) or url[len(base) : len(base) + 1] not in ("/", "~"):
        return None
    try:
        return tuple(int(each) for each in url[len(base) :].split("/")[1:])
    except ValueError:
        return None
