"""A plain HDF5 file where it lies: open it, and read 100 windows of 64 x 64 at random places of
random datasets, one call each."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import peers
from case import Case
from measure import check, measured
from scale import Scale

from questions import plain

TITLE = "Plain file, opened and 100 random windows of 64 x 64 read"
NUMBER, SIDE, SEED = 100, 64, 7
# Of what was tried (see plain.py) the fastest at +20 ms.
SETTINGS: dict[str, dict[str, Any]] = {"s3fs": plain.ALL_AT_ONCE, "pyfive": plain.ALL_AT_ONCE}


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    return plain.cases("plain_windows", scale, delays, SETTINGS)


def run(case: Case, data: Path) -> dict[str, Any]:
    file = plain.file_of(case)
    expected = file.arrays(data)
    choose = random.Random(SEED)
    windows = []
    for _ in range(NUMBER):
        name = choose.choice(list(expected))
        row, column = (choose.randrange(size - SIDE) for size in expected[name].shape)
        windows.append((name, (slice(row, row + SIDE), slice(column, column + SIDE))))
    peer: Any = peers.load(case.peer)

    def read_windows() -> list[Any]:
        opened = peer.open_plain(file.key, case.options["settings"])
        return [opened[name][window] for name, window in windows]

    got, result = measured(read_windows)
    for (name, window), part in zip(windows, got, strict=True):
        check(part, expected[name][window])
    return {**result, "bytes": sum(part.nbytes for part in got), "calls": NUMBER}
