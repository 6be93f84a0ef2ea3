"""What `arraymorph verify` finds, whichever layout the file has."""

from __future__ import annotations

from dataclasses import dataclass, field

from .stored import Object


@dataclass
class Problem:
    """One thing that is wrong with the data."""

    what: str
    dataset: str = ""
    key: str = ""


@dataclass
class Report:
    """What was found; no problems: every committed value can be read."""

    url: str
    layout: str = "chunks"
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    datasets: int = 0
    chunks: int = 0
    fill_chunks: int = 0  # without an object: fill value, which a lost object reads as, too
    content_read: bool = True
