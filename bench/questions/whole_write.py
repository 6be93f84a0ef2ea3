"""A whole array from memory, from its creation until everything is stored (closed)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import peers
import raw_loop
from case import Case
from layout import square, values
from measure import check, measured
from scale import Scale

TITLE = "Whole write"
MOST_DELAY_MS = 20
OWN_SERVER = True  # for each latency: what was written before is in nobody's way


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    return [
        Case("whole_write", "gzip" if gzip else "raw", peer, delay, square(scale.side, gzip=gzip))
        for delay in delays
        for gzip in (False, True)
        for peer in ([] if gzip else [peers.LIMIT])
        + [each for each in peers.PEERS if each != "ros3"]
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    layout = case.layout
    assert layout is not None
    name = f"{layout.name}-{case.options['round']}"
    if case.peer == peers.LIMIT:
        made = raw_loop.put(layout.chunk_count, layout.chunk_bytes, f"raw/{name}")
        return {**made, "bytes": layout.nbytes}
    source = np.array(values(data, layout.shape))
    peer = peers.load(case.peer)
    _, result = measured(lambda: peer.write(name, layout, source))
    reader = peer.open(name, layout, repeated=False)
    check(reader.read(slice(None), slice(None)), source)
    return {**result, "bytes": layout.nbytes}
