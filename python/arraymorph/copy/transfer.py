"""Carrying out plans: the C++ mover on a thread, progress and Ctrl-C here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from .. import _core
from .plan import Move, Plan

_INTERVAL = 0.1  # seconds between two reports
_MOST_MOVES = 100_000  # at a time: a plan of many more would take more memory than their bytes

Report = Callable[[int, int], None]  # bytes and items that are done


def move(
    source: str,
    target: str,
    moves: list[Move],
    report: Report,
    *,
    etag: str = "",
    compare: bool = False,
) -> None:
    """Move, or compare, in parallel."""
    done = items = 0

    def further(moved: int, count: int) -> None:
        report(done + moved, items + count)

    for first in range(0, len(moves), _MOST_MOVES):
        some = moves[first : first + _MOST_MOVES]
        plan = {
            "source": source,
            "target": target,
            "etag": etag,
            "compare": compare,
            "moves": some,
        }
        transfer = _core.Transfer()
        _run(transfer, partial(transfer.move, json.dumps(plan)), further)
        done, items = done + sum(each[2] for each in some), items + len(some)


def assemble(
    source: str, target: str, plan: Plan, report: Report, *, committed: str, replace: bool
) -> int:
    """Put the one object together and finish it; the number of parts that were there already.

    `committed`: entity tag of the source's metadata object, "" where it has none.
    """
    text = json.dumps(
        {
            "source": source,
            "target": target,
            "etag": plan.etag,
            "size": plan.size,
            "part_size": plan.part_size,
            "id": plan.upload,
            "committed": committed,
            "replace": replace,
            "segments": plan.segments,
        }
    )
    transfer = _core.Transfer()
    answer = _run(transfer, lambda: transfer.assemble(text, plan.literal), report)
    return int(answer["resumed"])


def _run(transfer: _core.Transfer, call: Callable[[], Any], report: Report) -> Any:
    """The answer of `call`; an interrupt, or an error of `report`, cancels it first."""
    answers: list[Any] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(call())
        except BaseException as error:
            failures.append(error)

    worker = threading.Thread(target=work, name="arraymorph-copy")
    worker.start()
    try:
        while worker.is_alive():
            worker.join(_INTERVAL)
            report(*transfer.progress())
    except BaseException:
        transfer.cancel()
        worker.join()
        raise
    if failures:
        raise failures[0]
    return answers[0]
