"""ArrayMorph with its defaults."""

from __future__ import annotations

import os
from typing import Any

import arraymorph
from layout import Layout

from peers.hdf5_file import FileReader, create_dataset, walk_file, write_datasets

arraymorph.enable()
import h5py  # noqa: E402  (unchanged programs import it after that)


def place(name: str) -> str:
    """BENCH_ROOT names a directory to use instead of the bucket."""
    root = os.environ.get("BENCH_ROOT")
    return f"file://{root}/{name}.h5" if root else f"s3://{os.environ['BUCKET_NAME']}/am/{name}.h5"


class ArrayMorph:
    def write(self, name: str, layout: Layout, values: Any) -> None:
        with h5py.File(place(name), "w") as f:
            create_dataset(f, layout, values)

    def open(self, name: str, layout: Layout, repeated: bool) -> FileReader:
        return FileReader(h5py.File(place(name), "r"))

    def write_many(self, name: str, count: int) -> None:
        with h5py.File(place(name), "w") as f:
            write_datasets(f, count)

    def walk(self, name: str) -> dict[str, Any]:
        with h5py.File(place(name), "r") as f:
            return walk_file(f)

    def open_plain(self, key: str, settings: dict[str, Any]) -> Any:
        return h5py.File(f"s3://{os.environ['BUCKET_NAME']}/{key}", "r")


def make() -> ArrayMorph:
    return ArrayMorph()
