"""Not a question: the plain files that some are about, and with which settings the others read."""

from __future__ import annotations

from typing import Any

import peers
from case import Case
from plain_files import PlainFile, friendly, scattered
from scale import Scale

MIB = 1 << 20
FRIENDLY, SCATTERED = "friendly", "scattered"


def files(scale: Scale) -> dict[str, PlainFile]:
    return {
        "1 MiB chunks, raw": friendly(scale.side, gzip=False),
        "1 MiB chunks, gzip": friendly(scale.side, gzip=True),
        "8 KiB chunks, scattered": scattered(scale.scattered_side, scale.scattered_datasets),
    }


def cases(
    question: str, scale: Scale, delays: tuple[float, ...], settings: dict[str, dict[str, Any]]
) -> list[Case]:
    """`settings` by peer, or by peer and kind of file ("s3fs scattered")."""

    def options(peer: str, file: PlainFile) -> dict[str, Any]:
        kind = SCATTERED if file.datasets else FRIENDLY
        chosen = settings.get(f"{peer} {kind}", settings.get(peer, {}))
        return {"datasets": file.datasets, "settings": chosen}

    return [
        Case(question, label, peer, delay, file.layout, options(peer, file), stored="plain")
        for label, file in files(scale).items()
        for delay in delays
        for peer in peers.PLAIN
    ]


def file_of(case: Case) -> PlainFile:
    assert case.layout is not None
    return PlainFile(case.layout, case.options["datasets"])
