"""Throughput of one read against the number of chunks (1 MiB each) it touches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from case import Case
from layout import square
from scale import Scale

from questions import whole_read

TITLE = "One read, raw, by number of chunks"
MOST_DELAY_MS = 20
SWEEP = True
ABLE = ("arraymorph", "tensorstore", "zarr", "tiledb")


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    layout = square(scale.side)
    chunk = layout.chunks[0]
    sides = [1 << i for i in range(scale.side.bit_length()) if chunk << i <= scale.side]
    return [
        Case(
            "chunk_number",
            f"{side * side} chunks",
            peer,
            delay,
            layout,
            {"rows": side * chunk, "columns": side * chunk, "chunks": side * side},
            stored="array",
        )
        for side in sides
        for delay in delays
        for peer in ABLE
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    return whole_read.run(case, data)
