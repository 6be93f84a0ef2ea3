"""Not a question: stores what the others read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import peers
import raw_loop
from case import Case
from layout import values

from questions import plain

# Who writes the format that another one only reads, or writes alike but slower.
WRITERS = {"ros3": "s3fs"}
ARRAY_WRITERS = {**WRITERS, "zarr": "tensorstore"}


def needed(case: Case) -> Case | None:
    """What has to be stored before `case` can be measured."""
    if case.stored == "array":
        assert case.layout is not None
        writer = ARRAY_WRITERS.get(case.peer, case.peer)
        label = f"{case.layout.name} of {writer}"
        return Case("prepare", label, writer, layout=case.layout, stored="array")
    if case.stored == "datasets":
        writer = WRITERS.get(case.peer, case.peer)
        label = f"{case.options['count']} datasets of {writer}"
        return Case("prepare", label, writer, options=case.options, stored="datasets")
    if case.stored == "plain":
        label = plain.key_of(case)
        return Case("prepare", label, "s3fs", 0, case.layout, case.options, stored="plain")
    return None


def run(case: Case, data: Path) -> dict[str, Any]:
    if case.stored == "datasets":
        peer: Any = peers.load(case.peer)
        peer.write_many(f"many{case.options['count']}", case.options["count"])
        return {}
    if case.stored == "plain":
        files: Any = peers.load(case.peer)
        files.put_plain(plain.local(case, data), plain.key_of(case))
        return {}
    layout = case.layout
    assert layout is not None
    if case.peer == peers.LIMIT:
        raw_loop.put(layout.chunk_count, layout.chunk_bytes)
    else:
        peers.load(case.peer).write(layout.name, layout, np.array(values(data, layout.shape)))
    return {}
