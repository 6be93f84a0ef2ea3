"""A plain HDF5 file of many datasets, its metadata all over it: open it, and list everything in it,
as `h5ls -r` does; and with the attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
from case import Case
from measure import DifferentError, measured
from plain_files import scattered
from scale import Scale

from questions import plain

TITLE = "Plain file, opened and listed"
# Of what was tried (see plain.py) the fastest at +20 ms.
SETTINGS: dict[str, dict[str, Any]] = {"s3fs": plain.ALL_AT_ONCE, "pyfive": plain.ALL_AT_ONCE}


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    file = scattered(scale.scattered_side, scale.scattered_datasets)
    number = scale.scattered_datasets + 1
    return [
        Case("listing", label, peer, delay, file.layout, options, stored="plain")
        for label, attributes in {
            f"{number} datasets": False,
            f"{number} datasets, attributes": True,
        }.items()
        for delay in delays
        for peer in peers.PLAIN
        for options in [
            {
                "datasets": file.datasets,
                "settings": SETTINGS.get(peer, {}),
                "attributes": attributes,
            }
        ]
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    file = plain.file_of(case)
    shapes = {name: array.shape for name, array in file.arrays(data).items()}
    peer: Any = peers.load(case.peer)
    with_attributes = case.options["attributes"]

    def list_all() -> dict[str, Any]:
        found: dict[str, Any] = {}

        def note(name: str, item: Any) -> None:
            attributes = dict(item.attrs) if with_attributes else {}
            found[name] = (getattr(item, "shape", None), getattr(item, "dtype", None), attributes)

        peer.open_plain(file.key, case.options["settings"]).visititems(note)
        return found

    got, result = measured(list_all)
    seen = {name: entry[0] for name, entry in got.items() if entry[0] is not None}
    numbers = [got[name][2].get("number") for name in shapes]
    if seen != shapes or (with_attributes and numbers != list(range(len(shapes)))):
        raise DifferentError("the list is not that of what was stored")
    return result
