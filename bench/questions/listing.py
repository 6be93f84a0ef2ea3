"""A plain HDF5 file of many datasets where it lies: open it, and list everything in it (`h5ls -r`);
and with the attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
import real_files
from case import Case
from measure import DifferentError, measured
from plain_files import scattered
from scale import Scale

from questions import plain

TITLE = "Plain file, opened and listed"
# Of what was tried (see plain.py) the fastest at +20 ms.
SETTINGS: dict[str, dict[str, Any]] = {"s3fs": plain.ALL_AT_ONCE, "pyfive": plain.ALL_AT_ONCE}


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    made = scattered(scale.scattered_side, scale.scattered_datasets)
    files: dict[str, dict[str, Any]] = {
        f"scattered, {made.datasets + 1} datasets": {"datasets": made.datasets}
    }
    if scale.real_files:
        files["h5ad, 101 datasets"] = {"real": real_files.MANY}
        files["h5ad, 101 datasets, attributes"] = {"real": real_files.MANY, "attributes": True}
        files["h5ad, 5101 datasets"] = {"real": real_files.VERY_MANY}
    return [
        Case("listing", label, peer, delay, made.layout, options, stored="plain")
        for label, asked in files.items()
        for delay in delays
        for peer in peers.PLAIN
        for options in [{**asked, "settings": SETTINGS.get(peer, {})}]
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    import h5py

    peer: Any = peers.load(case.peer)
    attributes = case.options.get("attributes", False)
    got, result = measured(
        lambda: listed(peer.open_plain(plain.key_of(case), case.options["settings"]), attributes)
    )
    # Another driver than the default keeps ArrayMorph out.
    with h5py.File(plain.local(case, data), "r", driver="stdio") as native:
        if got != listed(native, attributes):
            raise DifferentError("the list is not that of native HDF5")
    return result


def listed(file: Any, attributes: bool) -> dict[str, Any]:
    """Shape and attributes' names by path, the shape of a group is None; the type is looked at."""
    found: dict[str, Any] = {}

    def note(name: str, item: Any) -> None:
        shape = getattr(item, "shape", None)
        if shape is not None:
            assert item.dtype is not None, name
        found[name] = (shape, sorted(dict(item.attrs)) if attributes else [])

    file.visititems(note)
    return found
