"""A whole array in chunks of 4 KiB: requests each second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
from case import Case
from layout import square
from scale import Scale

from questions import whole_read

TITLE = "Chunks of 4 KiB, whole read"
MOST_DELAY_MS = 20
ABLE = (peers.LIMIT, "arraymorph", "tensorstore", "zarr")  # one object for each chunk


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    layout = square(scale.small_chunks_side, 32)
    label = f"{layout.chunk_count} chunks"
    return [
        Case("small_chunks", label, peer, delay, layout, stored="array")
        for delay in delays
        for peer in ABLE
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    result = whole_read.run(case, data)
    assert case.layout is not None
    return {**result, "requests_per_second": case.layout.chunk_count / result["wall"]}
