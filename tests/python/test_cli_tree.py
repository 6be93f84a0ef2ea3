"""`arraymorph tree` and `arraymorph info`, on both layouts."""

from __future__ import annotations

import json
from typing import Any

import arraymorph
import h5py
import pytest
from conftest import Command, Requests, Store
from stored_files import a_bit_of_everything, put_plain

pytestmark = pytest.mark.usefixtures("small_objects")


def content(command: Command, *words: str) -> dict[str, Any]:
    done = command(*words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_tree_as_data(url: str, command: Command) -> None:
    found = content(command, "tree", url)
    assert found["attributes"] == {"title": "a run", "long": list(range(100))}
    entry = found["members"]["entry"]["members"]
    stack = entry["stack"]
    assert (stack["shape"], stack["chunks"]) == ([20, 60, 80], [1, 15, 20])
    assert (stack["type"], stack["filters"]) == ("int32", ["shuffle", "gzip(4)"])
    assert stack["attributes"] == {"units": "counts"}
    assert stack["bytes"] == 20 * 60 * 80 * 4
    assert 0 < stack["stored"] < stack["bytes"] / 2  # half is not there, the rest is compressed
    with arraymorph.File(url) as f:
        assert stack["stored"] == f["entry/stack"].id.get_storage_size()
    image = found["members"]["again"]  # the first of two names
    assert image["stored"] == image["bytes"] == 320_000
    assert entry["image"]["same_as"] == "/again"
    assert entry["table"]["type"] == "{x: float64, name: string (6 bytes, ascii), ok: bool}"
    assert entry["nothing"]["shape"] is None
    assert entry["type"] == {"kind": "type", "type": "int16", "attributes": {}}
    members = found["members"]
    assert members["soft"]["target"] == "/entry/image"
    assert members["outside"]["target"] == "other.h5::/x"
    assert (
        entry["image"].get("same_as", "") == "/again"
        or members["again"].get("same_as") == "/entry/image"
    )


def test_tree_as_a_person_sees_it(url: str, arraymorph_program: Command) -> None:
    done = arraymorph_program("tree", url, "--attributes")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"{url}  2 attributes"
    assert "@title = 'a run'" in done.stdout
    (stack,) = (line for line in lines if "stack" in line)
    assert "(20, 60, 80) int32, chunks (1, 15, 20), shuffle+gzip(4)" in stack
    assert stack.endswith("x), 1 attribute")
    assert any(line.startswith("├── entry/") for line in lines)
    assert "soft  -> /entry/image" in done.stdout
    done = arraymorph_program("tree", url, "/entry", "--depth", "0")
    assert done.stdout == f"{url}::/entry  10 members\n"


def test_tree_of_a_part(url: str, command: Command) -> None:
    assert "kB" in command("tree", url + "::/entry/image").stdout
    assert "kB" not in command("tree", url + "::/entry/image", "--no-sizes").stdout
    done = command("tree", url, "/no")
    assert (done.returncode, done.stdout) == (1, "")
    done = command("tree", url.replace("all.h5", "other.h5"))
    assert done.returncode == 1
    assert done.stderr.startswith("arraymorph: there is no file")
    assert command("tree", url + "::/entry", "/entry").returncode == 2


def test_sizes_are_one_list(s3_store: Store, command: Command, requests: Requests) -> None:
    """Whatever the number of datasets."""
    with arraymorph.File(s3_store.url("many.h5"), "w") as f:
        for number in range(40):
            f.create_dataset(f"d{number}", (100,), "i4", chunks=(10,))[:] = number
    requests()
    done = command("tree", s3_store.url("many.h5"))
    assert done.stdout.count("400 bytes") == 40
    assert requests()["list"] == 1


def test_info_of_a_file(url: str, command: Command) -> None:
    found = content(command, "info", url)
    plain = found["layout"] == "a plain HDF5 file"
    assert found["layout"] == "chunk objects" or plain
    assert (found["groups"], found["datasets"], found["committed_types"]) == (2, 9, 1)
    assert found["user_block"] == 0
    assert found["superblock_version"] == 0 if plain else found["superblock_version"] >= 0
    assert found["library_versions"].startswith("earliest to ")
    assert found["attributes"]["title"] == "a run"
    assert found["size"] > 300_000
    assert found["entity_tag"]
    assert (found.get("objects", 0) > 100) is not plain
    said = command("info", url).stdout
    assert "@title = 'a run'" in said
    assert said.startswith("url  ")


def test_info_of_a_dataset(url: str, command: Command) -> None:
    found = content(command, "info", url, "/entry/stack")
    assert found["shape"] == [20, 60, 80]
    assert found["largest_shape"] == [None, 60, 80]
    assert (found["chunks"], found["chunks_stored"], found["grid"]) == (320, 160, [20, 4, 4])
    assert found["smallest"] <= found["median"] <= found["largest"] < found["one_in_memory"] == 1200
    assert found["filters"] == ["shuffle", "gzip(4)"]
    assert found["attributes"] == {"units": "counts"}
    with arraymorph.File(url) as f:
        sizes: list[int] = []
        f["entry/stack"].id.chunk_iter(lambda chunk: sizes.append(chunk.size))
    assert (found["smallest"], found["largest"]) == (min(sizes), max(sizes))
    assert found["bytes_stored"] == sum(sizes)
    image = content(command, "info", url + "::/entry/image")
    assert (image["layout"], image["bytes_stored"]) == ("contiguous", 320_000)
    assert content(command, "info", url, "/entry/type")["kind"] == "committed type"
    assert content(command, "info", url, "/entry")["members"] == 10
    for name in "number", "nothing", "names", "title", "cube", "table":
        assert content(command, "info", url, f"entry/{name}")["kind"] == "dataset"


def test_info_in_the_words_of_a_person(url: str, arraymorph_program: Command) -> None:
    done = arraymorph_program("info", url, "/entry/stack")
    assert done.returncode == 0, done.stderr
    facts = dict(line.split("  ", 1) for line in done.stdout.splitlines() if "  " in line)
    facts = {name: value.strip() for name, value in facts.items()}
    assert facts["shape"] == "(20, 60, 80)"
    assert facts["largest shape"] == "(unlimited, 60, 80)"
    assert facts["filters"] == "shuffle, gzip(4)"
    assert "@units = 'counts'" in done.stdout


def test_pages_and_user_blocks(store: Store, command: Command) -> None:
    put_plain(store, "paged.h5", fs_strategy="page", fs_page_size=8192)
    put_plain(store, "blocked.h5", userblock_size=1024)
    found = content(command, "info", store.url("paged.h5"))
    assert found["file_space"].startswith("pages of 8192 bytes")
    assert content(command, "info", store.url("blocked.h5"))["user_block"] == 1024


def test_local_files_that_nobody_claims(
    tmp_path: Any, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as f:
        a_bit_of_everything(f)
    monkeypatch.chdir(tmp_path)
    assert "stack" in command("tree", "x.h5").stdout
    assert content(command, "info", "x.h5", "/entry/stack")["chunks_stored"] == 160
