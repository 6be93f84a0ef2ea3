"""Daemon threads at work while the interpreter ends: the program ends, at once, as it wants to."""

from __future__ import annotations

import arraymorph
import common
import pytest
from conftest import Store
from repeat import Outcome, Repeat, scenario

EXIT_SECONDS = 4.5


@pytest.mark.parametrize("work", ["read", "write+read", "open_again+read"])
@pytest.mark.parametrize("first", ["arraymorph", "h5py"])
def test_daemon_threads(first: str, work: str, store: Store, repeat: Repeat) -> None:
    def judge(tag: str, outcome: Outcome) -> str | None:
        if (outcome.status, outcome.stdout, outcome.stderr) != (0, "done\n", ""):
            return "status 0, done and nothing on stderr expected"
        with arraymorph.File(store.url(f"{tag}.h5")) as file:
            common.check(file)
        return None

    repeat.all(scenario("daemons", first, work), store.switched_on, judge)
    assert min(repeat.exits) < EXIT_SECONDS
