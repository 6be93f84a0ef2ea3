"""Boolean masks: the cost of selecting 10^3 to 10^6 single values of chunks that are at hand,
against HDF5 itself with the file in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import arraymorph
import numpy as np
from case import Case
from layout import square, values
from measure import check, measured
from scale import Scale

arraymorph.enable()
import h5py  # noqa: E402

TITLE = "Values picked by a boolean mask, chunks in memory"
SWEEP = True
NATIVE = "hdf5"  # HDF5's core driver, in the same process
POINTS = (1000, 10_000, 100_000, 1_000_000)


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    layout = square(min(scale.side, 2048))
    return [
        Case(
            "points", f"{points} of {layout.shape[0]}^2 values", peer, 0, layout, {"points": points}
        )
        for points in POINTS
        if points < layout.shape[0] ** 2
        for peer in ("arraymorph", NATIVE)
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    layout = case.layout
    assert layout is not None
    source = np.array(values(data, layout.shape))
    chosen = np.random.default_rng(3).permutation(source.size)[: case.options["points"]]
    mask = np.zeros(layout.shape, bool)
    mask.flat[chosen] = True
    with tempfile.TemporaryDirectory() as directory:
        if case.peer == NATIVE:
            file = h5py.File("x", "w", driver="core", backing_store=False)
        else:
            file = h5py.File(f"file://{directory}/x.h5", "w")
        dataset = file.create_dataset("x", data=source, chunks=layout.chunks)
        check(dataset[...], source)  # from here on every chunk is in memory
        got, result = measured(lambda: dataset[mask])
        check(got, source[mask])
        file.close()
    return {**result, "us_per_value": result["wall"] / got.size * 1e6}
