"""What the peers that are h5py have in common."""

from __future__ import annotations

from typing import Any

from layout import GZIP_LEVEL, Layout

from peers.peer import small

DATASET = "x"


def create_dataset(file: Any, layout: Layout, values: Any) -> None:
    filters: dict[str, Any] = {}
    if layout.gzip:
        filters = {"compression": "gzip", "compression_opts": GZIP_LEVEL, "shuffle": True}
    dataset = file.create_dataset(DATASET, layout.shape, "f4", chunks=layout.chunks, **filters)
    dataset[...] = values


class FileReader:
    def __init__(self, file: Any, *also_open: Any) -> None:
        self.file = file
        self.dataset = file[DATASET]
        self.also_open = also_open

    def read(self, rows: slice, columns: slice) -> Any:
        return self.dataset[rows, columns]


def write_datasets(file: Any, count: int) -> None:
    for number in range(count):
        file.create_dataset(f"d{number:05}", data=small(number))


def walk_file(file: Any) -> dict[str, Any]:
    return {name: dataset[...] for name, dataset in file.items()}
