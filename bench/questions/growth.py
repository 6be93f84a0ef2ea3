"""Time for each chunk against the number of chunks, in a local directory: nothing may grow."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import peers
from case import Case
from layout import Layout, values
from measure import check, measured
from scale import Scale

TITLE = "Time for each chunk of 4 KiB in a local directory"
SWEEP = True
CHUNK_SIDE = 32


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    return [
        Case("growth", f"{count} chunks", "arraymorph", 0, layout)
        for count in scale.growth_chunks
        for layout in [Layout((count // 4 * CHUNK_SIDE, 4 * CHUNK_SIDE), (CHUNK_SIDE, CHUNK_SIDE))]
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    layout = case.layout
    assert layout is not None
    source = np.array(values(data, layout.shape))
    with tempfile.TemporaryDirectory() as directory:
        os.environ["BENCH_ROOT"] = directory
        peer = peers.load(case.peer)
        _, writing = measured(lambda: peer.write("x", layout, source))
        reader = peer.open("x", layout, repeated=False)
        got, reading = measured(lambda: reader.read(slice(None), slice(None)))
        check(got, source)
    count = layout.chunk_count
    return {
        **reading,
        "bytes": layout.nbytes,
        "read_us_per_chunk": reading["wall"] / count * 1e6,
        "read_cpu_us_per_chunk": reading["cpu"] / count * 1e6,
        "write_us_per_chunk": writing["wall"] / count * 1e6,
        "write_cpu_us_per_chunk": writing["cpu"] / count * 1e6,
    }
