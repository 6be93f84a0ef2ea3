"""The arrays of the benchmark: shape, chunks, values. Everybody stores the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

ITEM_BYTES = 4  # float32
GZIP_LEVEL = 4  # h5py's default


@dataclass(frozen=True)
class Layout:
    """A float32 array of `shape` in chunks of `chunks`, with gzip or without."""

    shape: tuple[int, int]
    chunks: tuple[int, int]
    gzip: bool = False

    @property
    def name(self) -> str:
        rows, columns = self.shape
        codec = "gzip" if self.gzip else "raw"
        return f"{rows}x{columns}-{self.chunks[0]}x{self.chunks[1]}-{codec}"

    @property
    def nbytes(self) -> int:
        return self.shape[0] * self.shape[1] * ITEM_BYTES

    @property
    def chunk_bytes(self) -> int:
        return self.chunks[0] * self.chunks[1] * ITEM_BYTES

    @property
    def chunk_count(self) -> int:
        return -(-self.shape[0] // self.chunks[0]) * -(-self.shape[1] // self.chunks[1])


def square(side: int, chunk_side: int = 512, gzip: bool = False) -> Layout:
    return Layout((side, side), (min(chunk_side, side),) * 2, gzip)


def values(directory: Path, shape: tuple[int, int]) -> Any:
    """The array's values, mapped from a file in `directory` that is made on first use.

    A smooth field with noise, kept to 14 bits of mantissa as an instrument would give: gzip with
    shuffle halves it, gzip alone saves less.
    """
    import numpy as np

    path = directory / f"{shape[0]}x{shape[1]}.npy"
    if not path.exists():
        random = np.random.default_rng(20260101)
        rows = np.sin(np.arange(shape[0], dtype="f4") / 97)[:, None]
        columns = np.cos(np.arange(shape[1], dtype="f4") / 61)[None, :]
        made = np.empty(shape, "f4")
        for start in range(0, shape[0], 1024):  # a part at a time: arrays may be large
            part = slice(start, start + 1024)
            noise = random.standard_normal(made[part].shape, dtype="f4")
            made[part] = 280 + 20 * rows[part] * columns + noise
        made.view("u4")[...] &= np.uint32(0xFFFFFE00)
        directory.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished.npy")
        np.save(unfinished, made)
        unfinished.rename(path)
    return np.load(path, mmap_mode="r")
