"""A whole array into a new numpy array, of an array opened before the clock starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
import raw_loop
from case import Case
from layout import square, values
from measure import check, measured
from scale import Scale

TITLE = "Whole read"


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    return [
        Case("whole_read", "gzip" if gzip else "raw", peer, delay, layout, stored="array")
        for gzip in (False, True)
        for layout in [square(scale.side, gzip=gzip)]
        for delay in delays
        for peer in ([] if gzip else [peers.LIMIT]) + list(peers.PEERS)
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    layout = case.layout
    assert layout is not None
    if case.peer == peers.LIMIT:
        return {**raw_loop.get(layout.chunk_count, layout.chunk_bytes), "bytes": layout.nbytes}
    expected = values(data, layout.shape)
    # The page buffer of ros3 is also what makes its requests larger.
    paged = case.peer == "ros3"
    reader = peers.load(case.peer).open(layout.name, layout, repeated=paged)
    rows = slice(0, case.options.get("rows", layout.shape[0]))
    columns = slice(0, case.options.get("columns", layout.shape[1]))
    got, result = measured(lambda: reader.read(rows, columns))
    check(got, expected[rows, columns])
    return {**result, "bytes": got.nbytes}
