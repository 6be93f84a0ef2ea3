"""docs/format.md is enough to read stored files: second_reader.py was written from it."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import arraymorph
import h5py
import hdf5plugin
import numpy as np
import pytest
import seaweed
import second_reader
from second_reader import FormatError, LaterFormatError, StoredFile, crc32c, in_directory

RANDOM = np.random.default_rng(6)
VALUES = RANDOM.integers(-1000, 1000, (37, 53)).cumsum(axis=1).astype("i4")
COMPOUND = np.dtype([("id", ">i2"), ("pad", "V3"), ("x", "<f8"), ("name", "S5")], align=True)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(seaweed.SETTINGS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")
    monkeypatch.setenv("ARRAYMORPH_PIECE_BYTES", "1K")
    return tmp_path


def url(store: Path) -> str:
    return f"file://{store}/x.h5"


def reader(store: Path) -> StoredFile:
    return StoredFile(in_directory(store / "x.h5"))


def catalog(store: Path) -> dict[str, Any]:
    body = (store / "x.h5/.arraymorph/metadata.h5").read_bytes()
    return second_reader.split_metadata(body)[1]


def test_crc32c() -> None:
    assert crc32c(b"123456789") == 0xE3069283


KINDS: dict[str, dict[str, Any]] = {
    "raw": {"chunks": (8, 16)},
    "contiguous": {},
    "gzip": {"chunks": (8, 16), "compression": "gzip"},
    "shuffled": {"chunks": (8, 16), "compression": "gzip", "shuffle": True, "fletcher32": True},
    "fletcher32": {"chunks": (7, 9), "fletcher32": True},
    "lzf": {"chunks": (8, 16), "compression": "lzf"},
    "scaleoffset": {"chunks": (8, 16), "scaleoffset": 0},
    "zstd": {"chunks": (8, 16), **hdf5plugin.Zstd()},
    "lz4": {"chunks": (8, 16), **hdf5plugin.LZ4()},
    "bitshuffle": {"chunks": (8, 16), **hdf5plugin.Bitshuffle()},
    "blosc": {"chunks": (8, 16), **hdf5plugin.Blosc()},
    "filled": {"chunks": (8, 16), "fillvalue": -7},
    "growing": {"chunks": (5, 53), "maxshape": (None, 53)},
}


def test_layouts_and_filters(store: Path) -> None:
    with arraymorph.File(url(store), "w", userblock_size=1024) as f:
        for name, options in KINDS.items():
            f.create_dataset(f"group/{name}", data=VALUES, **options)
        f["big"] = VALUES.astype(">f8")
        records = np.zeros(100, COMPOUND)
        records["id"], records["x"], records["name"] = range(100), RANDOM.random(100), b"abc"
        f.create_dataset("compound", data=records, chunks=(30,))
        f.create_dataset("true", data=VALUES > 0, chunks=(8, 16))
        sparse = f.create_dataset("sparse", (100, 100), "f4", chunks=(10, 10), fillvalue=1.5)
        sparse[33, 44] = 2
        f["words"] = ["inside", "the metadata object"]
        f["words"].attrs["unit"] = "m"
        f["renamed"] = VALUES
        f.move("renamed", "umbenannt/ä b")
    stored = reader(store)
    assert len(catalog(store)["datasets"]) == len(KINDS) + 5
    for name in KINDS:
        np.testing.assert_array_equal(stored.read(f"group/{name}"), VALUES, err_msg=name)
    assert stored.read("big").dtype == np.dtype(">f8")
    np.testing.assert_array_equal(stored.read("big"), VALUES)
    np.testing.assert_array_equal(stored.read("umbenannt/ä b"), VALUES)
    for field in ("id", "x", "name"):
        np.testing.assert_array_equal(stored.read("compound")[field], records[field])
    np.testing.assert_array_equal(stored.read("true"), VALUES > 0)
    expected = np.full((100, 100), 1.5, "f4")
    expected[33, 44] = 2
    np.testing.assert_array_equal(stored.read("sparse"), expected)
    assert stored.read("words").tolist() == [b"inside", b"the metadata object"]
    assert stored.hdf5["words"].attrs["unit"] == "m"


def test_masks_versions_absent(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What several sessions leave behind, with and without new objects for changed chunks."""
    with arraymorph.File(url(store), "w") as f:
        x = f.create_dataset(
            "x", data=VALUES, chunks=(8, 16), compression="gzip", maxshape=(None,) * 2
        )
        x.id.write_direct_chunk((0, 0), np.full((8, 16), 5, "i4").tobytes(), filter_mask=1)
        f.create_dataset("y", data=VALUES, chunks=(8, 16), maxshape=(None, None))
    with arraymorph.File(url(store), "r+") as f:
        f["x"][8:16, 16:32] = 6
        f["y"].resize((20, 20))
        f["y"].resize((37, 53))
        f.create_dataset("late", data=VALUES, chunks=(8, 16))
    monkeypatch.setenv("ARRAYMORPH_WRITE", "new-objects")
    with arraymorph.File(url(store), "r+") as f:
        f["x"][20:30] = 7
        f["y"][:, 3] = 8
        f["y"].resize((37, 20))
        del f["late"]
        f["late"] = VALUES + 1
    found = {name for entry in catalog(store)["datasets"] for name in entry}
    assert {"absent", "filter_masks", "versions"} <= found
    with arraymorph.File(url(store)) as f:
        for name in ("x", "y", "late"):
            np.testing.assert_array_equal(reader(store).read(name), f[name][...], err_msg=name)


def test_a_program_of_its_own(store: Path) -> None:
    """Nothing of ArrayMorph is in the process that reads."""
    with arraymorph.File(url(store), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(8, 16), compression="gzip")
    program = Path(__file__).with_name("second_reader.py")
    code = (
        "import runpy, sys; sys.modules['arraymorph'] = None; "
        f"sys.argv = ['', {str(store / 'x.h5')!r}, 'x', 'x.npy']; "
        f"runpy.run_path({str(program)!r}, run_name='__main__')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=store, check=True, timeout=600)
    np.testing.assert_array_equal(np.load(store / "x.npy"), VALUES)


def test_in_a_bucket(store: Path, server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    place = f"{server['BUCKET_NAME']}/second/{os.getpid()}.h5"
    with arraymorph.File(f"s3://{place}", "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(8, 16), compression="gzip")
        f["y"] = VALUES
    host = urlsplit(server["AWS_ENDPOINT_URL_S3"]).netloc
    keys = (server["AWS_ACCESS_KEY_ID"], server["AWS_SECRET_ACCESS_KEY"])

    def get(key: str) -> bytes | None:
        status, body = seaweed.signed_request(host, keys, "GET", f"/{place}/{key}")
        assert status in (200, 404)
        return body if status == 200 else None

    for name in ("x", "y"):
        np.testing.assert_array_equal(StoredFile(get).read(name), VALUES)


def _with_catalog(store: Path, text: str) -> None:
    path = store / "x.h5/.arraymorph/metadata.h5"
    body = path.read_bytes()
    (length,) = struct.unpack("<Q", body[-40:-32])
    content = body[:length] + text.encode()
    head = body[-48:-40] + struct.pack("<QQII", length, len(text.encode()), crc32c(content), 0)
    head += body[-16:-4]
    path.with_name("new").write_bytes(content + head + struct.pack("<I", crc32c(head)))
    path.with_name("new").replace(path)


Change = Callable[[dict[str, Any]], object]

REFUSED: dict[str, tuple[Change, str]] = {
    "a later version": (lambda c: c.update(version=2), "newer"),
    "no version": (lambda c: c.pop("version"), "not a catalog"),
    "no datasets": (lambda c: c.pop("datasets"), "datasets"),
    "no prefix": (lambda c: c["datasets"][0].pop("prefix"), "entry"),
    "a hidden prefix": (lambda c: c["datasets"][0].update(prefix=".x"), "prefix"),
    "a prefix that leaves": (lambda c: c["datasets"][0].update(prefix="x/../y"), "prefix"),
    "trash inside a prefix": (lambda c: c.update(trash=["x/y"]), "one place"),
    "one address twice": (
        lambda c: c["datasets"].append({**c["datasets"][0], "prefix": "z"}),
        "twice",
    ),
    "a fraction": (lambda c: c["datasets"][0].update(address=800.0), "entry"),
    "another rank": (lambda c: c["datasets"][0].update(absent=[[0]]), "absent"),
    "an index twice": (
        lambda c: c["datasets"][0].update(versions={"a": [[0, 0]], "b": [[0, 0]]}),
        "versions",
    ),
    "a malformed tag": (lambda c: c["datasets"][0].update(versions={"a/b": []}), "versions"),
    "another layout": (lambda c: c["datasets"][0].update(layout="compact"), "layout"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_both_refuse(store: Path, name: str) -> None:
    """What section 3 says that readers must refuse."""
    with arraymorph.File(url(store), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(8, 16))
    content = catalog(store)
    change, said = REFUSED[name]
    change(content)
    _with_catalog(store, json.dumps(content))
    with pytest.raises((FormatError, LaterFormatError, TypeError, AttributeError)):
        reader(store)
    with pytest.raises(OSError, match=said):
        arraymorph.File(url(store))


def test_both_ignore_what_they_do_not_know(store: Path) -> None:
    with arraymorph.File(url(store), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(8, 16))
    content = catalog(store)
    content["colour"] = "blue"
    content["datasets"][0]["taste"] = {"sweet": [1, 2]}
    _with_catalog(store, json.dumps(content))
    (store / "x.h5/.arraymorph/other").write_text("")
    np.testing.assert_array_equal(reader(store).read("x"), VALUES)
    with arraymorph.File(url(store)) as f:
        np.testing.assert_array_equal(f["x"][...], VALUES)


def test_both_refuse_damage(store: Path) -> None:
    with arraymorph.File(url(store), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(8, 16))
    path = store / "x.h5/.arraymorph/metadata.h5"
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:40], whole[:100] + b"!" + whole[101:], whole + b"\0"):
        path.write_bytes(damaged)
        with pytest.raises(FormatError):
            reader(store)
        with pytest.raises(OSError, match="corrupt|trailer|bytes|checksum"):
            arraymorph.File(url(store))


def test_both_miss_a_lost_version(store: Path) -> None:
    with arraymorph.File(url(store), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(8, 16))
    content = catalog(store)
    content["datasets"][0]["versions"] = {"gone-1": [[1, 1]]}
    _with_catalog(store, json.dumps(content))
    with pytest.raises(FormatError, match="lost"):
        reader(store).read("x")
    with arraymorph.File(url(store)) as f, pytest.raises(OSError, match="gone-1"):
        f["x"][...]


def test_the_hdf5_part_is_a_file(store: Path) -> None:
    """Without the catalog it opens, and arrays are fill values."""
    with arraymorph.File(url(store), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(8, 16), fillvalue=3)
    body = (store / "x.h5/.arraymorph/metadata.h5").read_bytes()
    (store / "part.h5").write_bytes(second_reader.split_metadata(body)[0])
    with h5py.File(store / "part.h5") as f:
        assert (f["x"][...] == 3).all()
