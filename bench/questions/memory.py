"""The most memory a whole read and a whole write take beyond the caller's own array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
from case import Case
from layout import Layout
from scale import Scale

from questions import whole_read, whole_write

TITLE = "Memory beyond the caller's array, raw"
OWN_SERVER = True
SWEEP = True


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    made = []
    for shape in scale.memory_shapes:
        layout = Layout(shape, (512, 512))
        size = f"{layout.nbytes >> 20} MiB"
        for peer in (each for each in peers.PEERS if each != "ros3"):
            if shape != scale.memory_shapes[0] and peer not in ("arraymorph", "tensorstore"):
                continue  # so large only to see whether it grows
            made.append(Case("memory", f"write {size}", peer, 0, layout, {"write": True}))
            made.append(Case("memory", f"read {size}", peer, 0, layout, stored="array"))
    return made


def run(case: Case, data: Path) -> dict[str, Any]:
    if case.options.get("write"):
        return whole_write.run(case, data)
    result = whole_read.run(case, data)
    return {**result, "peak_bytes": result["peak_bytes"] - result["bytes"]}
