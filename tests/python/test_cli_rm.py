"""`arraymorph rm`: what goes, what stays, and that it asks."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import Any

import arraymorph
import numpy as np
import pytest
from arraymorph import _core
from conftest import Command, Store
from stored_files import all_objects, put_plain

pytestmark = pytest.mark.usefixtures("small_objects")


def keys(url: str) -> list[str]:
    """Everything below a folder."""
    return [each[0] for each in _core.list(url, '{"recursive": true}')["objects"]]


def make(store: Store, name: str, chunks: int = 5) -> str:
    with arraymorph.File(store.url(name), "w") as f:
        f.create_dataset("x", data=np.arange(chunks), chunks=(1,))
    return store.url(name)


def test_a_file_of_chunk_objects(store: Store, command: Command) -> None:
    url = make(store, "run.h5")
    other = make(store, "run.h5.bak")
    done = command("rm", url, "--dry-run")
    assert done.returncode == 0
    assert done.stdout.startswith(f"would remove {url}, chunk objects, 6 objects, ")
    assert len(keys(url)) == 6
    done = command("rm", url, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"removed {url}, chunk objects, 6 objects, ")
    assert keys(url) == []
    assert len(keys(other)) == 6
    done = command("rm", url, "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"arraymorph: there is no file {url}\n"


def test_a_plain_file(store: Store, command: Command) -> None:
    content = put_plain(store, "old.h5")
    all_objects(store).write("notes.txt", b"no HDF5 file")
    done = command("rm", store.url("old.h5"), "-y", "--json")
    assert json.loads(done.stdout) == {
        "url": store.url("old.h5"),
        "layout": "plain",
        "objects": 1,
        "bytes": len(content),
        "removed": True,
    }
    assert keys(store.base) == ["notes.txt"]
    done = command("rm", store.url("notes.txt"), "--yes")
    assert done.returncode == 1
    assert "is no HDF5 file; nothing was removed" in done.stderr
    assert keys(store.base) == ["notes.txt"]


def test_what_is_not_the_files_own_stays(store: Store, command: Command) -> None:
    url = make(store, "run.h5")
    inner = make(store, "run.h5/inner.h5")
    store.objects("run.h5").write("README", b"somebody else's")
    done = command("rm", url, "--yes")
    assert done.returncode == 0, done.stderr
    assert "note: 7 objects below the name are not the file's and stay" in done.stdout
    assert "README" in keys(url)
    assert len(keys(inner)) == 6


def test_an_interrupted_one_is_finished(store: Store, command: Command) -> None:
    url = make(store, "run.h5")
    store.objects("run.h5").remove(".arraymorph/metadata.h5")
    done = command("rm", url, "--yes")
    assert done.stdout.startswith(f"removed what is left of {url}, 5 objects")
    assert keys(url) == []


def test_a_damaged_one(store: Store, command: Command) -> None:
    url = make(store, "run.h5")
    store.objects("run.h5").write(".arraymorph/metadata.h5", b"nonsense")
    done = command("rm", url, "--yes")
    assert done.returncode == 0, done.stderr
    assert keys(url) == []


def test_folders(store: Store, command: Command) -> None:
    make(store, "scratch/a.h5")
    make(store, "scratch/deep/b.h5", chunks=1005)
    put_plain(store, "scratch/c.h5")
    all_objects(store).write("scratch/notes.txt", b"also")
    make(store, "scratchy.h5")
    done = command("rm", store.url("scratch/"), "--yes")
    assert done.returncode == 2
    assert "--recursive" in done.stderr
    done = command("rm", store.url("scratch"), "--yes")
    assert done.returncode == 1
    done = command("rm", "-r", store.url("scratch"), "--dry-run")
    assert "2 files of chunk objects, 1,014 objects" in done.stdout
    assert done.stderr.split() == ["a.h5", "deep/b.h5"]
    done = command("rm", "-r", store.url("scratch/"), "--yes")
    assert done.returncode == 0, done.stderr
    assert keys(store.url("scratch")) == []
    assert len(keys(store.url("scratchy.h5"))) == 6
    done = command("rm", "-r", store.url("scratch/"), "--yes")
    assert done.returncode == 1
    assert "nothing lies in" in done.stderr


def test_it_does_not_remove_without_a_word(local_store: Store, arraymorph_program: Command) -> None:
    url = make(local_store, "run.h5")
    done = arraymorph_program("rm", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "say --yes where nobody can be asked" in done.stderr
    assert len(keys(url)) == 6


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", 6), (b"\n", 6), (b"y\n", 0)])
def test_it_asks(local_store: Store, answer: bytes, left: int) -> None:
    """On a terminal, as a person would answer."""
    url = make(local_store, "run.h5")
    master, terminal = pty.openpty()
    words = [sys.executable, "-m", "arraymorph", "rm", url]
    with subprocess.Popen(words, stdin=terminal, stderr=subprocess.PIPE) as program:
        os.write(master, answer)
        _, said = program.communicate(timeout=600)
    os.close(master)
    os.close(terminal)
    assert f"Remove {url}, chunk objects, 6 objects, ".encode() in said
    assert program.returncode == (0 if left == 0 else 1)
    assert len(keys(url)) == left


def test_a_file_that_changes_meanwhile_stays(
    store: Store, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody commits between the question and the answer."""
    url = make(store, "run.h5")

    def commit(*_: Any, **__: Any) -> bool:
        with arraymorph.File(url, "a") as f:
            f.attrs["new"] = 1
        return True

    monkeypatch.setattr("typer.confirm", commit)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    done = command("rm", url)
    assert done.returncode == 1
    assert "is another than the one that was looked at; nothing was removed" in done.stderr
    with arraymorph.File(url) as f:
        assert f.attrs["new"] == 1
