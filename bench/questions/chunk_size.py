"""Throughput of a whole read against the size of its chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
from case import Case
from layout import square
from scale import Scale

from questions import whole_read

TITLE = "Whole read, raw, by chunk size"
MOST_DELAY_MS = 20
SWEEP = True
ABLE = (peers.LIMIT, "arraymorph", "tensorstore", "zarr")


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    return [
        Case("chunk_size", f"{layout.chunk_bytes >> 10} KiB", peer, delay, layout, stored="array")
        for side in scale.sweep_chunk_sides
        for layout in [square(scale.side, side)]
        for delay in delays
        for peer in ABLE
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    return whole_read.run(case, data)
