"""One measurement as data: what is asked, of whom, how far away the server is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from layout import Layout


@dataclass(frozen=True)
class Case:
    question: str  # module of questions/
    label: str  # what is measured, as the table says it
    peer: str  # of peers.PEERS, or peers.LIMIT
    delay_ms: float = 0.0
    layout: Layout | None = None
    options: dict[str, Any] = field(default_factory=dict)
    stored: str = ""  # what has to lie in the store before, see prepare.py; empty: nothing

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> Case:
        layout = data["layout"]
        if layout is not None:
            layout = Layout(tuple(layout["shape"]), tuple(layout["chunks"]), layout["gzip"])
        return Case(**{**data, "layout": layout})
