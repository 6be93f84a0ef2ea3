"""Random dataspaces on both sides of a transfer, below h5py's slices: native HDF5 is the reference.

Blocks, strides, offsets, memory spaces of another rank or shape, points, unions of hyperslabs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import arraymorph
import h5py
import numpy as np
import pytest
from h5py import h5s

Pair = list[h5py.Dataset]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")


def hyperslab(space: h5s.SpaceID, rng: np.random.Generator, operation: int) -> None:
    start, stride, count, block = [], [], [], []
    for length in space.shape:
        first = int(rng.integers(0, length))
        size = int(rng.integers(1, min(5, length - first) + 1))
        if rng.random() < 0.3:
            size = length - first
        step = size + int(rng.integers(0, 4))
        start.append(first)
        stride.append(step)
        count.append(1 + int(rng.integers(0, (length - first - size) // step + 1)))
        block.append(size)
    space.select_hyperslab(tuple(start), tuple(count), tuple(stride), tuple(block), op=operation)


def file_space(shape: tuple[int, ...], rng: np.random.Generator) -> h5s.SpaceID:
    space = h5s.create_simple(shape)
    kind = rng.choice(["one", "one", "one", "union", "points", "moved", "all"])
    if kind == "points":
        count = int(rng.integers(1, 40))
        space.select_elements(np.stack([rng.integers(0, n, count) for n in shape], axis=1))
    elif kind == "moved":
        # One hyperslab in the first half of every axis, moved as far as it can go.
        space.select_hyperslab(tuple(0 for _ in shape), tuple((n + 1) // 2 for n in shape))
        space.offset_simple(tuple(int(rng.integers(0, n // 2 + 1)) for n in shape))
    elif kind != "all":
        hyperslab(space, rng, h5s.SELECT_SET)
        if kind == "union":
            hyperslab(space, rng, h5s.SELECT_OR)
    return space


def regular(space: h5s.SpaceID) -> bool:
    try:
        space.get_regular_hyperslab()
    except ValueError:
        return False
    return True


def memory_space(space: h5s.SpaceID, rng: np.random.Generator) -> h5s.SpaceID:
    """As many elements as `space` selects, otherwise arranged."""
    points = space.get_select_npoints()
    kind = rng.choice(["row", "strided", "blocks", "same", "shape"])
    if kind == "same":
        return space
    if kind == "shape" and space.get_select_type() == h5s.SEL_HYPERSLABS and regular(space):
        _, _, count, block = space.get_regular_hyperslab()
        sizes = tuple(int(c * b) for c, b in zip(count, block, strict=True) if c * b > 1)
        memory = h5s.create_simple(tuple(n + 3 for n in sizes) or (4,))
        memory.select_hyperslab(tuple(1 for _ in memory.shape), sizes or (1,))
        return memory
    if kind == "blocks" and points % 2 == 0:
        memory = h5s.create_simple((points * 2 + 3,))
        memory.select_hyperslab((1,), (points // 2,), (3,), (2,))
        return memory
    step = 3 if kind == "strided" else 1
    memory = h5s.create_simple((points * step + 4,))
    memory.select_hyperslab((2,), (points,), (step,))
    return memory


def pairs(tmp_path: Path, rng: np.random.Generator) -> Iterator[tuple[Pair, tuple[int, ...]]]:
    """The same dataset in a native file and in ours, many shapes."""
    with (
        h5py.File(tmp_path / "native.h5", "w") as native,
        arraymorph.File(f"file://{tmp_path}/ours.h5", "w") as ours,
    ):
        for number in range(20):
            rank = int(rng.integers(1, 6))
            shape = tuple(int(rng.integers(2, 20 if rank < 4 else 7)) for _ in range(rank))
            chunks = tuple(int(rng.integers(1, n + 1)) for n in shape)
            values = rng.integers(0, 10_000, shape).astype(rng.choice(["i2", "<f4", ">i4", "f8"]))
            yield (
                [
                    file.create_dataset(
                        f"x{number}", data=values, chunks=chunks if number % 4 else None
                    )
                    for file in (native, ours)
                ],
                shape,
            )


@pytest.mark.parametrize("seed", range(4))
def test_transfers_agree(tmp_path: Path, environment: None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for (native, ours), shape in pairs(tmp_path, rng):
        for _ in range(25):
            space = file_space(shape, rng)
            memory = memory_space(space, rng)
            size = int(np.prod(memory.shape))
            dtype = native.dtype if rng.random() < 0.6 else np.dtype("f8")
            buffers = [np.full(size, -7, dtype) for _ in range(2)]
            for dataset, buffer in zip((native, ours), buffers, strict=True):
                dataset.id.read(memory, space, buffer)
            np.testing.assert_array_equal(buffers[0], buffers[1])
            values = rng.integers(0, 10_000, size).astype(dtype)
            for dataset in (native, ours):
                dataset.id.write(memory, space, values)
        np.testing.assert_array_equal(native[...], ours[...])
