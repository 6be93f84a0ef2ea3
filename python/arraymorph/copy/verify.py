"""Reading a finished copy again and comparing it with its source."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .. import _core
from . import Progress, transfer
from .ends import End, is_local, opened
from .plan import Move, Plan

_PIECE = 8 << 20  # bytes that are read at a time
_READERS = 8
_LARGE = 1 << 20  # bytes stored: such a dataset lies in chunk objects, by any configuration

Sink = Callable[[Progress], None]


def verify_copy(source: End, target: End, plan: Plan, given: End, sink: Sink) -> None:
    """OSError names the first thing that differs. `source` is what was copied: `given`, or what
    was made of it where its data was encoded anew."""
    sink(Progress("verify", 0, plan.bytes, 0, plan.items))

    def report(done: int, items: int) -> None:
        sink(Progress("verify", done, plan.bytes, items, plan.items))

    if plan.kind == "move":
        transfer.move(source.url, target.url, plan.moves, report, etag=plan.etag, compare=True)
    else:
        _verify_assembled(source, target, plan, report)
    # HDF5 itself would follow what a file from a store says, wherever that leads.
    trusted = is_local(given) and is_local(target)
    with opened(given) as one, opened(target, native=trusted) as two:
        for difference in _differences(one, two, encoded_anew=source is not given):
            raise OSError(f"the copy differs from its source: {difference}")


def _verify_assembled(source: End, target: End, plan: Plan, report: transfer.Report) -> None:
    """Whole objects by the mover, the other way round; all the rest in pieces."""
    whole: list[Move] = []
    rest: list[tuple[int, int, str | None, int]] = []
    for offset, length, key, begin, size in plan.segments:
        if key and begin == 0 and size == length:
            whole.append(("", offset, length, key, length))
        else:
            rest += [
                (offset + at, min(_PIECE, length - at), key, begin + at)
                for at in range(0, length, _PIECE)
            ]
    transfer.move(target.url, source.url, whole, report, compare=True)

    def same(piece: tuple[int, int, str | None, int]) -> bool:
        offset, length, key, begin = piece
        if key is None:
            expected = plan.literal[begin : begin + length]
        else:
            expected = _core.read(source.url, key, begin, length)
        return _core.read(target.url, "", offset, length) == expected

    with ThreadPoolExecutor(_READERS) as readers:
        for piece, equal in zip(rest, readers.map(same, rest), strict=True):
            if not equal:
                raise OSError(
                    f"the copy differs from its source: {piece[1]} bytes from {piece[0]} on of "
                    f"{target.url}"
                )


def _differences(one: Any, two: Any, encoded_anew: bool) -> Any:
    import h5py

    from .compare import differences
    from .recreate import is_plain

    def moved(_: str, dataset: Any) -> bool:
        """Compared as it is stored already. Small ones lie in metadata objects."""
        sized = is_plain(h5py.h5t, dataset.get_type())
        return sized and not encoded_anew and dataset.get_storage_size() >= _LARGE

    def meant(_: str, what: str) -> bool:
        return encoded_anew and what in ("layout", "chunks", "filters", "alloc_time")

    return differences(h5py.File(one), h5py.File(two), skip_values=moved, ignore=meant)
