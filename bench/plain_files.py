"""Plain HDF5 files as they lie in buckets: friendly ones with large chunks, and one as instruments
write them, with small chunks and its metadata all over the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layout import GZIP_LEVEL, Layout, square, values

DATASET = "x"
SMALL_CHUNK = (32, 64)  # 8 KiB
SMALL_SIDE = 256  # of the datasets around the large one
PER_GROUP = 4


@dataclass(frozen=True)
class PlainFile:
    """`datasets`: number of small ones around the large one of `layout`; none: a friendly file."""

    layout: Layout
    datasets: int = 0

    @property
    def key(self) -> str:
        kind = f"scattered{self.datasets}" if self.datasets else "friendly"
        return f"plain/{kind}-{self.layout.name}.h5"

    def arrays(self, data: Path) -> dict[str, Any]:
        """Values by the path of their dataset."""
        large = values(data, self.layout.shape)
        found = {DATASET: large}
        for number in range(self.datasets):
            top, left = (number * step % (large.shape[0] - SMALL_SIDE + 1) for step in (37, 91))
            part = large[top : top + SMALL_SIDE, left : left + SMALL_SIDE]
            found[f"group{number // PER_GROUP:03}/d{number % PER_GROUP}"] = part
        return found

    def write(self, path: Path, data: Path) -> None:
        """With the defaults of h5py. What native HDF5 reads from it is compared."""
        import h5py
        import numpy as np

        arrays = self.arrays(data)
        with h5py.File(path, "w") as file:
            if self.datasets:
                _scatter(file, arrays)
            else:
                _write_at_once(file, arrays[DATASET], self.layout)
        with h5py.File(path, "r") as file:
            for name, array in arrays.items():
                assert np.array_equal(file[name][...], array), name


def friendly(side: int, gzip: bool) -> PlainFile:
    return PlainFile(square(side, gzip=gzip))


def scattered(side: int, datasets: int) -> PlainFile:
    return PlainFile(Layout((side, side), SMALL_CHUNK), datasets)


def _write_at_once(file: Any, array: Any, layout: Layout) -> None:
    filters: dict[str, Any] = {}
    if layout.gzip:
        filters = {"compression": "gzip", "compression_opts": GZIP_LEVEL, "shuffle": True}
    file.create_dataset(DATASET, data=array, chunks=layout.chunks, **filters)


def _scatter(file: Any, arrays: dict[str, Any]) -> None:
    """Datasets grow side by side, one band of chunks each in turn, and join one after the other;
    what describes them is added at the end."""
    waiting = list(arrays)
    growing: list[str] = []
    step = SMALL_CHUNK[0]
    per_round = max(1, len(waiting) // (arrays[DATASET].shape[0] // step) + 1)
    while waiting or growing:
        for name in waiting[:per_round]:
            width = arrays[name].shape[1]
            file.create_dataset(
                name, (0, width), arrays[name].dtype, maxshape=(None, width), chunks=SMALL_CHUNK
            )
        growing += waiting[:per_round]
        waiting = waiting[per_round:]
        for name in growing:
            dataset = file[name]
            begin = dataset.shape[0]
            dataset.resize(begin + step, axis=0)
            dataset[begin:] = arrays[name][begin : begin + step]
        growing = [name for name in growing if file[name].shape[0] < arrays[name].shape[0]]
        file.flush()
    for number, name in enumerate(arrays):
        file[name].attrs.update({"number": number, "units": "K", "long_name": f"dataset {number}"})
