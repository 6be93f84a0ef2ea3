"""Many small datasets: open, and read the values of every one in a plain loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
from case import Case
from measure import DifferentError, check, measured
from peers.peer import small
from scale import Scale

TITLE = "Small datasets, opened and all read"
ABLE = ("arraymorph", "zarr", "ros3", "s3fs")


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    options = {"count": scale.datasets}
    label = f"{scale.datasets} datasets"
    return [
        Case("catalog", label, peer, delay, options=options, stored="datasets")
        for delay in delays
        for peer in ABLE
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    count = case.options["count"]
    peer: Any = peers.load(case.peer)
    got, result = measured(lambda: peer.walk(f"many{count}"))
    if len(got) != count:
        raise DifferentError(f"{len(got)} of {count} datasets")
    for number in range(count):
        check(got[f"d{number:05}"], small(number))
    return result
