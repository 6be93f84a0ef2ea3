"""`arraymorph ls`, on folders and inside files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Command, Requests, Store
from stored_files import all_objects, put_plain

pytestmark = pytest.mark.usefixtures("small_objects")


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    """Two files of chunk objects, a plain one, a text, and a folder with one of each."""
    for name in "run.h5", "deep/er/inner.h5":
        with arraymorph.File(store.url(name), "w") as f:
            f.create_dataset("x", data=np.arange(5000), chunks=(100,))
            f["group/y"] = [1.0, 2.0]
            f["group/z"] = h5py.SoftLink("/x")
    for name in "old.h5", "deep/old.nc":
        put_plain(store, name)
    put_plain(store, "user-block.mat", userblock_size=512)
    all_objects(store).write("notes/read.me", b"not an HDF5 file")
    all_objects(store).write("text.h5", b"no HDF5 file, whatever its name")
    all_objects(store).write("empty.h5", b"")
    return store


def listed(command: Command, *words: str) -> dict[str, Any]:
    done = command("ls", *words, "--json")
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def test_a_folder(filled: Store, command: Command) -> None:
    found = listed(command, filled.base)
    assert {each["name"]: each["layout"] for each in found["entries"]} == {
        "deep/": "folder",
        "notes/": "folder",
        "old.h5": "plain",
        "run.h5": "chunks",
        "user-block.mat": "plain",
    }
    assert found["others"] == 2
    assert found["url"] == filled.base + "/"
    everything = listed(command, filled.base + "/", "--all")
    assert {each["name"] for each in everything["entries"]} >= {"empty.h5", "text.h5"}
    below = listed(command, filled.url("deep"))
    assert [each["name"] for each in below["entries"]] == ["er/", "old.nc"]


def test_what_a_person_sees(filled: Store, arraymorph_program: Command) -> None:
    done = arraymorph_program("ls", filled.base, "--total")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[-1]: line for line in done.stdout.splitlines()}
    assert " chunks " in lines["run.h5"]
    assert "in 52 objects" in lines["run.h5"]
    assert " plain " in lines["old.h5"]
    assert "note: besides 2 other objects; --all lists them" in done.stdout


def test_chunk_objects_are_not_walked(
    local_store: Store, s3_store: Store, command: Command, requests: Requests
) -> None:
    """More than a LIST tells: still one, and one question for each entry."""
    for store in local_store, s3_store:
        with arraymorph.File(store.url("many.h5"), "w") as f:
            f.create_dataset("x", data=np.arange(1010), chunks=(1,))
        requests()
        listed(command, store.base)
        assert requests() == {"list": 1, "head": 1}


def test_the_configured_store(local_store: Store, command: Command) -> None:
    with arraymorph.File("here.h5", "w") as f:
        f["x"] = 1
    assert [each["name"] for each in listed(command)["entries"]] == ["here.h5"]


def test_members(filled: Store, command: Command) -> None:
    for words in [filled.url("run.h5")], [filled.url("run.h5") + "::/"]:
        found = listed(command, *words)["members"]
        assert {each["name"]: each["kind"] for each in found} == {"group": "group", "x": "dataset"}
    found = listed(command, filled.url("run.h5"), "group")["members"]
    assert [(each["name"], each["shape"], each["type"]) for each in found] == [
        ("y", "(2,)", "float64"),
        ("z", "", ""),
    ]
    said = command("ls", filled.url("run.h5") + "::/group").stdout
    assert "z -> /x" in said
    plain = listed(command, filled.url("old.h5"))["members"]
    assert [each["name"] for each in plain] == ["x"]


def test_what_is_not_there(filled: Store, command: Command) -> None:
    done = command("ls", filled.url("nothing"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no file" in done.stderr
    assert done.stderr.count("\n") == 1
    done = command("ls", filled.url("nothing/"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("nothing lies in ")
    done = command("ls", filled.url("run.h5"), "/no/such")
    assert done.returncode == 1
    assert "there is no /no/such in" in done.stderr


def test_directories_of_this_disk(tmp_path: Path, command: Command) -> None:
    with h5py.File(tmp_path / "local.h5", "w") as f:
        f["x"] = 1
    assert [each["name"] for each in listed(command, str(tmp_path))["entries"]] == ["local.h5"]
    done = command("ls", "no-such-directory")
    assert done.returncode == 1
    assert "write s3://bucket/folder or file:///directory" in done.stderr
