"""100 windows of 64 x 64 at random places, one call each; with the other programs as they come,
and with their caches on."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import peers
from case import Case
from layout import square, values
from measure import check, measured
from scale import Scale

TITLE = "100 random windows of 64 x 64, raw"
NUMBER, SIDE, SEED = 100, 64, 7


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    return [
        Case("windows", label, peer, delay, square(scale.side), {"caches": caches}, stored="array")
        for label, caches in {"raw": False, "raw, caches on": True}.items()
        for delay in delays
        for peer in peers.PEERS
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    layout = case.layout
    assert layout is not None
    expected = values(data, layout.shape)
    choose = random.Random(SEED)
    windows = []
    for _ in range(NUMBER):
        row, column = (choose.randrange(size - SIDE) for size in layout.shape)
        windows.append((slice(row, row + SIDE), slice(column, column + SIDE)))
    reader = peers.load(case.peer).open(layout.name, layout, repeated=case.options["caches"])
    got, result = measured(lambda: [reader.read(*window) for window in windows])
    for window, part in zip(windows, got, strict=True):
        check(part, expected[window])
    return {**result, "bytes": sum(part.nbytes for part in got), "calls": NUMBER}
