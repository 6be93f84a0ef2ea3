"""A part of an array, as a user writes it and in pieces that fit in memory."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import typer

Index = tuple[int | slice, ...]


def read_slice(text: str, shape: tuple[int, ...]) -> Index:
    """ "0:10, :, 3" for an array of this shape, as NumPy takes it, one entry for each axis.

    Raises typer.BadParameter, which is a usage error.
    """
    words = [each.strip() for each in text.strip().strip("[]").split(",")] if text.strip() else []
    if words and not words[-1]:
        words.pop()
    if words.count("...") > 1:
        raise typer.BadParameter(f"{text!r} has ... more than once")
    if "..." in words:
        at = words.index("...")
        words[at : at + 1] = [":"] * (len(shape) - len(words) + 1)
    if len(words) > len(shape):
        raise typer.BadParameter(
            f"{text!r} has {len(words)} parts for an array of {len(shape)} axes, {shape}"
        )
    words += [":"] * (len(shape) - len(words))
    return tuple(_axis(word, size, text) for word, size in zip(words, shape, strict=True))


def _axis(word: str, size: int, text: str) -> int | slice:
    if re.fullmatch(r"-?\d+", word):
        number = int(word)
        if not -size <= number < size:
            raise typer.BadParameter(f"{number} in {text!r} is outside an axis of {size}")
        return number % size
    found = re.fullmatch(r"(-?\d+)?\s*:\s*(-?\d+)?(?:\s*:\s*(\d+)?)?", word)
    if found is None:
        raise typer.BadParameter(
            f"{word!r} in {text!r} is no part of an axis: write 3, 0:10 or ::2"
        )
    start, stop, step = (int(each) if each else None for each in found.groups())
    if step == 0:
        raise typer.BadParameter(f"the step of {word!r} is 0")
    first, end, step = slice(start, stop, step).indices(size)
    return slice(first, max(first, end), step)


def result_shape(index: Index) -> tuple[int, ...]:
    """Of what `index` selects; its slices are as read_slice gives them."""
    return tuple(len(range(*_numbers(each))) for each in index if isinstance(each, slice))


def _numbers(part: slice) -> tuple[int, int, int]:
    return part.start, part.stop, part.step


def blocks(
    index: Index, chunks: tuple[int, ...] | None, element: int, most: int
) -> Iterator[Index]:
    """`index` cut along its first axes, in the order of its elements, each of at most `most` bytes.

    Cuts are made where chunks end, so that none is needed by two blocks when its rows fit.
    """
    axis = next((number for number, each in enumerate(index) if isinstance(each, slice)), None)
    whole = math.prod(result_shape(index)) * element
    if axis is None or whole <= most:
        yield index
        return
    start, stop, step = _numbers(index[axis])  # type: ignore[arg-type]
    count = len(range(start, stop, step))
    rows = max(1, most // max(1, whole // count))
    at = start
    while at < stop:
        end = at + rows * step
        if chunks is not None and (edge := end // chunks[axis] * chunks[axis]) > at and end < stop:
            end = at + max(1, -(-(edge - at) // step)) * step
        part = (*index[:axis], slice(at, min(end, stop), step), *index[axis + 1 :])
        if rows == 1:
            single = (*index[:axis], at, *index[axis + 1 :])
            yield from blocks(single, chunks, element, most)
            end = at + step
        else:
            yield part
        at = end
