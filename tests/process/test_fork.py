"""fork, spawn and forkserver: files go on in parent and children, and children store nothing of
their parent's. What is checked lies in scenarios/forks.py."""

from __future__ import annotations

import pytest
from conftest import Store
from repeat import Outcome, Repeat, scenario

# So small that every read asks the store; for "dirty" so small that children have to push out what
# they inherited.
SMALL_CACHE = {"dirty": "1M"}


def silent(_tag: str, outcome: Outcome) -> str | None:
    """The scenarios print only what went wrong, the children's part included."""
    if (outcome.status, outcome.stdout, outcome.stderr) != (0, "", ""):
        return "status 0 and no output expected"
    return None


@pytest.mark.parametrize(
    "name",
    [
        *("inherited_read", "opened_in_children", "nested"),
        *("dirty", "replaced_in_child", "forks_beside_threads"),
    ],
)
def test_fork(name: str, store: Store, repeat: Repeat) -> None:
    cache = {"ARRAYMORPH_CACHE_BYTES": SMALL_CACHE.get(name, "64K")}
    environment = {**store.switched_on, **cache}
    repeat.all(scenario("forks", name), environment, silent)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pool(method: str, store: Store, repeat: Repeat) -> None:
    repeat.all(scenario("forks", "pool", method), store.switched_on, silent)


@pytest.mark.parametrize(
    ("method", "when"),
    [("fork", "at_once"), ("fork", "lazily"), ("spawn", "lazily"), ("forkserver", "lazily")],
)
def test_loader(method: str, when: str, store: Store, repeat: Repeat) -> None:
    repeat.all(scenario("forks", "loader", method, when), store.switched_on, silent)
