"""`arraymorph.copy`: everything of a file goes over, both ways, and goes on after a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import arraymorph
import every_feature
import h5py
import numpy as np
import pytest
from arraymorph import _core
from arraymorph.copy import Progress
from arraymorph.copy.compare import differences
from arraymorph.copy.journal import folder_of
from conftest import Command, Requests, Store

VERSIONS = ["earliest", "latest"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the journals of copies to S3 are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def featured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder: Path = tmp_path_factory.mktemp("features")
    for version in VERSIONS:
        path = folder / f"{version}.h5"
        every_feature.make(path, version, user_block=1024 if version == "latest" else 0)
    return {version: folder / f"{version}.h5" for version in VERSIONS}


def make_plain(
    path: Path, chunks: int = 40, side: int = 256, compression: str | None = "gzip"
) -> np.ndarray[Any, Any]:
    """Chunks of side x side doubles."""
    values = np.random.default_rng(3).integers(0, 1000, (chunks * side, side)).astype("f8")
    with h5py.File(path, "w") as f:
        f.create_dataset("x", data=values, chunks=(side, side), compression=compression)
        f["x"].attrs["unit"] = "m"
    return values


def same(one: h5py.File, two: h5py.File, **options: Any) -> None:
    assert list(differences(one, two, **options)) == []


def h5diff(one: Path, two: Path) -> None:
    program = shutil.which("h5diff")
    if program is None:
        pytest.skip("h5diff is not installed (hdf5-tools)")
    done = subprocess.run(
        [program, "-v", str(one), str(two)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HDF5_PLUGIN_PATH": "/none"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_round_trip_keeps_everything(
    store: Store, featured: dict[str, Path], version: str, tmp_path: Path
) -> None:
    source, url, back = featured[version], store.url("every feature.h5"), tmp_path / "back.h5"
    done = arraymorph.copy(source, url, verify=True)
    assert done.verified
    assert done.dangling_references == 0
    with h5py.File(source) as one, arraymorph.File(url) as two:
        same(one, two)
        stored = {
            entry["prefix"] for entry in json.loads(_core.get_metadata(url)["catalog"])["datasets"]
        }
        assert {"layouts/chunked", "layouts/contiguous", "filters/masked"} <= stored
    arraymorph.copy(url, back, verify=True)
    with h5py.File(source) as one, h5py.File(back) as two:
        same(one, two)
        assert one.userblock_size == two.userblock_size
    head = source.read_bytes()[:1024]
    if version == "latest":
        assert back.read_bytes()[:1024] == head


def test_h5diff_and_h5dump_read_an_export(store: Store, tmp_path: Path) -> None:
    source, url, back = tmp_path / "a.h5", store.url("a.h5"), tmp_path / "b.h5"
    make_plain(source)
    with h5py.File(source, "a") as f:
        f["contiguous"] = np.arange(100_000)
        f.attrs["to"] = f["x"].ref
    arraymorph.copy(source, url)
    arraymorph.copy(url, back)
    h5diff(source, back)
    dump = subprocess.run(
        ["h5dump", "-H", "-p", str(back)], capture_output=True, text=True, check=False
    )
    assert dump.returncode == 0, dump.stderr
    assert "COMPRESSION DEFLATE" in dump.stdout


def test_chunks_move_as_they_are(store: Store, tmp_path: Path, requests: Requests) -> None:
    source, url = tmp_path / "a.h5", store.url("a.h5")
    make_plain(source)
    requests()
    done = arraymorph.copy(source, url)
    counted = requests()
    assert done.items == 40
    with h5py.File(source) as one, arraymorph.File(url) as two:
        for i in (0, 17, 39):
            start = (256 * i, 0)
            assert one["x"].id.read_direct_chunk(start) == two["x"].id.read_direct_chunk(start)
    # One PUT for each chunk and the metadata object, besides what a probe and scratch files need.
    assert 41 <= counted["put"] <= 50, counted


def test_from_store_to_store(
    store: Store, s3_store: Store, tmp_path: Path, requests: Requests
) -> None:
    plain, url, other = tmp_path / "a.h5", store.url("a.h5"), s3_store.url("copy of a.h5")
    values = make_plain(plain)
    arraymorph.copy(plain, url)
    requests()
    done = arraymorph.copy(url, other, verify=True)
    counted = requests()
    assert (done.source_layout, done.target_layout) == ("chunks", "chunks")
    if store.kind == "s3":  # by the server, without the bytes coming here
        assert counted["copy"] == 40
    with arraymorph.File(other) as f:
        np.testing.assert_array_equal(f["x"][...], values)


def test_plain_files_are_copied_byte_by_byte(store: Store, tmp_path: Path) -> None:
    source, url, back = tmp_path / "a.h5", store.url("plain.h5"), tmp_path / "b.h5"
    make_plain(source, chunks=60, compression=None)  # two parts
    up = arraymorph.copy(source, url, layout="plain", verify=True)
    assert up.bytes == source.stat().st_size > 16 << 20
    assert up.items > 1
    down = arraymorph.copy(url, back, verify=True)
    assert down.source_layout == "plain"
    assert back.read_bytes() == source.read_bytes()


def test_an_imported_plain_object(store: Store, tmp_path: Path) -> None:
    source, plain, url = tmp_path / "a.h5", store.url("plain.h5"), store.url("chunks.h5")
    values = make_plain(source)
    arraymorph.copy(source, plain, layout="plain")
    arraymorph.copy(plain, url, verify=True)
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["x"][...], values)


def test_partly_written_and_fill_values(store: Store, tmp_path: Path) -> None:
    url, back = store.url("p.h5"), tmp_path / "p.h5"
    with arraymorph.File(url, "w") as f:
        f.create_dataset("chunked", (4000, 4000), "f4", chunks=(500, 500), fillvalue=2.5)
        f["chunked"][700:900, 20:30] = 1
        f.create_dataset("contiguous", (4 << 20,), "i8", fillvalue=-7)
        f["contiguous"][:1000] = 5  # the first of several pieces
    arraymorph.copy(url, back, verify=True)
    with h5py.File(back) as f, arraymorph.File(url) as stored:
        assert f["chunked"].id.get_num_chunks() == 1
        np.testing.assert_array_equal(f["chunked"][...], stored["chunked"][...])
        np.testing.assert_array_equal(f["contiguous"][...], stored["contiguous"][...])


def test_later_versions_of_chunks_are_exported(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARRAYMORPH_WRITE", "new-objects")
    url, back = store.url("v.h5"), tmp_path / "v.h5"
    values = make_plain(tmp_path / "a.h5", chunks=4)
    arraymorph.copy(tmp_path / "a.h5", url)
    with arraymorph.File(url, "r+") as f:
        f["x"][:256] = 0
    values[:256] = 0
    arraymorph.copy(url, back, verify=True)
    with h5py.File(back) as f:
        np.testing.assert_array_equal(f["x"][...], values)


@pytest.mark.parametrize("compression", ["gzip:9", "lzf", "none"])
@pytest.mark.parametrize("layout", ["plain", "chunks"])
def test_encoded_anew(store: Store, tmp_path: Path, compression: str, layout: Any) -> None:
    source = tmp_path / "a.h5"
    values = make_plain(source, chunks=5)
    with h5py.File(source, "a") as f:
        f.create_dataset("sum", data=values, chunks=(100, 100), shuffle=True, fletcher32=True)
        f["text"] = ["a", "b"] * 100
        f.attrs["to"] = f["x"].ref
    url = store.url("r.h5") if layout == "chunks" else str(tmp_path / "r.h5")
    arraymorph.copy(source, url, rechunk={"/x": (100, 200)}, compression=compression, verify=True)
    with arraymorph.File(url) if layout == "chunks" else h5py.File(url) as f:
        assert f["x"].chunks == (100, 200)
        assert f["x"].compression == (
            None if compression == "none" else compression[:4].rstrip(":")
        )
        assert f["sum"].fletcher32
        assert f["sum"].shuffle is (compression != "none")
        np.testing.assert_array_equal(f["x"][...], values)
        np.testing.assert_array_equal(f["sum"][...], values)
        assert f[f.attrs["to"]] == f["x"]


def test_what_is_there_stays_until_the_copy_is_complete(store: Store, tmp_path: Path) -> None:
    url = store.url("o.h5")
    make_plain(tmp_path / "old.h5", chunks=6)
    new = make_plain(tmp_path / "new.h5", chunks=4)
    arraymorph.copy(tmp_path / "old.h5", url)
    with pytest.raises(FileExistsError, match="overwrite"):
        arraymorph.copy(tmp_path / "new.h5", url)
    arraymorph.copy(tmp_path / "new.h5", url, overwrite=True, verify=True)
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["x"][...], new)
    assert len(_core.objects(url)["objects"]) == 5  # nothing is left of the old one


def test_leftovers_are_never_taken_for_chunks(store: Store, tmp_path: Path) -> None:
    """What a crashed copy has left at the destination, of chunks that this file does not have."""
    url = store.url("l.h5")
    with h5py.File(tmp_path / "a.h5", "w") as f:
        f.create_dataset("x", (4000, 256), "f8", chunks=(256, 256))[:256] = 1
    objects = store.objects("l.h5")
    objects.write("x/c/3/0", np.full(256 * 256, 9.0).tobytes())
    arraymorph.copy(tmp_path / "a.h5", url)
    with arraymorph.File(url) as f:
        assert f["x"][256:].max() == 0
        assert f["x"][:256].min() == 1


# Copies as the command does, and gets a signal when so many items are done.
STOPPED = """
import os, signal, sys
import arraymorph
from arraymorph.copy import run, transfer
from arraymorph.cli import app
number, after = signal.Signals[sys.argv[1]], int(sys.argv[2])
transfer._INTERVAL = 0.001  # it is looked at often enough to be stopped at that place
begin, stopped = run.run, []
def run_and_stop(*ends, progress, **options):
    def report(now):
        progress(now)
        if now.stage == "data" and after <= now.items < now.total_items and not stopped:
            stopped.append(now)
            os.kill(os.getpid(), number)
    return begin(*ends, progress=report, **options)
run.run = run_and_stop
app(sys.argv[3:], prog_name="arraymorph")
"""
BIG = 400  # chunks
BIG_SIDE = 128  # of a chunk: 131 kB, together 52 MB, which are 7 parts
IN_FLIGHT = 8  # chunks that a server may store after the program was killed


def stopped_copy(
    number: signal.Signals, after: int, *words: str
) -> subprocess.CompletedProcess[str]:
    """`arraymorph copy`, slowly, until it is stopped."""
    return subprocess.run(
        [sys.executable, "-c", STOPPED, number.name, str(after), "copy", *words],
        env={**os.environ, "ARRAYMORPH_IN_FLIGHT_BYTES": "1M", "ARRAYMORPH_CONNECTIONS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def killed_copy(source: str, target: str, after: int, layout: str) -> None:
    done = stopped_copy(signal.SIGKILL, after, "--layout", layout, source, target)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("big") / "big.h5"
    make_plain(path, chunks=BIG, side=BIG_SIDE, compression=None)
    return path


def test_an_import_goes_on_after_a_kill(store: Store, big: Path, requests: Requests) -> None:
    url = store.url("k.h5")
    killed_copy(str(big), url, 50, "chunks")
    with pytest.raises(FileNotFoundError):
        arraymorph.File(url)
    there = len(_core.objects(url)["objects"])
    assert 50 <= there < BIG
    requests()
    done = arraymorph.copy(big, url)
    counted = requests()
    assert there <= done.resumed <= there + (IN_FLIGHT if store.kind == "s3" else 0)
    assert counted["put"] <= BIG - done.resumed + 10  # the rest, the metadata object, a probe
    with h5py.File(big) as one, arraymorph.File(url) as two:
        same(one, two)
    assert not folder_of(url).exists()


def test_an_export_goes_on_after_a_kill(
    store: Store, big: Path, tmp_path: Path, requests: Requests
) -> None:
    url, back = store.url("e.h5"), tmp_path / "out" / "back.h5"
    arraymorph.copy(big, url)
    back.parent.mkdir()
    killed_copy(url, str(back), 2, "plain")
    assert not back.exists()
    requests()
    done = arraymorph.copy(url, back)
    counted = requests()
    assert 2 <= done.resumed < done.items
    # One more request where the edge of a part cuts a chunk, and some for the structure.
    left = BIG * (done.items - done.resumed) / done.items + done.items
    assert counted["get"] <= left + 40, (counted, done)
    with h5py.File(big) as one, h5py.File(back) as two:
        same(one, two)
    assert os.listdir(back.parent) == ["back.h5"]


def test_an_upload_goes_on_after_a_kill(s3_store: Store, big: Path, requests: Requests) -> None:
    url = s3_store.url("u.h5")
    killed_copy(str(big), url, 2, "plain")
    with pytest.raises(FileNotFoundError):
        _core.object(url, "")
    requests()
    done = arraymorph.copy(big, url, layout="plain")
    counted = requests()
    assert 2 <= done.resumed < done.items
    assert counted["put"] == done.items - done.resumed + 1
    assert _core.read(url, "", 40_000_000, 1000) == big.read_bytes()[40_000_000:40_001_000]


def test_another_copy_begins_anew(store: Store, big: Path, tmp_path: Path) -> None:
    """What an interrupted copy of another file has left is not taken for this one's."""
    url, other = store.url("n.h5"), tmp_path / "other.h5"
    killed_copy(str(big), url, 50, "chunks")
    values = make_plain(other, chunks=3, side=128, compression=None)
    assert arraymorph.copy(other, url, verify=True).resumed == 0
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["x"][...], values)


def test_a_source_that_changes_meanwhile(store: Store, tmp_path: Path) -> None:
    source, url = tmp_path / "a.h5", store.url("c.h5")
    make_plain(source, chunks=20)

    def report(now: Progress) -> None:
        if now.stage == "structure":
            os.utime(source)

    with pytest.raises(OSError, match="was changed while it was copied"):
        arraymorph.copy(source, url, progress=report)
    with pytest.raises(FileNotFoundError):
        arraymorph.File(url)
    assert arraymorph.copy(source, url, verify=True).resumed == 0


def test_failures_say_what_to_do(store: Store, tmp_path: Path, command: Command) -> None:
    source = tmp_path / "a.h5"
    make_plain(source, chunks=2)
    cases = [
        (("missing.h5", store.url("x.h5")), "there is no file missing.h5"),
        ((str(source), str(source)), "are the same file"),
        ((str(tmp_path), store.url("x.h5")), "is a directory"),
        ((str(source), "https://example.invalid/x.h5"), "can only be read"),
        ((str(source), store.url("x.h5"), "--compression", "bzip2"), "is not known"),
        ((str(source), store.url("x.h5"), "--rechunk", "/y=2,2"), "no dataset /y"),
        ((str(source), store.url("x.h5"), "--rechunk", "/x=2"), "2 axes"),
    ]
    for words, said in cases:
        done = command("copy", *words)
        assert done.returncode == 1, words
        assert said in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
    (tmp_path / "text.h5").write_text("not HDF5")
    done = command("copy", str(tmp_path / "text.h5"), store.url("x.h5"))
    assert done.returncode == 1
    assert "cannot be opened" in done.stderr
    arraymorph.copy(source, store.url("plain.h5"), layout="plain")
    done = command("copy", str(source), store.url("plain.h5"))
    assert "exists already as a plain file" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_destination(tmp_path: Path) -> None:
    make_plain(tmp_path / "a.h5", chunks=2)
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        arraymorph.copy(tmp_path / "a.h5", tmp_path / "closed" / "b.h5")


def test_the_command(store: Store, tmp_path: Path, command: Command) -> None:
    source, url = tmp_path / "a.h5", store.url("cmd.h5")
    make_plain(source, chunks=3)
    done = command("copy", "--json", "--verify", str(source), url)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["items"], said["verified"], said["target_layout"]) == (3, True, "chunks")
    done = command("copy", url, str(tmp_path / "b.h5"))
    assert done.returncode == 0, done.stderr
    assert "kB in 1 part" in done.stdout
    assert "--rechunk /image=1,512,512" in command("copy", "--help").stdout


def test_ctrl_c_leaves_what_is_needed(store: Store, big: Path) -> None:
    url = store.url("i.h5")
    done = stopped_copy(signal.SIGINT, 50, str(big), url)
    assert done.returncode == 130, done.stderr
    assert "goes on from here" in done.stderr
    assert arraymorph.copy(big, url, verify=True).resumed >= 50
