"""One server for all tests of this folder: the one that the runner has started, else SeaweedFS."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import seaweed
import servers
from cells import Answer, Found, as_json
from s3_request import Client

FOUND: pytest.StashKey[list[Found]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    option = parser.addoption
    names = [each.name for each in servers.SERVERS]
    option("--server", choices=names, default="seaweedfs", help="which server; it is started")
    option(
        "--large", action="store_true", help="also an object of 5.1 GiB (minutes, 11 GB of disk)"
    )
    option("--found", type=Path, help="write what was found there, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cell(cell): a cell of the table of servers")
    config.stash[FOUND] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    if path := session.config.getoption("--found"):
        path.write_text(json.dumps(as_json(session.config.stash[FOUND]), indent=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails without an answer is a cell that says so."""
    report = yield
    answer = getattr(item, "funcargs", {}).get("answer")
    if answer is not None and report.failed and report.when == "call":
        answer.broke(str(call.excinfo.value).split("\n")[0] if call.excinfo else "failed")
    return report


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> servers.Server:
    found: servers.Server = servers.named(request.config.getoption("--server"))
    return found


@pytest.fixture(scope="session")
def server(kind: servers.Server) -> Iterator[dict[str, str]]:
    """Settings of the running server; the bucket is not empty for long."""
    given = {name: value for name, value in os.environ.items() if name.startswith(seaweed.SETTINGS)}
    if given.get("SERVER_NAME") == kind.name:
        yield given
        return
    with kind.running() as settings:
        yield settings


@pytest.fixture(autouse=True)
def environment(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What ArrayMorph sees: the server, and nothing of the developer's shell."""
    for name in list(os.environ):
        if name.startswith(seaweed.SETTINGS):
            monkeypatch.delenv(name)
    for name, value in server.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def client(server: dict[str, str]) -> Client:
    """Asks behind ArrayMorph's back."""
    return Client.of(server)


@pytest.fixture(scope="session")
def bucket(server: dict[str, str]) -> str:
    return server["BUCKET_NAME"]


@pytest.fixture
def folder() -> str:
    """Of keys that no other test uses."""
    return f"cells-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def answer(request: pytest.FixtureRequest, kind: servers.Server) -> Answer:
    mark = request.node.get_closest_marker("cell")
    assert mark is not None, "no @cell"
    return Answer(kind, request.node.name, mark.args[0], request.config.stash[FOUND])
