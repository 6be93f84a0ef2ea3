"""What was measured, asked by question, label, distance and program."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any, NamedTuple

import peers

OURS = "arraymorph"
Run = dict[str, Any]


class Row(NamedTuple):
    """What all programs were asked alike."""

    question: str
    label: str
    delay: float


class Results:
    """Runs as the session recorded them: a case's fields and those of its result."""

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs

    def only(self, questions: Iterable[str]) -> Results:
        wanted = set(questions)
        return Results([run for run in self.runs if run["question"] in wanted])

    def of(self, row: Row, peer: str) -> list[Run]:
        return [
            run
            for run in self.runs
            if (run["question"], run["label"], run["delay_ms"], run["peer"]) == (*row, peer)
        ]

    def median(self, row: Row, peer: str, field: str = "wall") -> float | None:
        found = [run[field] for run in self.of(row, peer) if field in run]
        return statistics.median(found) if found else None

    def ratio(self, row: Row, peer: str, other: str, field: str = "wall") -> float | None:
        """The median of `peer` over `other`, each pair taken from one round."""
        rounds = {run["round"]: run for run in self.of(row, other)}
        found = [
            run[field] / rounds[run["round"]][field]
            for run in self.of(row, peer)
            if run["round"] in rounds and rounds[run["round"]].get(field)
        ]
        return statistics.median(found) if found else None

    def per_gib(self, row: Row, peer: str, field: str) -> float | None:
        """Median of `field` for each GiB of values."""
        value, moved = self.median(row, peer, field), self.median(row, peer, "bytes")
        return value / moved * 2**30 if value is not None and moved else None

    def traffic(self, row: Row, peer: str) -> dict[str, Any] | None:
        """What the last run sent and got; None: it was not counted."""
        counted = [run["traffic"] for run in self.of(row, peer) if "traffic" in run]
        return counted[-1] if counted else None

    def best_peer(self, row: Row) -> str | None:
        """The fastest of the others."""
        times = {peer: self.median(row, peer) for peer in peers.ALL if peer != OURS}
        known = {peer: value for peer, value in times.items() if value is not None}
        return min(known, key=lambda peer: known[peer]) if known else None

    def rows(self, question: str) -> list[Row]:
        """In the order they were measured."""
        return _once(
            Row(question, run["label"], run["delay_ms"])
            for run in self.runs
            if run["question"] == question
        )

    def peers_of(self, question: str) -> list[str]:
        found = _once(run["peer"] for run in self.runs if run["question"] == question)
        order = [peers.LIMIT, *peers.ALL]
        return sorted(found, key=lambda peer: order.index(peer) if peer in order else len(order))

    def questions(self) -> list[str]:
        return _once(run["question"] for run in self.runs)


def _once(items: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(items))
