"""What re-created files and datasets leave behind: removed, and forgotten by the next commit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import arraymorph
import numpy as np
import pytest
from arraymorph import _core
from conftest import Command, Requests, Runner, Store

DATASETS, SAVES = 8, 7
NOTE = ".arraymorph/emptied.json"

pytestmark = pytest.mark.usefixtures("small_objects")


def save(url: str, value: float = 1) -> None:
    """A checkpoint, as Keras and others write it."""
    with arraymorph.File(url, "w") as f:
        for i in range(DATASETS):
            f[f"layer{i}/w"] = np.full(100, value)


def save_again(url: str, value: float = 1) -> None:
    """The same file, its datasets made anew."""
    with arraymorph.File(url, "r+") as f:
        for i in range(DATASETS):
            del f[f"layer{i}/w"]
            f[f"layer{i}/w"] = np.full(100, value)


def trash(url: str) -> list[str]:
    found: list[str] = _core.inventory(url)["trash"]
    return found


def keys(url: str, kind: str | None = None) -> set[str]:
    return {each[0] for each in _core.inventory(url, "{}")["objects"] if kind in (None, each[3])}


@pytest.mark.parametrize("how", [save, save_again])
def test_every_save_costs_the_same(
    store: Store, requests: Requests, python: Runner, how: Callable[[str, float], None]
) -> None:
    url = store.url("checkpoint.h5")
    save(url)
    costs = []
    for i in range(SAVES):
        requests()
        how(url, i)
        costs.append(requests())
    first = costs[0]
    assert first["list"] <= 2, "one listing for all datasets"
    assert "get" in first
    # The first has no note of the one before to ask for.
    assert all(cost == costs[1] for cost in costs[1:]), costs
    assert sum(costs[1].values()) <= sum(first.values()) + 1
    assert len(trash(url)) == DATASETS  # of the last commit
    assert len(keys(url)) == DATASETS + 2

    # A process like the others, in the middle of them.
    code = f"""
import arraymorph, numpy as np
with arraymorph.File({url!r}, "w") as f:
    for i in range({DATASETS}): f[f"layer{{i}}/w"] = np.full(100, 5.0)
print({{k: v for k, v in arraymorph.stats().items() if k.endswith("_requests") and v}})
"""
    counted = [python(code).stdout for _ in range(2)]
    assert counted[0] == counted[1]
    with arraymorph.File(url, "r") as f:
        np.testing.assert_array_equal(f["layer3/w"][...], np.full(100, 5.0))


def test_one_process_with_a_flush_each_time(store: Store, requests: Requests) -> None:
    url = store.url("flushes.h5")
    save(url)
    costs = []
    with arraymorph.File(url, "r+") as f:
        for i in range(SAVES):
            requests()
            del f["layer0/w"]
            f["layer0/w"] = np.full(100, float(i))
            f.flush()
            costs.append(requests())
    assert all(cost == costs[1] for cost in costs[1:]), costs
    assert len(trash(url)) <= 1


def test_inherited_trash_costs_one_request_an_open(store: Store, requests: Requests) -> None:
    url = store.url("inherited.h5")
    save(url)
    save(url)
    assert len(trash(url)) == DATASETS
    for _ in range(2):  # nothing is committed that would forget it
        requests()
        with arraymorph.File(url, "r") as f:
            f["layer1/w"][...]
        reading = requests()
        with arraymorph.File(url, "r+") as f:
            f["layer1/w"][...] = 3
            f.flush()
        writing = requests()
        assert "list" not in reading
        assert "list" not in writing
        assert writing["get"] == reading["get"]  # the note, instead of the chunk
        assert writing["put"] == 1
    with arraymorph.File(url, "r+") as f:
        f.attrs["more"] = 1
    assert trash(url) == []


@pytest.mark.parametrize("note", [None, b"", b"{", b'"x"', b"[1, null]", b"\xff\x00", b"[[[["])
def test_what_a_crash_left_is_removed_by_the_next_commit(
    local_store: Store, note: bytes | None
) -> None:
    url = local_store.url("crashed.h5")
    objects = local_store.objects("crashed.h5")
    save(url)
    save(url, 2)
    left = [f"{prefix}/c/0" for prefix in trash(url)]
    for key in left:
        objects.write(key, b"left over")
    if note is None:
        objects.remove(NOTE)
    else:
        objects.write(NOTE, note)
    with arraymorph.File(url, "r+") as f:
        f.attrs["more"] = 1
    assert not keys(url) & set(left)
    assert trash(url) == []
    with arraymorph.File(url, "r") as f:
        np.testing.assert_array_equal(f["layer3/w"][...], np.full(100, 2.0))


def test_a_note_that_is_wrong_brings_nothing_into_sight(
    local_store: Store, command: Command
) -> None:
    """Prefixes are not given a second time, whatever is thought to be below them."""
    url = local_store.url("wrong.h5")
    objects = local_store.objects("wrong.h5")
    save(url)
    save(url)
    prefixes = trash(url)
    for prefix in prefixes:
        objects.write(f"{prefix}/c/0", b"x" * 800)
    for i in range(3):
        save(url, i)
        assert not set(prefixes) & {each["prefix"] for each in _core.inventory(url)["datasets"]}
        with arraymorph.File(url, "r") as f:
            np.testing.assert_array_equal(f["layer3/w"][...], np.full(100, float(i)))
    assert keys(url, "orphan") == {f"{prefix}/c/0" for prefix in prefixes}
    assert command("gc", url, "--older-than", "0", "--delete").returncode == 0
    assert len(keys(url)) == DATASETS + 2


def test_gc_clears_it(
    store: Store, command: Command, monkeypatch: pytest.MonkeyPatch, requests: Requests
) -> None:
    """Where commits remove nothing, gc does, and the next commit forgets what it removed."""
    monkeypatch.setenv("ARRAYMORPH_WRITE", "new-objects")
    url = store.url("gc.h5")
    for _ in range(3):
        save(url)
    assert len(trash(url)) == 2 * DATASETS
    assert len(keys(url, "trash")) == 2 * DATASETS
    assert command("gc", url, "--older-than", "0", "--delete").returncode == 0
    assert keys(url, "trash") == set()
    assert keys(url, "note") == {NOTE}
    requests()
    save(url)
    assert requests().get("list", 0) == 0
    assert len(trash(url)) == DATASETS
    # What is too young stays, and is not forgotten.
    assert command("gc", url, "--older-than", "1d", "--delete").returncode == 0
    save(url)
    assert len(trash(url)) == 2 * DATASETS


def test_the_note_is_part_of_the_file(store: Store, command: Command) -> None:
    url = store.url("whole.h5")
    save(url)
    save(url)
    assert NOTE in keys(url)
    checked = command("verify", url, "--json")
    assert checked.returncode == 0, checked.stdout
    assert NOTE not in checked.stdout
    found: dict[str, Any] = json.loads(command("gc", url, "--json", "--older-than", "0").stdout)
    assert found["remove"] == found["foreign"] == []
    copied = store.url("copied.h5")
    assert command("copy", url, copied).returncode == 0
    assert NOTE not in keys(copied)
    assert command("rm", "--yes", url).returncode == 0
    assert keys(url) == set()
