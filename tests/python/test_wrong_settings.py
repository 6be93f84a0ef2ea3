"""Each setting got wrong, on real servers: the message says what to set, and the program ends as
any other with an error: soon, with status 1, by no signal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import places
import pytest
import wrong_settings
from places import Place
from wrong_settings import KINDS, Kind, Row

CASES = [(kind, row) for kind in KINDS for row in kind.rows]


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Started]:
    """The servers that were asked for, by the name of their kind."""
    with contextlib.ExitStack() as stack:
        yield Started(stack, request)


class Started(dict[str, Place]):
    """Each is started when it is first asked for."""

    def __init__(self, stack: contextlib.ExitStack, request: pytest.FixtureRequest) -> None:
        super().__init__()
        self._stack, self._request = stack, request

    def __missing__(self, name: str) -> Place:
        if name == "seaweedfs":  # other tests have it as well
            shared: Place = self._request.getfixturevalue("place")
            return shared
        kind = next(each for each in KINDS if each.name == name)
        self[name] = self._stack.enter_context(kind.running())
        return self[name]


@pytest.mark.parametrize(
    ("kind", "row"), CASES, ids=[f"{kind.name}-{row.name}" for kind, row in CASES]
)
def test_the_message_is_advice(kind: Kind, row: Row, running: Started) -> None:
    if why := places.absent(kind.server) or row.absent():
        pytest.skip(why)
    said = wrong_settings.run(running[kind.name], row, sys.executable, wrong_settings.PROGRAM)
    assert said.status == (0 if row.works else 1), said.text
    message = wrong_settings.message_of(said)
    for word in row.words:
        assert word in message, said.text
