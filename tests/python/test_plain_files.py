"""Plain HDF5 files, each one object of a store, read in place: all as native HDF5 reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Command, Requests, Runner, Store

RANDOM = np.random.default_rng(6)
FIELD = RANDOM.normal(size=(500, 300)).astype("f4")
RECORD = np.dtype([("a", "i4"), ("b", "f8", (3,)), ("c", "S5")])


def fill(f: h5py.File, path: Path) -> None:
    """Every layout, filter and kind of type that is read in a way of its own."""
    f.attrs["title"] = "plain"
    f.create_dataset("raw", data=FIELD, chunks=(50, 100))
    f.create_dataset("gzip", data=FIELD, chunks=(64, 64), compression="gzip", shuffle=True)
    f.create_dataset("lzf", data=FIELD, chunks=(500, 7), compression="lzf", fletcher32=True)
    f.create_dataset("big_endian", data=FIELD.astype(">f8"), chunks=(70, 70))
    f.create_dataset("contiguous", data=RANDOM.integers(0, 99, (3000, 701), "i8"))
    f.create_dataset("whole", data=FIELD, chunks=FIELD.shape, compression="gzip")
    f.create_dataset("scaled", data=FIELD, chunks=(50, 100), scaleoffset=3)
    f.create_dataset("grows", data=FIELD, chunks=(8, 300), maxshape=(None, 300))
    f.create_dataset("grows_both", data=FIELD, chunks=(64, 64), maxshape=(None, None))
    part = f.create_dataset("part", (1000, 1000), "i4", chunks=(30, 30), fillvalue=-7)
    part[100:220, 300:444] = 3
    f.create_dataset("never_written", (1000, 1000), "f4", fillvalue=2.5)
    f.create_dataset("no_chunks", (1000, 1000), "f4", chunks=(10, 10), fillvalue=1.5)
    f.create_dataset("records", data=np.ones(9000, RECORD), chunks=(1000,), compression="gzip")
    f.create_dataset("strings", data=[f"text {i}" for i in range(9000)], dtype=h5py.string_dtype())
    f.create_dataset("small", data=np.arange(10))
    f.create_dataset("scalar", data=3.5)
    f.create_dataset("empty", data=h5py.Empty("f4"))
    skipped = f.create_dataset("skipped", (200, 300), "f4", chunks=(100, 300), compression="gzip")
    skipped.id.write_direct_chunk((0, 0), FIELD[:100].tobytes(), filter_mask=1)
    skipped[100:] = FIELD[100:200]
    f["group/nested/x"] = np.arange(20000)
    f["group/reference"] = np.array([f["raw"].ref, f["group"].ref], dtype=h5py.ref_dtype)
    f["soft"] = h5py.SoftLink("/group/nested")
    f["external"] = h5py.ExternalLink("other.h5", "/deep/data")
    layout = h5py.VirtualLayout((2, 500, 300), "f4")
    layout[0] = h5py.VirtualSource(".", "raw", FIELD.shape)
    layout[1] = h5py.VirtualSource("other.h5", "deep/data", FIELD.shape)
    f.create_virtual_dataset("virtual", layout)


def make(directory: Path, name: str, **options: Any) -> Path:
    path = directory / name
    with h5py.File(directory / "other.h5", "w") as f:
        f.create_dataset("deep/data", data=FIELD + 1, chunks=(100, 100), compression="lzf")
    with h5py.File(path, "w", **options) as f:
        fill(f, path)
    return path


FORMS: dict[str, dict[str, Any]] = {
    "earliest": {"libver": "earliest"},
    "latest": {"libver": "latest"},
    "user-block": {"userblock_size": 2048},
    "user-block-latest": {"userblock_size": 512, "libver": "latest"},
    "paged": {"fs_strategy": "page", "fs_page_size": 65536, "libver": "latest"},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        form: make(tmp_path_factory.mktemp(form), "x.h5", **options)
        for form, options in FORMS.items()
    }


@pytest.fixture
def stored(store: Store, files: dict[str, Path]) -> Store:
    """`x.h5`, and what its external links lead to."""
    put(store, files["earliest"])
    return store


def put(store: Store, path: Path) -> None:
    store.put("x.h5", path)
    store.put("other.h5", path.with_name("other.h5"))


def datasets(f: h5py.File) -> Iterator[str]:
    names: list[str] = ["external", "soft/x"]
    f.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    yield from names


def assert_same(ours: h5py.File, native: h5py.File) -> None:
    assert dict(ours.attrs) == dict(native.attrs)
    for name in datasets(native):
        a, b = ours[name], native[name]
        assert (a.shape, a.dtype, a.chunks, a.compression) == (
            b.shape,
            b.dtype,
            b.chunks,
            b.compression,
        )
        assert a.id.get_storage_size() == b.id.get_storage_size(), name
        if h5py.check_ref_dtype(a.dtype) is not None:
            assert [ours[r].name for r in a[()]] == [native[r].name for r in b[()]]
        elif a.shape is not None:
            np.testing.assert_array_equal(a[()], b[()], err_msg=name)


@pytest.mark.parametrize("form", list(FORMS))
def test_everything_is_read_as_native_does(store: Store, files: dict[str, Path], form: str) -> None:
    put(store, files[form])
    with arraymorph.File(store.url("x.h5")) as ours, h5py.File(files[form]) as native:
        assert_same(ours, native)


NAMES = ["raw", "gzip", "lzf", "contiguous", "part", "grows", "grows_both", "virtual"]


def test_random_selections(stored: Store, files: dict[str, Path]) -> None:
    random = np.random.default_rng(11)
    with (
        arraymorph.File(stored.url("x.h5")) as ours,
        h5py.File(files["earliest"]) as native,
    ):
        for _ in range(300):
            name = random.choice(NAMES)
            selection: list[Any] = []
            for extent in native[name].shape:
                kind = random.integers(4)
                start, stop = sorted(random.integers(0, extent + 1, 2))
                if kind == 0:
                    selection.append(int(random.integers(extent)))
                elif kind == 1:
                    selection.append(slice(start, stop, int(random.integers(1, 9))))
                else:
                    selection.append(slice(start, min(stop, start + 60)))
            chosen = tuple(selection)
            np.testing.assert_array_equal(
                ours[name][chosen], native[name][chosen], err_msg=f"{name} {chosen}"
            )
        rows = np.unique(random.integers(0, 500, 40))
        np.testing.assert_array_equal(ours["gzip"][rows], native["gzip"][rows])
        points = random.random(FIELD.shape) < 0.01
        np.testing.assert_array_equal(ours["gzip"][points], native["gzip"][points])
        np.testing.assert_array_equal(
            ours["gzip"].astype("f8")[10:20], native["gzip"].astype("f8")[10:20]
        )
        np.testing.assert_array_equal(ours["records"]["b"], native["records"]["b"])
        into = np.zeros((500, 600), "f4")
        ours["raw"].read_direct(into, np.s_[10:20], np.s_[30:40, 100:400])
        np.testing.assert_array_equal(into[30:40, 100:400], FIELD[10:20])


def test_questions_about_chunks_are_answered_by_native(
    stored: Store, files: dict[str, Path]
) -> None:
    with (
        arraymorph.File(stored.url("x.h5")) as ours,
        h5py.File(files["earliest"]) as native,
    ):
        for name in ("gzip", "part", "skipped"):
            a, b = ours[name], native[name]
            a[()]
            assert a.id.get_num_chunks() == b.id.get_num_chunks()
            assert a.id.get_chunk_info(1) == b.id.get_chunk_info(1)
            infos: list[Any] = []
            a.id.chunk_iter(infos.append)
            assert infos == [b.id.get_chunk_info(i) for i in range(len(infos))]
            where = infos[0].chunk_offset
            assert a.id.read_direct_chunk(where) == b.id.read_direct_chunk(where)
        assert ours["contiguous"].id.get_offset() == native["contiguous"].id.get_offset()


def test_unchanged_programs(python: Runner, stored: Store, enabled_environment: Any) -> None:
    python(
        f"""
import h5py
assert h5py.h5f.is_hdf5(b"{stored.url("x.h5")}")
assert not h5py.h5f.is_hdf5(b"{stored.url("none.h5")}")
with h5py.File("{stored.url("x.h5")}", "r") as f, h5py.File("{stored.url("x.h5")}") as again:
    assert f["gzip"][3, 4] == again["gzip"][3, 4]
    assert f == again
with h5py.File("{stored.url("x.h5")}", "r", swmr=True) as f:
    dataset = f["gzip"]
    dataset.refresh()
    assert dataset[()].shape == (500, 300)
dataset.id.valid
""",
        **enabled_environment,
    )


# Requests.


@pytest.mark.usefixtures("asked_for_only")
def test_opening_and_reading_everything_takes_few_requests(
    stored: Store, requests: Requests, files: dict[str, Path]
) -> None:
    with arraymorph.File(stored.url("x.h5")) as f:
        # One for each layout, at the same time; the root group goes on far behind.
        assert requests() == {"get": 3}
        f["gzip"][()]
        first = requests()
        assert first["get"] <= 4
        f["gzip"][()]
        assert requests() == {}
        f["contiguous"][()]
        assert requests()["get"] <= 10


@pytest.mark.usefixtures("asked_for_only")
def test_listing_takes_few_requests(store: Store, tmp_path: Path, requests: Requests) -> None:
    """300 datasets, their descriptions spread between 12 MB of data."""
    with h5py.File(tmp_path / "many.h5", "w") as f:
        for i in range(300):
            f.create_dataset(f"g{i % 17}/d{i}", data=RANDOM.random(5000)).attrs["unit"] = "m"
    store.put("x.h5", tmp_path / "many.h5")
    with arraymorph.File(store.url("x.h5")) as f:
        seen: list[Any] = []
        f.visititems(lambda name, item: seen.append((name, dict(item.attrs))))
        assert len(seen) == 317
    assert requests()["get"] <= 4


@pytest.mark.usefixtures("asked_for_only")
def test_index_of_a_large_dataset_comes_level_by_level(
    store: Store, tmp_path: Path, requests: Requests
) -> None:
    """24,000 chunks of 1 kB: the nodes of their index lie all over the file."""
    values = RANDOM.random((3000, 1000))
    with h5py.File(tmp_path / "chunks.h5", "w") as f:
        f.create_dataset("x", data=values, chunks=(5, 25))
    store.put("x.h5", tmp_path / "chunks.h5")
    with arraymorph.File(store.url("x.h5")) as f:
        dataset = f["x"]
        requests()
        np.testing.assert_array_equal(dataset[1500:1501], values[1500:1501])
        assert requests()["get"] < 60
        np.testing.assert_array_equal(dataset[()], values)


INDEXES: dict[str, dict[str, Any]] = {
    "fixed-array": {"libver": "latest", "maxshape": None},
    "extensible-array": {"libver": "latest", "maxshape": (None, 400)},
    "tree-2": {"libver": "latest", "maxshape": (None, None)},
    "tree-1": {"libver": "earliest", "maxshape": (None, None)},
}


@pytest.mark.parametrize("index", list(INDEXES))
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_every_kind_of_chunk_index(
    local_store: Store, tmp_path: Path, index: str, compression: str | None
) -> None:
    """Deep enough to have nodes below nodes, written row by row between other things."""
    values = RANDOM.integers(0, 9, (1500, 400), "i2")
    kind = INDEXES[index]
    with h5py.File(tmp_path / "index.h5", "w", libver=kind["libver"], userblock_size=1024) as f:
        dataset = f.create_dataset(
            "x",
            values.shape,
            "i2",
            chunks=(2, 20),
            maxshape=kind["maxshape"],
            compression=compression,
        )
        for row in range(0, 1500, 2):
            dataset[row : row + 2] = values[row : row + 2]
            if row % 100 == 0:
                f[f"between/{row}"] = np.arange(3000)
    local_store.put("x.h5", tmp_path / "index.h5")
    with arraymorph.File(local_store.url("x.h5")) as f:
        np.testing.assert_array_equal(f["x"][701:703, 30:50], values[701:703, 30:50])
        np.testing.assert_array_equal(f["x"][()], values)


# Failures.


@pytest.mark.parametrize("mode", ["r+", "a"])
def test_opening_for_writing_names_the_way_out(stored: Store, mode: str) -> None:
    with pytest.raises(PermissionError, match="arraymorph copy"):
        arraymorph.File(stored.url("x.h5"), mode)
    with arraymorph.File(stored.url("x.h5")) as f:
        with pytest.raises(PermissionError, match="arraymorph copy"):
            arraymorph.File(stored.url("x.h5"), mode)
        with pytest.raises((OSError, TypeError)):
            f["raw"][0] = 1
        with pytest.raises((ValueError, KeyError, OSError)):
            f["new"] = 1
    with arraymorph.File(stored.url("x.h5")) as f:
        np.testing.assert_array_equal(f["raw"][()], FIELD)


def test_creating_over_a_plain_file(stored: Store) -> None:
    for mode in ("w-", "x"):
        with pytest.raises(FileExistsError):
            arraymorph.File(stored.url("x.h5"), mode)
    with pytest.raises(PermissionError, match="arraymorph rm"):
        arraymorph.File(stored.url("x.h5"), "w")
    with arraymorph.File(stored.url("x.h5")) as f:
        np.testing.assert_array_equal(f["raw"][()], FIELD)


@pytest.mark.usefixtures("asked_for_only")  # what comes along stays right
def test_replaced_while_open(stored: Store, files: dict[str, Path]) -> None:
    with arraymorph.File(stored.url("x.h5")) as f:
        dataset = f["contiguous"]
        dataset[0]
        stored.put("x.h5", files["latest"])
        with pytest.raises(OSError, match="replaced since it was opened"):
            dataset[()]
    with arraymorph.File(stored.url("x.h5")) as f:
        assert f["contiguous"][()].shape == (3000, 701)


@pytest.mark.parametrize("content", [b"", b"x", b"no HDF5 file" * 100, b"\x89HDF\r\n\x1a\n"])
def test_other_objects_are_no_files(store: Store, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    store.put("x.h5", tmp_path / "other")
    with pytest.raises(OSError, match="open file"):
        arraymorph.File(store.url("x.h5"))


def test_cut_short(store: Store, tmp_path: Path, files: dict[str, Path]) -> None:
    whole = files["earliest"].read_bytes()
    for length in (len(whole) // 2, len(whole) - 1, 3000):
        (tmp_path / "cut").write_bytes(whole[:length])
        store.put("x.h5", tmp_path / "cut")
        with pytest.raises(OSError, match="truncated|eof|EOF"):
            arraymorph.File(store.url("x.h5"))


def damage(store: Store, tmp_path: Path, path: Path) -> None:
    """Store the file with one bit of a chunk of `lzf`, which has checksums, flipped."""
    with h5py.File(path) as f:
        place = f["lzf"].id.get_chunk_info(3)
    content = bytearray(path.read_bytes())
    content[place.byte_offset + place.size // 2] ^= 16
    (tmp_path / "damaged").write_bytes(content)
    store.put("x.h5", tmp_path / "damaged")


def test_damaged_chunk_is_an_error(store: Store, tmp_path: Path, files: dict[str, Path]) -> None:
    damage(store, tmp_path, files["earliest"])
    with arraymorph.File(store.url("x.h5")) as f, pytest.raises(OSError, match="x.h5/lzf"):
        f["lzf"][()]


def test_nothing_there(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        arraymorph.File(store.url("none.h5"))


def test_chunk_layout_goes_first(s3_store: Store, files: dict[str, Path]) -> None:
    """Both under one name, as S3 can have them and directories cannot."""
    with arraymorph.File(s3_store.url("x.h5"), "w") as f:
        f["x"] = 5
    s3_store.put("x.h5", files["earliest"])
    with arraymorph.File(s3_store.url("x.h5")) as f:
        assert f["x"][()] == 5


# The commands that are about chunk objects.


def test_verify_reads_everything(stored: Store, command: Command) -> None:
    done = command("verify", stored.url("x.h5"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "a plain HDF5 file" in done.stdout
    assert "whole" in done.stdout
    document = json.loads(command("verify", stored.url("x.h5"), "--json").stdout)
    assert document["state"] == "plain"
    assert document["whole"] is True


def test_verify_names_the_damaged_chunk(
    store: Store, tmp_path: Path, files: dict[str, Path], command: Command
) -> None:
    damage(store, tmp_path, files["earliest"])
    done = command("verify", store.url("x.h5"))
    assert done.returncode == 1
    assert done.stdout.count("PROBLEM") == 1
    assert "PROBLEM: /lzf: chunk (0, 3): " in done.stdout


def test_gc_has_nothing_to_do(stored: Store, command: Command) -> None:
    done = command("gc", stored.url("x.h5"), "--delete")
    assert done.returncode == 1
    assert "plain HDF5 file" in done.stderr
    with arraymorph.File(stored.url("x.h5")) as f:
        np.testing.assert_array_equal(f["raw"][()], FIELD)
