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
    parser.addoption("--every", action="store_true", help="a page whose packages are missing fails")


@pytest.fixture(scope="session")
def every(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--every"))


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, str]]:
    with seaweed.given_or_running() as settings:
        yield settings


@pytest.fixture(scope="session")
def reader_of(request: pytest.FixtureRequest) -> Iterator[Callable[[Page], Reader]]:
    """The reader of a page, who begins at its top the first time."""
    readers: dict[str, Reader] = {}
    sessions: list[Session] = []

    def reader(page: Page) -> Reader:
        if page.name not in readers:
            settings = request.getfixturevalue("server") if "server" in page.needs else None
            sessions.append(open_session(page.name, settings, len(sessions)))
            readers[page.name] = Reader(page, sessions[-1])
        return readers[page.name]

    yield reader
    for session in sessions:
        session.close()
