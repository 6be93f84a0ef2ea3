"""What one test of this folder finds out about one server: a cell of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import pytest
from known import KNOWN
from servers import Server

Test = TypeVar("Test", bound=Callable[..., None])

# Rows of the README's table, in its order; docs/servers.md has a row for each cell.
ROWS = (
    "conditional writes",
    "ArrayMorph knows whether they hold",
    "signed payloads",
    "unsigned payloads",
    "trailing checksums",
    "batch delete",
    "server-side copy",
    "ranges",
    "lists of more than 1000 keys",
    "empty objects",
    "multipart uploads",
    "objects over 5 GiB",
    "special characters in keys",
    "keys of 1024 bytes",
    "buckets in host names",
    "a wrong region",
)


@dataclass(frozen=True)
class Cell:
    """`row`: of the README's table. `needed`: a server that cannot do it cannot hold HDF5."""

    row: str
    title: str
    needed: bool


@dataclass
class Found:
    """`answer`: yes, no, not tried, or a word of its own."""

    row: str
    title: str
    needed: bool
    answer: str
    note: str = ""


def cell(row: str, title: str, *, needed: bool = False) -> Callable[[Test], Test]:
    """Marks a test that uses the fixture `answer`."""
    assert row in ROWS, row
    mark: Callable[[Test], Test] = pytest.mark.cell(Cell(row, title, needed))
    return mark


class Answer:
    """Given to a test to say what the server does; fails where that is not what is known."""

    def __init__(self, server: Server, test: str, asked: Cell, found: list[Found]) -> None:
        self._known = KNOWN.get(server.name, {}).get(test)
        self._server = server.title
        # What an imitation answers is written down only: some of it changes from run to run.
        self._judged = not server.imitation
        self._cell = asked
        self._found = found
        self.given = False

    def _record(self, answer: str, note: str) -> None:
        assert not self.given, "one answer for each cell"
        self.given = True
        self._found.append(Found(**asdict(self._cell), answer=answer, note=note))

    def __call__(self, yes: bool, note: str = "") -> None:
        """`note`: what the server said; shown where it is "no"."""
        known = self._known
        if yes:
            self._record("yes", "")
            if known and self._judged:
                pytest.fail(f"{self._server} can do it now; take it out of known.py ({known})")
            return
        self._record("no", note + (f"; {known}" if known else ""))
        if not self._judged:
            return
        if self._cell.needed:
            pytest.fail(f"HDF5 needs it: {note}")
        if not known:
            pytest.fail(f"{self._server} cannot do it, and known.py does not say so: {note}")

    def says(self, word: str, note: str = "") -> None:
        """Where there is no yes or no."""
        self._record(word, note)

    def not_tried(self, why: str) -> None:
        self._record("not tried", why)
        pytest.skip(why)

    def broke(self, why: str) -> None:
        """The test failed before it had an answer."""
        if not self.given:
            self._record("failed", why)


def as_json(found: list[Found]) -> list[dict[str, Any]]:
    return [asdict(each) for each in found]
