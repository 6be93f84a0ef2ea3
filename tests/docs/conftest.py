"""Fixtures: a session for each page, one SeaweedFS for all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import seaweed
from reader import Reader
from session import Session, open_session

if TYPE_CHECKING:
    from blocks import Page


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every", action="store_true", help="all pages; missing packages are failures"
    )


@pytest.fixture(scope="session")
def every(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--every"))


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, str]]:
    with seaweed.given_or_running() as settings:
        yield settings


@pytest.fixture(scope="session")
def reader_of(request: pytest.FixtureRequest) -> Iterator[Callable[[Page], Reader]]:
    """The reader of a page. Who asks for another page's leaves this one, with all that it made."""
    reading: list[tuple[Page, Session, Reader]] = []

    def reader(page: Page) -> Reader:
        if reading and reading[0][0] is not page:
            reading.pop()[1].close()
        if not reading:
            settings = request.getfixturevalue("server") if "server" in page.needs else None
            session = open_session(page.name, settings)
            reading.append((page, session, Reader(page, session)))
        return reading[0][2]

    yield reader
    for _, session, _ in reading:
        session.close()
