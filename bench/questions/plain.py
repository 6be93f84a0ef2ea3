"""Not a question: the plain files that some are about, and with which settings the others read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
import real_files
from case import Case
from plain_files import PlainFile, friendly, scattered
from scale import Scale

# Of one connection, as Amazon's "Performance design patterns for Amazon S3" say. Without it one
# request for all of a file is as fast as many.
MEGABYTES_PER_SECOND = 90
# Tried for s3fs: readahead with 128 KiB and 1, 5, 16 MiB, blockcache with 128 KiB and 1, 4, 16 MiB,
# background with 4 MiB, and all of the file in one request.
ALL_AT_ONCE = {"cache_type": "all"}
# By what it adds to a label.
LINKS: dict[str, dict[str, Any]] = {
    "": {},
    f", {MEGABYTES_PER_SECOND} MB/s": {"megabytes_per_second": MEGABYTES_PER_SECOND},
}


def files(scale: Scale) -> dict[str, PlainFile]:
    return {
        "1 MiB chunks, raw": friendly(scale.side, gzip=False),
        "1 MiB chunks, gzip": friendly(scale.side, gzip=True),
        "8 KiB chunks, scattered": scattered(scale.scattered_side, scale.scattered_datasets),
    }


def cases(
    question: str, scale: Scale, delays: tuple[float, ...], settings: dict[str, dict[str, Any]]
) -> list[Case]:
    """`settings` by peer. Each distance with any bandwidth, and with that of S3's connections."""
    return [
        Case(question, label + limit, peer, delay, file.layout, {**options, **more}, stored="plain")
        for label, file in files(scale).items()
        for delay in delays
        for limit, more in LINKS.items()
        if delay > 0 or not more
        for peer in peers.PLAIN
        for options in [{"datasets": file.datasets, "settings": settings.get(peer, {})}]
    ]


def file_of(case: Case) -> PlainFile:
    assert case.layout is not None
    return PlainFile(case.layout, case.options["datasets"])


def key_of(case: Case) -> str:
    real = case.options.get("real")
    return real_files.key(real) if real else file_of(case).key


def local(case: Case, data: Path) -> Path:
    """The same file on this machine, made or downloaded on first use."""
    if real := case.options.get("real"):
        return real_files.local(data, real)
    file = file_of(case)
    path = data / Path(file.key).name
    if not path.exists():
        unfinished = path.with_suffix(".unfinished.h5")
        file.write(unfinished, data)
        unfinished.rename(path)
    return path
