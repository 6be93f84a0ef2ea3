"""Commits: what two writers of one file see, and what readers keep."""

from __future__ import annotations

from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Requests, Runner, Store

N = 40
FAILURE = (OSError, RuntimeError)  # h5py: by the call that failed

OTHER = """
import arraymorph, numpy as np
with arraymorph.File({url!r}, "r+") as f:
    f.create_dataset("theirs", data=np.arange(1000.0), chunks=(100,))
    f.attrs["who"] = "theirs"
"""


def make(url: str) -> None:
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=np.arange(N), chunks=(4,), maxshape=(None,))


def read(url: str, name: str) -> Any:
    with arraymorph.File(url, "r") as f:
        return f[name][...]


@pytest.fixture
def conflict(store: Store, python: Runner) -> tuple[str, h5py.File]:
    """A file that somebody else has committed while it was open here with changes."""
    url = store.url("two.h5")
    make(url)
    f = arraymorph.File(url, "r+")
    f.create_dataset("ours", data=np.arange(500.0), chunks=(50,))
    python(OTHER.format(url=url))
    return url, f


def discard(f: h5py.File, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let go of a file in conflict, which fails until one says so."""
    monkeypatch.setenv("ARRAYMORPH_ON_CONFLICT", "discard")
    f.close()
    assert not f


def test_a_conflict_is_an_error_and_nothing_of_theirs_is_lost(
    conflict: tuple[str, h5py.File], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, f = conflict
    for _ in range(2):
        with pytest.raises(FAILURE, match="somebody else has committed") as error:
            f.flush()
    assert url in str(error.value)
    assert "ARRAYMORPH_ON_CONFLICT" in str(error.value)
    np.testing.assert_array_equal(f["ours"][...], np.arange(500.0))  # still there to be saved

    with arraymorph.File(url, "r+") as again:  # as the message says
        assert again.attrs["who"] == "theirs"
        assert "ours" not in again
        np.testing.assert_array_equal(again["theirs"][...], np.arange(1000.0))
        again["ours"] = f["ours"][...]
    np.testing.assert_array_equal(read(url, "ours"), np.arange(500.0))
    np.testing.assert_array_equal(read(url, "theirs"), np.arange(1000.0))
    with pytest.raises(FAILURE, match="somebody else has committed"):
        f.close()
    discard(f, monkeypatch)
    np.testing.assert_array_equal(read(url, "theirs"), np.arange(1000.0))


def test_a_conflict_can_be_overwritten_afterwards(
    conflict: tuple[str, h5py.File], monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    url, f = conflict
    with pytest.raises(FAILURE, match="somebody else has committed"):
        f.close()
    monkeypatch.setenv("ARRAYMORPH_ON_CONFLICT", "overwrite")
    f.close()
    assert "ARRAYMORPH_ON_CONFLICT=overwrite" in capfd.readouterr().err
    with arraymorph.File(url, "r") as again:
        assert sorted(again) == ["ours", "x"]
        np.testing.assert_array_equal(again["ours"][...], np.arange(500.0))


def test_discarding_fails_once(
    conflict: tuple[str, h5py.File], monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    url, f = conflict
    del f["x"]
    monkeypatch.setenv("ARRAYMORPH_ON_CONFLICT", "discard")
    with pytest.raises(FAILURE, match="somebody else has committed"):
        f.close()
    f.close()
    assert "dropped" in capfd.readouterr().err
    with arraymorph.File(url, "r") as again:
        assert sorted(again) == ["theirs", "x"]
        np.testing.assert_array_equal(again["x"][...], np.arange(N))


def test_exclusive_create_has_one_winner(
    store: Store, python: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.url("new.h5")
    f = arraymorph.File(url, "x")
    f["ours"] = 1
    python(f"import arraymorph\nwith arraymorph.File({url!r}, 'x') as f: f['theirs'] = 1")
    with pytest.raises(FAILURE, match="somebody else has committed"):
        f.flush()
    with arraymorph.File(url, "r") as again:
        assert list(again) == ["theirs"]
    discard(f, monkeypatch)


@pytest.fixture
def new_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_WRITE", "new-objects")


@pytest.mark.usefixtures("new_objects")
def test_readers_keep_the_state_that_they_opened(store: Store, python: Runner) -> None:
    url = store.url("snapshot.h5")
    make(url)
    reader = arraymorph.File(url, "r")
    python(f"""
import arraymorph
with arraymorph.File({url!r}, "r+") as f:
    f["x"][...] = -1
    f.flush()
    f["x"].resize((10,))
    f.flush()
    f["x"].resize(({N},))
    f.flush()
    f["x"][5:] = -2
    del f["x"]
    f["x"] = [1, 2, 3]
""")
    np.testing.assert_array_equal(reader["x"][...], np.arange(N))
    reader.close()
    np.testing.assert_array_equal(read(url, "x"), [1, 2, 3])


@pytest.mark.usefixtures("new_objects")
def test_a_commit_is_atomic_for_data_too(store: Store, python: Runner) -> None:
    url = store.url("atomic.h5")
    make(url)
    python(f"""
import os, arraymorph
f = arraymorph.File({url!r}, "r+")
f["x"][:20] = -1
f.flush()
f["x"][...] = -2
f["x"].id.get_num_chunks()   # stores every chunk, commits nothing
os._exit(0)
""")
    expected = np.arange(N)
    expected[:20] = -1
    np.testing.assert_array_equal(read(url, "x"), expected)


@pytest.mark.usefixtures("new_objects")
def test_new_objects_cost_one_commit(store: Store, requests: Requests) -> None:
    url = store.url("cost.h5")
    make(url)
    requests()
    with arraymorph.File(url, "r+") as f:
        f["x"][...] = -1
    assert requests() == {"get": 2, "put": N // 4 + 1}


def test_a_crash_while_shrinking_loses_nothing(store: Store, python: Runner) -> None:
    url = store.url("shrink.h5")
    make(url)
    python(f"""
import os, arraymorph
f = arraymorph.File({url!r}, "r+")
f["x"].resize((4,))
f["x"].id.get_num_chunks()
os._exit(0)
""")
    np.testing.assert_array_equal(read(url, "x"), np.arange(N))


def test_what_a_crash_left_outside_never_shows(store: Store, python: Runner) -> None:
    url = store.url("grow.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=np.arange(6), chunks=(4,), maxshape=(None,))
    python(f"""
import os, arraymorph
f = arraymorph.File({url!r}, "r+")
f["x"].resize((100,))
f["x"][...] = -1
f["x"][:6] = range(6)
f["x"].id.get_num_chunks()
os._exit(0)
""")
    with arraymorph.File(url, "r+") as f:
        f["x"].resize((100,))
    expected = np.zeros(100)
    expected[:6] = range(6)
    np.testing.assert_array_equal(read(url, "x"), expected)
