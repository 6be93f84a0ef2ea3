"""The end of a process: exit status, output and files are those of the same program without us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import arraymorph
import common
import pytest
from conftest import Store
from repeat import Outcome, Repeat, scenario

# Teardown waits 5 s for what does not end.
EXIT_SECONDS = 4.5
TIMED_OUT = -9
# What these have left to do at their end takes as long as the store takes. That it was not given up
# is seen from what they say on stderr: nothing.
BUSY = {"in_flight", "background_puts"}

# scenario: what must be stored afterwards. "all": everything, "flushed": the last flush.
STORED = {
    "closed": "all",
    "left_open": "all",
    "dataset_kept": "all",
    "exception": "all",
    "sys_exit": "all",
    "os_exit": "flushed",
    "sigterm": "flushed",
    "sigterm_handled": "all",
    "sigint_during_read": "all",
    "in_flight": "all",
    "background_puts": "all",
    "own_atexit": "all",
    "python_file": "all",
    "thread_left": "all",
    "unused": "nothing",
}
EXTRA: dict[str, Callable[[Any], bool]] = {
    "left_open": lambda f: f["g"].attrs["a"] == 1,
    "dataset_kept": lambda f: f["x"].attrs["late"] == 1,
    "background_puts": lambda f: (f["big"][...] == 1).all(),
    "thread_left": lambda f: f["late"][()] == 7,
    "os_exit": lambda f: "z" not in f,
}


def check_stored(store: Store, name: str, tag: str) -> None:
    if STORED.get(name, "all") == "nothing":
        return
    with arraymorph.File(store.url(f"{tag}.h5")) as file:
        common.check(file)
        assert EXTRA.get(name, lambda _: True)(file), "something is missing"


@pytest.mark.parametrize("name", STORED)
def test_exit(
    name: str, store: Store, native: dict[str, str], expected: dict[str, Outcome], repeat: Repeat
) -> None:
    command = scenario("exits", name)
    if name not in expected:
        expected[name] = repeat.once(command("native"), native, "native")
    wanted = expected[name]

    def judge(tag: str, outcome: Outcome) -> str | None:
        if outcome.status != wanted.status:
            return f"exit status {outcome.status}, {wanted.status} without ArrayMorph"
        if outcome.stdout != wanted.stdout:
            return f"stdout differs, without ArrayMorph:\n{wanted.stdout}"
        if outcome.stderr != wanted.stderr:
            return f"stderr differs, without ArrayMorph:\n{wanted.stderr}"
        check_stored(store, name, tag)
        return None

    assert wanted.status != TIMED_OUT
    repeat.all(command, store.switched_on, judge)
    if repeat.exits and name not in BUSY:
        assert min(repeat.exits) < EXIT_SECONDS


@pytest.mark.parametrize("name", ["enabled_unused", "enabled_after"])
def test_exit_after_enable(name: str, store: Store, repeat: Repeat) -> None:
    def judge(tag: str, outcome: Outcome) -> str | None:
        if outcome.status != 0 or outcome.stderr != "":
            return "status 0 and nothing on stderr expected"
        if name == "enabled_after":
            check_stored(store, name, tag)
        return None

    repeat.all(scenario("exits", name), store.environment, judge)
    assert min(repeat.exits) < EXIT_SECONDS
