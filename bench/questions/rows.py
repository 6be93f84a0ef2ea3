"""64 single rows, one call each: next to each other, and spread over the array; with the other
programs as they come, and with their caches on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
from case import Case
from layout import square, values
from measure import check, measured
from scale import Scale

TITLE = "64 single rows in a loop, raw"
NUMBER = 64
CACHES = {"": False, ", caches on": True}


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    number = min(NUMBER, scale.side // 2)
    apart = scale.side // number
    layout = square(scale.side)
    chosen = {
        "consecutive": {"first": scale.side // 8, "step": 1, "number": number},
        f"every {apart}th": {"first": 0, "step": apart, "number": number},
    }
    options = {
        label + suffix: {**each, "caches": caches}
        for label, each in chosen.items()
        for suffix, caches in CACHES.items()
    }
    return [
        Case("rows", label, peer, delay, layout, each, stored="array")
        for label, each in options.items()
        for delay in delays
        for peer in peers.PEERS
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    layout, options = case.layout, case.options
    assert layout is not None
    expected = values(data, layout.shape)
    chosen = range(options["first"], layout.shape[0], options["step"])[: options["number"]]
    reader = peers.load(case.peer).open(layout.name, layout, repeated=options["caches"])
    got, result = measured(lambda: [reader.read(slice(i, i + 1), slice(None)) for i in chosen])
    for i, row in zip(chosen, got, strict=True):
        check(row, expected[i : i + 1])
    return {**result, "bytes": sum(row.nbytes for row in got)}
