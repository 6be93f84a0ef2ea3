"""`arraymorph gc`: removes what nobody needs, and nothing else."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import arraymorph
import numpy as np
import pytest
from arraymorph import _core
from conftest import Command, Store

VALUES = np.arange(10_000, dtype="i8").reshape(100, 100)
METADATA = ".arraymorph/metadata.h5"
LEFT = {
    "x~1234abcd/c/0/0": "orphan",
    "x/c/99/0": "outside",
    "x/c~1234abcd/0/0": "superseded",
    ".arraymorph/probe-77/0": "scratch",
}
OTHERS = ["README.txt", "x/notes", ".arraymorph/later"]
DAY = 86400


@pytest.fixture
def url(store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")
    return make(store.url("g.h5"))


def make(url: str) -> str:
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(30, 40), maxshape=(None, 100))
    return url


def keys(url: str) -> set[str]:
    return {each[0] for each in _core.inventory(url, "{}")["objects"]}


def plan(command: Command, url: str, *options: str) -> dict[str, Any]:
    done = command("gc", url, "--json", *options)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def whole(command: Command, url: str) -> None:
    done = command("verify", url)
    assert done.returncode == 0, done.stdout
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["x"][...], VALUES)


def test_dry_run_then_delete(store: Store, url: str, command: Command) -> None:
    objects = store.objects("g.h5")
    needed = keys(url)
    for key in [*LEFT, *OTHERS]:
        objects.write(key, b"12345")
    store.objects("g.h5.d").write("c/0/0", b"a neighbour")
    before = keys(url)
    found = plan(command, url, "--older-than", "0")
    assert {each["key"]: each["kind"] for each in found["remove"]} == LEFT
    assert found["bytes"] == 5 * len(LEFT)
    assert not found["deleted"]
    assert sorted(each["key"] for each in found["foreign"]) == sorted(OTHERS)
    words = command("gc", url, "--older-than", "0")
    assert "orphan: x~1234abcd/c/0/0: 5 bytes, " in words.stdout
    assert words.stdout.endswith("would remove 4 objects, 20 bytes; --delete does\n")
    assert keys(url) == before

    # All are younger than a day.
    assert plan(command, url, "--delete")["remove"] == []
    assert keys(url) == before

    words = command("gc", url, "--older-than", "0", "--delete")
    assert words.returncode == 0, words.stderr
    assert words.stdout.endswith("removed 4 objects, 20 bytes\n")
    assert keys(url) == needed | set(OTHERS)
    assert store.objects("g.h5.d").read("c/0/0") == b"a neighbour"
    whole(command, url)


def test_age(local_store: Store, command: Command) -> None:
    url = make(local_store.url("g.h5"))
    assert local_store.root is not None
    directory = local_store.root / "g.h5"
    objects = local_store.objects("g.h5")

    def grow_old(key: str, days: float) -> None:
        then = time.time() - days * DAY
        os.utime(directory / key, (then, then))

    for key in LEFT:
        objects.write(key, b"12345")
    grow_old("x~1234abcd/c/0/0", 1.1)
    grow_old("x/c~1234abcd/0/0", 30)

    def removed(*options: str) -> set[str]:
        return {each["key"] for each in plan(command, url, *options)["remove"]}

    # What a commit gave up is as young as the commit: readers may still need it.
    assert removed() == {"x~1234abcd/c/0/0"}
    assert removed("--older-than", "2d") == set()
    assert removed("--older-than", "1h") == {"x~1234abcd/c/0/0"}
    grow_old(METADATA, 3)
    assert removed() == {"x~1234abcd/c/0/0", "x/c~1234abcd/0/0"}
    assert removed("--older-than", "2w") == set()
    # Live chunks go at no age.
    for key in keys(url):
        grow_old(key, 1000)
    assert removed() == set(LEFT)


KILLED = """
import os, signal, sys
import arraymorph, h5py, numpy as np
with arraymorph.File(sys.argv[1], "r+") as f:
    f.create_dataset("new", data=np.ones((100, 100)), chunks=(10, 10))
    f["x"].resize((130, 100))
    f["x"][90:] = -1  # also chunks of the committed file: overwritten in place
    f["x"][90:100] = np.load(sys.argv[2])[90:]
    for name in "new", "x":
        f[name].id.get_num_chunks()  # stores every chunk, commits nothing
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_session_left(
    store: Store, url: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = keys(url)
    np.save(tmp_path / "values.npy", VALUES)
    arguments = [sys.executable, "-c", KILLED, url, str(tmp_path / "values.npy")]
    session = subprocess.run(arguments, timeout=600, check=False)
    assert session.returncode == -signal.SIGKILL
    left = keys(url) - needed
    assert len(left) >= 100

    found = plan(command, url, "--older-than", "0")
    assert {each["key"] for each in found["remove"]} == left
    assert {each["kind"] for each in found["remove"]} <= {"orphan", "outside"}
    assert plan(command, url)["remove"] == []  # an unfinished writer's would look the same
    plan(command, url, "--older-than", "0", "--delete")
    assert keys(url) == needed
    whole(command, url)


def test_a_damaged_file_keeps_everything(store: Store, url: str, command: Command) -> None:
    objects = store.objects("g.h5")
    objects.write("x~1234abcd/c/0/0", b"12345")
    objects.write(METADATA, objects.read(METADATA)[:-1])
    before = keys(url)
    done = command("gc", url, "--older-than", "0", "--delete")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "nobody knows what" in done.stderr
    assert "nothing was removed" in done.stderr
    assert keys(url) == before


def test_a_file_that_is_gone(store: Store, url: str, command: Command) -> None:
    objects = store.objects("g.h5")
    objects.remove(METADATA)
    objects.write("data.csv", b"1,2,3")
    found = plan(command, url, "--older-than", "0")
    assert (found["state"], len(found["remove"])) == ("missing", 12)
    assert {each["kind"] for each in found["remove"]} == {"orphan"}
    # Somebody else's objects beside them: is this ours at all?
    refused = command("gc", url, "--older-than", "0", "--delete")
    assert refused.returncode == 1
    assert "data.csv, for one, is not ArrayMorph's" in refused.stderr
    assert len(keys(url)) == 13
    objects.remove("data.csv")
    done = command("gc", url, "--older-than", "0", "--delete")
    assert "there is no file of this name" in done.stdout
    assert keys(url) == set()
    nothing = command("gc", url)
    assert nothing.returncode == 1
    assert "nothing lies under its name" in nothing.stderr


def test_files_inside_stay(store: Store, url: str, command: Command) -> None:
    """ "g.h5" and "g.h5/deep/inner.h5" may both be files, and the first may be gone."""
    inner = make(store.url("g.h5/deep/inner.h5"))
    before = keys(inner)
    store.objects("g.h5").remove(METADATA)
    plan(command, url, "--older-than", "0", "--delete")
    assert keys(inner) == before
    whole(command, inner)
    assert {each["kind"] for each in plan(command, url)["remove"]} == set()


def test_a_commit_since_the_plan_stops_it(store: Store, url: str) -> None:
    objects = store.objects("g.h5")
    objects.write("x~1234abcd/c/0/0", b"12345")
    etag = _core.inventory(url)["etag"]
    with arraymorph.File(url, "r+") as f:
        f.attrs["changed"] = 1
    with pytest.raises(OSError, match="was committed since its objects were listed") as caught:
        _core.remove(url, json.dumps(["x~1234abcd/c/0/0"]), etag)
    assert caught.value.errno == errno.EBUSY
    assert objects.read("x~1234abcd/c/0/0") == b"12345"
    with pytest.raises(OSError, match="was committed since"):
        _core.remove(url, json.dumps(["x~1234abcd/c/0/0"]), "")


@pytest.mark.parametrize(
    "text", [f'["{METADATA}"]', '["../other/x"]', '["x//y"]', "{}", "[1]", "x"]
)
def test_removal_is_checked(store: Store, url: str, text: str) -> None:
    before = keys(url)
    with pytest.raises(OSError, match=".") as caught:
        _core.remove(url, text, _core.inventory(url)["etag"])
    assert caught.value.errno == errno.EINVAL
    assert keys(url) == before


@pytest.mark.parametrize("age", ["1 year", "-1d", "d", "1", ""])
def test_ages_are_checked(local_store: Store, command: Command, age: str) -> None:
    done = command("gc", local_store.url("none.h5"), "--older-than", age)
    assert done.returncode == 2
    assert "1d, 12h, 30m, 45s" in done.stderr
