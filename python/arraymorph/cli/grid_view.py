"""A two-dimensional look at a chunk grid: which axes, where on the others, what each cell shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import typer

from .chunk_table import ChunkTable, Index

_MANY = 4  # chunks that make an axis worth a look
_MOST_CELLS = 120  # along an axis; more chunks than that share cells


@dataclass
class View:
    """Cells of rows and columns; NaN where no chunk is stored."""

    down: int | None  # axis of the rows; None: a grid of one axis, in lines
    across: int
    at: Index  # chunk on each axis; those of the two axes do not count
    values: Any  # (rows, columns) float
    step: tuple[int, int]  # chunks that share a cell, down and across
    per_line: int = 0  # chunks in a line, of a grid of one axis


def choose_axes(grid: Index, wanted: str) -> tuple[int | None, int]:
    """Rows and columns: "0,1" as wanted, else the last two axes of several chunks, which are those
    of a map or an image, or else the two with the most."""
    rank = len(grid)
    if wanted:
        try:
            axes = [int(each) for each in wanted.split(",")]
        except ValueError as error:
            raise typer.BadParameter(f"--axes {wanted!r}: write two numbers, as 0,1") from error
        if len(axes) != 2 or not all(-rank <= each < rank for each in axes):
            raise typer.BadParameter(f"--axes {wanted!r}: write two of the axes 0 to {rank - 1}")
        down, across = (each % rank for each in axes)
        if down == across:
            raise typer.BadParameter(f"--axes {wanted!r}: the two are the same")
        return down, across
    if rank == 1:
        return None, 0
    many = [axis for axis in range(rank) if grid[axis] >= _MANY][-2:]
    if len(many) < 2:
        many = sorted(sorted(range(rank), key=lambda axis: (grid[axis], axis))[-2:])
    return many[0], many[1]


def choose_place(
    table: ChunkTable, axes: tuple[int | None, int], wanted: str, weights: Any
) -> Index:
    """The chunk on each of the other axes: that of the element "0,0,3", else where most is.

    `weights`: of each stored chunk.
    """
    import numpy as np

    if wanted:
        try:
            at = [int(each) for each in wanted.split(",")]
        except ValueError as error:
            raise typer.BadParameter(f"--at {wanted!r}: write a number for each axis") from error
        if len(at) != len(table.shape) or not all(
            0 <= place < size for place, size in zip(at, table.shape, strict=True)
        ):
            raise typer.BadParameter(f"--at {wanted!r} is no element of an array {table.shape}")
        return tuple(place // size for place, size in zip(at, table.chunk, strict=True))
    others = [axis for axis in range(len(table.shape)) if axis not in axes]
    place = [0] * len(table.shape)
    if others and len(table.indices):
        kinds, owner = np.unique(table.indices[:, others], axis=0, return_inverse=True)
        best = kinds[np.bincount(owner.reshape(-1), weights=weights).argmax()]
        for axis, number in zip(others, best.tolist(), strict=True):
            place[axis] = number
    return tuple(place)


def view_of(
    table: ChunkTable, axes: tuple[int | None, int], at: Index, values: Any, add: bool
) -> View:
    """`values`: of each stored chunk. Chunks that share a cell are averaged, or added up."""
    import numpy as np

    down, across = axes
    if down is None:
        return _lines(table, at, values, add)
    chosen = np.ones(len(table.indices), dtype=bool)
    for axis, place in enumerate(at):
        if axis not in axes:
            chosen &= table.indices[:, axis] == place
    rows, columns = table.grid[down], table.grid[across]
    step = (-(-rows // _MOST_CELLS), -(-columns // _MOST_CELLS))
    cells = (-(-rows // step[0]), -(-columns // step[1]))
    row = table.indices[chosen, down] // step[0]
    column = table.indices[chosen, across] // step[1]
    grid = _collect(row, column, np.asarray(values)[chosen], cells, add)
    return View(down, across, at, grid, step)


def _lines(table: ChunkTable, at: Index, values: Any, add: bool) -> View:
    """A grid of one axis as a page of text: line after line."""
    count = table.grid[0]
    step = -(-count // _MOST_CELLS**2)
    cells = -(-count // step)
    per_line = cells if cells <= 24 else math.ceil(math.sqrt(cells * 2))
    number = table.indices[:, 0] // step
    lines = -(-cells // per_line)
    grid = _collect(number // per_line, number % per_line, values, (lines, per_line), add)
    return View(None, 0, at, grid, (1, step), per_line)


def _collect(row: Any, column: Any, values: Any, cells: tuple[int, int], add: bool) -> Any:
    import numpy as np

    sums, counts = np.zeros(cells), np.zeros(cells)
    np.add.at(sums, (row, column), values)
    np.add.at(counts, (row, column), 1)
    with np.errstate(invalid="ignore"):
        return np.where(counts > 0, sums if add else sums / counts, np.nan)
