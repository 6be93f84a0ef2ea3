"""`arraymorph verify`: what lies in the store is damaged for real, and found."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arraymorph
import numpy as np
import pytest
from arraymorph.cli.contents import boxes
from conftest import Command, Store
from stored_objects import Objects

VALUES = np.arange(40_000, dtype="f8").reshape(200, 200)
METADATA = ".arraymorph/metadata.h5"


@pytest.fixture
def made(store: Store, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Objects]:
    """A file with every kind of dataset that chunk objects are made of, and its objects."""
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")
    monkeypatch.setenv("ARRAYMORPH_PIECE_BYTES", "64K")
    url = store.url("v.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("gzip", data=VALUES, chunks=(64, 64), compression="gzip")
        f.create_dataset("sums", data=VALUES, chunks=(50, 200), fletcher32=True)
        f.create_dataset("g/raw", data=VALUES, chunks=(100, 100), maxshape=(None, 200))
        f.create_dataset("scaled", data=VALUES.astype("i4"), chunks=(100, 100), scaleoffset=16)
        f["contiguous"] = VALUES
        compound = np.dtype([("a", "i4"), ("b", "S5")])
        f.create_dataset("compound", data=np.zeros(100, compound), chunks=(30,))
        f.create_dataset("sparse", (100_000, 100_000), "u1", chunks=(100, 100))
        f["sparse"][50_000, 50_000] = 1
        f["text"] = "inside the metadata object"
        f.create_dataset("words", data=["a", "bc"], chunks=(1,), maxshape=(None,))
        f["link"] = f["gzip"]
    return url, store.objects("v.h5")


def report(command: Command, url: str, *options: str, status: int = 1) -> dict[str, Any]:
    done = command("verify", url, "--json", *options)
    assert done.returncode == status, (done.stdout, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["whole"] == (status == 0)
    return found


def test_whole(made: tuple[str, Objects], command: Command) -> None:
    url, _ = made
    found = report(command, url, status=0)
    assert found["problems"] == found["notes"] == found["unneeded"] == []
    assert found["datasets"] == 7
    # gzip, sums, raw, scaled, contiguous, compound, sparse
    assert found["chunks"] == found["objects"]["chunk"]["count"] == 16 + 4 + 4 + 4 + 5 + 4 + 1
    assert found["objects"]["metadata"]["count"] == 1
    assert found["fill_chunks"] == 999_999
    words = command("verify", url)
    assert words.returncode == 0
    assert words.stdout.endswith("read and decoded: whole\n")
    assert words.stderr == ""


@pytest.mark.parametrize(
    ("key", "damage", "said"),
    [
        ("gzip/c/1/2", lambda body: _flip(body, len(body) // 2), "v.h5/gzip/c/1/2: "),
        ("gzip/c/3/3", lambda body: body[: len(body) // 2], "v.h5/gzip/c/3/3: "),
        ("gzip/c/0/0", lambda _: b"", "v.h5/gzip/c/0/0: "),
        ("sums/c/2/0", lambda body: _flip(body, 100), "fletcher32"),
        ("g/raw/c/1/1", lambda body: body[:-1], "79999 bytes instead of 80000"),
        ("scaled/c/0/1", lambda body: body[:10], "cut off: 10 bytes for filter scaleoffset"),
    ],
)
def test_damaged_chunks_are_named(
    made: tuple[str, Objects],
    command: Command,
    key: str,
    damage: Callable[[bytes], bytes],
    said: str,
) -> None:
    url, objects = made
    objects.write(key, damage(objects.read(key)))
    found = report(command, url)
    assert [each["key"] for each in found["problems"]] == [key]
    assert said in found["problems"][0]["what"]
    assert found["problems"][0]["dataset"] == "/" + key.partition("/c/")[0]


def _flip(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]


def test_every_damaged_chunk_among_many(made: tuple[str, Objects], command: Command) -> None:
    url, objects = made
    keys = ["gzip/c/0/1", "gzip/c/3/0", "sums/c/0/0"]
    for key in keys:
        objects.write(key, _flip(objects.read(key), 60))
    found = report(command, url)
    assert sorted(each["key"] for each in found["problems"]) == keys
    words = command("verify", url)
    assert words.returncode == 1
    assert words.stdout.count("PROBLEM: /") == 3
    assert "3 problems" in words.stdout.splitlines()[-1]


def test_quick_reads_no_chunk(made: tuple[str, Objects], command: Command) -> None:
    url, objects = made
    objects.write("gzip/c/0/0", b"damaged")
    assert not report(command, url, "--quick", status=0)["content_read"]
    objects.write("g/raw/c/0/0", b"short")
    (problem,) = report(command, url, "--quick")["problems"]
    assert "the chunk has 5 bytes instead of" in problem["what"]


@pytest.mark.parametrize("where", [-1, -40, 0, 2000])
def test_damaged_metadata(made: tuple[str, Objects], command: Command, where: int) -> None:
    url, objects = made
    body = objects.read(METADATA)
    objects.write(METADATA, _flip(body, where % len(body)))
    found = report(command, url)
    (problem,) = found["problems"]
    assert problem["key"] == METADATA
    assert "checksum" in problem["what"] or "trailer" in problem["what"]
    assert set(found["objects"]) == {"metadata", "unknown"}


def test_truncated_metadata(made: tuple[str, Objects], command: Command) -> None:
    url, objects = made
    objects.write(METADATA, objects.read(METADATA)[:1000])
    (problem,) = report(command, url)["problems"]
    assert "no ArrayMorph trailer" in problem["what"]


def test_leftovers_are_a_note(made: tuple[str, Objects], command: Command) -> None:
    url, objects = made
    left = {
        "gzip~1234abcd/c/0/0": "orphan",
        "gzip/c/9/9": "outside",
        "gzip/c~1234abcd/0/0": "superseded",
        ".arraymorph/probe-77/0": "scratch",
    }
    for key in [*left, "README.txt"]:
        objects.write(key, b"12345")
    found = report(command, url, status=0)
    assert {each["key"]: each["kind"] for each in found["unneeded"]} == left
    assert all(each["bytes"] == 5 and each["modified"] > 0 for each in found["unneeded"])
    assert found["objects"]["unknown"] == {"count": 1, "bytes": 5}
    words = command("verify", url)
    assert words.returncode == 0
    assert "unneeded: orphan: gzip~1234abcd/c/0/0: 5 bytes, " in words.stdout
    assert "4 objects, 20 bytes, that the committed file does not need" in words.stdout
    assert "1 object not of ArrayMorph's making" in words.stdout


def test_nothing_there(store: Store, command: Command) -> None:
    done = command("verify", store.url("none.h5"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"arraymorph: there is no file {store.url('none.h5')} (")
    assert done.stderr.count("\n") == 1


def test_a_file_inside_is_another_file(
    store: Store, made: tuple[str, Objects], command: Command
) -> None:
    url, _ = made
    with arraymorph.File(store.url("v.h5/inner.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(100, 100))
    found = report(command, url, status=0)
    assert found["objects"]["other_file"]["count"] == 5
    assert report(command, store.url("v.h5/inner.h5"), status=0)["chunks"] == 4


def test_a_plain_name_and_a_pointer(
    made: tuple[str, Objects], command: Command, tmp_path: Path
) -> None:
    url, _ = made
    arraymorph.pointer(url, tmp_path / "p.h5")
    done = command("verify", str(tmp_path / "p.h5"), "--quick")
    assert done.returncode == 0
    assert url in done.stdout


def test_an_unlinked_open_dataset_is_a_note(
    made: tuple[str, Objects], command: Command, arraymorph_program: Command
) -> None:
    url, _ = made
    with arraymorph.File(url, "r+") as f:
        held = f["sums"]
        assert held[0, 1] == 1
        del f["sums"]
        f.flush()
        found = report(arraymorph_program, url, status=0)
        assert held[0, 2] == 2
    (note,) = found["notes"]
    assert "deleted while open" in note
    assert report(command, url, status=0)["notes"] == []


def test_changed_bytes_without_a_checksum_cannot_be_noticed(
    made: tuple[str, Objects], command: Command
) -> None:
    """As the command's help says."""
    url, objects = made
    objects.write("g/raw/c/0/0", _flip(objects.read("g/raw/c/0/0"), 5))
    report(command, url, status=0)
    objects.remove("g/raw/c/0/1")
    assert report(command, url, status=0)["fill_chunks"] == 1_000_000


def test_changed_bytes_of_a_chunk_with_a_checksum_are_noticed(
    local_store: Store, command: Command
) -> None:
    with arraymorph.File(local_store.url("c.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(100, 100))
    assert local_store.root is not None
    path = local_store.root / "c.h5/x/c/1/0"
    if "user.arraymorph.crc32c" not in os.listxattr(path):
        pytest.skip("this file system keeps no extended attributes")
    with path.open("r+b") as chunk:  # the file stays, and its checksum with it
        chunk.write(b"?")
    (problem,) = report(command, local_store.url("c.h5"))["problems"]
    assert problem["key"] == "x/c/1/0"
    assert "CRC-32C" in problem["what"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_object(local_store: Store, command: Command) -> None:
    with arraymorph.File(local_store.url("u.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(100, 100))
    assert local_store.root is not None
    (local_store.root / "u.h5/x/c/1/0").chmod(0)
    (problem,) = report(command, local_store.url("u.h5"))["problems"]
    assert problem["key"] == "x/c/1/0"


def test_boxes_cover_every_chunk_once() -> None:
    random = np.random.default_rng(5)
    for _ in range(200):
        rank = int(random.integers(1, 4))
        grid = tuple(int(n) for n in random.integers(1, 6, rank))
        chunks = [index for index in np.ndindex(grid) if random.random() < 0.7]
        most = int(random.integers(1, 12))
        covered: list[tuple[int, ...]] = []
        for low, high in boxes(chunks, most):
            inside = [tuple(np.add(low, each)) for each in np.ndindex(*np.subtract(high, low))]
            assert len(inside) <= most
            covered += inside
        assert sorted(covered) == sorted(chunks)
    assert boxes([], 5) == []
    full = list(np.ndindex(4, 5, 6))
    assert boxes(full, 1000) == [((0, 0, 0), (4, 5, 6))]
