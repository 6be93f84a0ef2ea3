"""What became of each test of another package's suite, from the lines that a recorder wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Outcome:
    passed: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    unfinished: str | None = None  # the test in which the run died


def read_results(path: Path) -> Outcome:
    outcome = Outcome()
    if not path.exists():
        return outcome
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if "started" in record:
            outcome.unfinished = record["started"]
            continue
        outcome.unfinished = None
        if record["outcome"] == "failed":
            outcome.failed[record["test"]] = record["text"]
        elif record["outcome"] == "passed":
            outcome.passed.add(record["test"])
        else:
            outcome.skipped.add(record["test"])
    return outcome
