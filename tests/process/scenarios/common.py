"""What the scenarios share. They are plain h5py programs; the environment decides the store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import h5py
import numpy as np
import numpy.typing as npt

SHAPE, CHUNKS = (500, 400), (100, 100)


def values() -> npt.NDArray[np.int32]:
    return np.arange(200_000, dtype="i4").reshape(SHAPE)


def write(name: str) -> h5py.File:
    """A new file with one dataset of 20 chunks, still open and not flushed."""
    file = h5py.File(name, "w")
    file.create_dataset("x", data=values(), chunks=CHUNKS, compression="gzip")
    file["y"] = 5
    return file


def write_closed(name: str) -> None:
    write(name).close()


def check(file: h5py.File) -> None:
    assert (file["x"][...] == values()).all()
    assert file["y"][()] == 5


def mark_end() -> None:
    """The program has nothing more to do: what follows is the exit."""
    path = os.environ.get("MARK_END")
    if path:
        with open(path, "w", encoding="ascii") as file:
            file.write(str(time.monotonic()))


def run(scenarios: dict[str, Callable[..., None]], arguments: list[str]) -> None:
    """SCENARIO ARGUMENT..."""
    name, *rest = arguments
    scenarios[name](*rest)
