"""A plain HDF5 file where it lies: open it, and read all values of every dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import peers
import raw_loop
from case import Case
from measure import check, measured
from scale import Scale

from questions import plain

TITLE = "Plain file, opened and all read"
# Of what was tried (see plain.py) the fastest at +20 ms.
SETTINGS: dict[str, dict[str, Any]] = {"s3fs": plain.ALL_AT_ONCE, "pyfive": plain.ALL_AT_ONCE}


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    """The limit gets the bytes of the file and no more: it neither asks how many there are nor
    decodes them."""
    found = plain.cases("plain_open_read", scale, delays, SETTINGS)
    limits = [replace(case, peer=peers.LIMIT) for case in found if case.peer == "arraymorph"]
    return found + limits


def run(case: Case, data: Path) -> dict[str, Any]:
    file = plain.file_of(case)
    if case.peer == peers.LIMIT:
        return raw_loop.get_parts(file.key, plain.local(case, data))
    expected = file.arrays(data)
    peer: Any = peers.load(case.peer)

    def read_all() -> dict[str, Any]:
        opened = peer.open_plain(file.key, case.options["settings"])
        return {name: opened[name][...] for name in expected}

    got, result = measured(read_all)
    for name, array in expected.items():
        check(got[name], array)
    return {**result, "bytes": sum(array.nbytes for array in expected.values())}
