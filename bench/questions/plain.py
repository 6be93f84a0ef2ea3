"""Not a question: the plain files that some are about, and with which settings the others read."""

from __future__ import annotations

from typing import Any

import peers
from case import Case
from plain_files import PlainFile, friendly, scattered
from scale import Scale

# Tried for s3fs: readahead with 128 KiB and 1, 5, 16 MiB, blockcache with 128 KiB and 1, 4, 16 MiB,
# background with 4 MiB, and all of the file in one request, which no bandwidth limits here.
ALL_AT_ONCE = {"cache_type": "all"}


def files(scale: Scale) -> dict[str, PlainFile]:
    return {
        "1 MiB chunks, raw": friendly(scale.side, gzip=False),
        "1 MiB chunks, gzip": friendly(scale.side, gzip=True),
        "8 KiB chunks, scattered": scattered(scale.scattered_side, scale.scattered_datasets),
    }


def cases(
    question: str, scale: Scale, delays: tuple[float, ...], settings: dict[str, dict[str, Any]]
) -> list[Case]:
    """`settings` by peer."""
    return [
        Case(question, label, peer, delay, file.layout, options, stored="plain")
        for label, file in files(scale).items()
        for delay in delays
        for peer in peers.PLAIN
        for options in [{"datasets": file.datasets, "settings": settings.get(peer, {})}]
    ]


def file_of(case: Case) -> PlainFile:
    assert case.layout is not None
    return PlainFile(case.layout, case.options["datasets"])
