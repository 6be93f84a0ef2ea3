"""Virtual datasets: only a source that is missing means fill values. Whatever else keeps one from
being read is an error that names it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import arraymorph
import daemon
import fault_relay
import h5py
import numpy as np
import pytest
from conftest import Command, Requests, Store
from fault_relay import Rule
from stored_files import all_objects, put_plain

U = h5py.h5s.UNLIMITED
VALUES = np.arange(1, 2001)
LAYOUTS = ("chunks", "plain")


@pytest.fixture(autouse=True)
def every_dataset_in_objects(small_objects: None) -> None:
    """Also the small ones of these tests."""


def fill(f: Any, values: Any = VALUES) -> None:
    f.create_dataset("d", data=values, maxshape=(None,), chunks=(100,), compression="gzip")
    f["g/deep"] = values
    f["gone"] = h5py.SoftLink("/nowhere")
    f["away"] = h5py.ExternalLink("nowhere.h5", "d")
    f["text"] = h5py.ExternalLink("text.h5", "d")


def make_source(store: Store, layout: str, name: str = "s.h5", values: Any = VALUES) -> None:
    if layout == "plain":
        put_plain(store, name, lambda f: fill(f, values))
        return
    with arraymorph.File(store.url(name), "w") as f:
        fill(f, values)


def make_master(
    store: Store,
    *sources: tuple[str, str],
    name: str = "m.h5",
    count: int = len(VALUES),
) -> str:
    """One row for each source (file, dataset); fill value -9. Its URL."""
    layout = h5py.VirtualLayout((len(sources), count), "i8")
    for row, (file, dataset) in enumerate(sources):
        layout[row] = h5py.VirtualSource(file, dataset, (count,))
    with arraymorph.File(store.url(name), "w") as f:
        f.create_virtual_dataset("v", layout, fillvalue=-9)
    return store.url(name)


def make_endless(
    store: Store, file: str, start: int, stride: int, block: int, *, numbered: bool = False
) -> str:
    """A mapping without an end over the beginning of `file`'s dataset "d". Its URL."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_fill_value(np.array(-9))
    virtual = h5py.h5s.create_simple((1,), (U,))
    virtual.select_hyperslab((start,), (U,), (stride,), (block,))
    source = h5py.h5s.create_simple((block,), (U,))
    if numbered:
        source.select_hyperslab((0,), (1,), None, (block,))
    else:
        source.select_hyperslab((0,), (1,), None, (U,))
    plist.set_virtual(virtual, file.encode(), b"d", source)
    with arraymorph.File(store.url("m.h5"), "w") as f:
        space = h5py.h5s.create_simple((1,), (U,))
        h5py.h5d.create(f.id, b"v", h5py.h5t.NATIVE_INT64, space, plist)
    return store.url("m.h5")


def read(url: str, mode: str = "r", where: Any = ...) -> Any:
    with arraymorph.File(url, mode) as f:
        return f["v"][where]


def error_of(url: str, mode: str = "r", where: Any = ...) -> str:
    with arraymorph.File(url, mode) as f, pytest.raises(OSError, match="source") as failure:
        f["v"][where]
    return str(failure.value)


def spoil(store: Store, layout: str, how: str) -> Callable[[], None]:
    """Damage the file s.h5; what is returned mends it."""
    objects = all_objects(store)
    key = "s.h5" if layout == "plain" else "s.h5/.arraymorph/metadata.h5"
    good = content = objects.read(key)
    if how == "cut":
        content = content[: len(content) // 2]
    elif how == "empty":
        content = b""
    elif how == "text":
        content = b"<html>error</html>" * 100
    elif how == "header":  # the root group's
        content = content.replace(b"TREE", b"TRXE").replace(b"OHDR", b"OHXR")
    objects.write(key, content)
    return lambda: objects.write(key, good)


@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize("how", ["cut", "empty", "text", "header"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_damaged_source(local_store: Store, layout: str, how: str, mode: str) -> None:
    make_source(local_store, layout)
    url = make_master(local_store, ("s.h5", "d"))
    spoil(local_store, layout, how)
    said = error_of(url, mode)
    assert "source s.h5, dataset d" in said
    assert f"virtual dataset {url}/v" in said
    assert local_store.url("s.h5") in said


@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_missing_is_the_fill_value(local_store: Store, layout: str, mode: str) -> None:
    make_source(local_store, layout)
    missing = [("none.h5", "d"), *(("s.h5", d) for d in ("none", "none/d", "gone", "away"))]
    url = make_master(local_store, *missing, ("s.h5", "g/deep"))
    values = read(url, mode)
    assert (values[:-1] == -9).all()
    np.testing.assert_array_equal(values[-1], VALUES)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_dataset_that_could_be_read(local_store: Store, layout: str) -> None:
    """What lies under the name of a source is something else, or behind a link to such."""
    make_source(local_store, layout)
    all_objects(local_store).write("text.h5", b"no HDF5 file" * 100)
    url = make_master(local_store, ("s.h5", "g"), ("s.h5", "text"), ("s.h5", "d/x"))
    for row, name in enumerate(("g", "text", "d/x")):
        assert f"source s.h5, dataset {name}, " in error_of(url, where=row)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_what_is_read_has_to_be_readable(local_store: Store, layout: str) -> None:
    make_source(local_store, layout)
    make_source(local_store, layout, "good.h5")
    url = make_master(local_store, ("good.h5", "d"), ("s.h5", "d"))
    spoil(local_store, layout, "cut")
    np.testing.assert_array_equal(read(url, where=0), VALUES)
    assert "source s.h5" in error_of(url)


def test_a_source_that_has_become_too_small(local_store: Store) -> None:
    make_source(local_store, "chunks", values=VALUES[:50])
    url = make_master(local_store, ("s.h5", "d"))
    said = error_of(url)
    assert "source s.h5, dataset d" in said
    assert "(50)" in said


def test_a_master_for_writing_reads_plain_sources(local_store: Store) -> None:
    make_source(local_store, "plain")
    url = make_master(local_store, ("s.h5", "d"))
    np.testing.assert_array_equal(read(url, "r+")[0], VALUES)
    with arraymorph.File(url, "r+") as f:
        with pytest.raises(OSError, match=r"s\.h5.*plain HDF5 file|s\.h5.*read"):
            f["v"][0, :5] = 0
        np.testing.assert_array_equal(f["v"][0], VALUES)


@pytest.mark.parametrize("open_mode", ["r", "r+"])
@pytest.mark.parametrize("mode", ["r", "r+"])
def test_a_source_that_is_open_here(local_store: Store, mode: str, open_mode: str) -> None:
    make_source(local_store, "chunks")
    url = make_master(local_store, ("s.h5", "d"))
    with arraymorph.File(local_store.url("s.h5"), open_mode) as s:
        if open_mode == "r+":
            s["d"][0] = 77  # not committed yet
        values = read(url, mode)[0]
        assert values[0] == s["d"][0] == (77 if open_mode == "r+" else 1)
        np.testing.assert_array_equal(values[1:], VALUES[1:])
    # A source that is open may be opened by the program, too.
    with arraymorph.File(url, mode) as f:
        assert f["v"][0, 1] == 2
        with arraymorph.File(local_store.url("s.h5"), "r") as s:
            assert s["d"][1] == 2


def test_writing_through_a_mapping(local_store: Store) -> None:
    make_source(local_store, "chunks")
    make_source(local_store, "chunks", "t.h5")
    url = make_master(local_store, ("s.h5", "d"), ("t.h5", "d"), ("s.h5", "g/deep"))
    with arraymorph.File(url, "r+") as f:
        assert f["v"][0, 0] == 1  # opened for reading first
        f["v"][:, 10:20] = 5  # h5py repeats the row by moving one selection
        assert f["v"][:, 10:20].tolist() == [[5] * 10] * 3
        f["v"][:, 20:22] = [[6, 7], [8, 9], [10, 11]]
    for name, dataset, two in (("s", "d", [6, 7]), ("t", "d", [8, 9]), ("s", "g/deep", [10, 11])):
        with arraymorph.File(local_store.url(f"{name}.h5")) as s:
            assert s[dataset][9:23].tolist() == [10, *[5] * 10, *two, 23]
    with (
        arraymorph.File(local_store.url("s.h5")),
        arraymorph.File(url, "r+") as f,
        pytest.raises(OSError, match=r"source s\.h5.*already open for read-only"),
    ):
        f["v"][0, 0] = 6


def test_flush_stores_what_was_written_through(local_store: Store) -> None:
    make_source(local_store, "chunks")
    url = make_master(local_store, ("s.h5", "d"))
    other = Store("local", "", {}, local_store.root)
    with arraymorph.File(url, "r+") as f:
        for number, flush in enumerate((f.flush, f["v"].flush)):
            f["v"][0, :100] = 50 + number
            flush()
            # A copy of the store is what another process sees.
            assert other.root is not None
            copy = Path(f"{other.root}-{number}")
            shutil.copytree(other.root, copy)
            with arraymorph.File(f"file://{copy}/s.h5") as s:
                assert s["d"][0] == 50 + number


def test_a_source_that_appears_later(local_store: Store) -> None:
    url = make_master(local_store, ("s.h5", "d"))
    with arraymorph.File(url) as f:
        assert (f["v"][...] == -9).all()
        make_source(local_store, "plain")
        np.testing.assert_array_equal(f["v"][0], VALUES)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sources_of_sources(local_store: Store, layout: str) -> None:
    make_source(local_store, layout)
    make_master(local_store, ("s.h5", "d"), name="inner.h5")
    layout_ = h5py.VirtualLayout((1, len(VALUES)), "i8")
    layout_[...] = h5py.VirtualSource("inner.h5", "v", (1, len(VALUES)))
    url = local_store.url("outer.h5")
    with arraymorph.File(url, "w") as f:
        f.create_virtual_dataset("v", layout_, fillvalue=-8)
    for mode in ("r", "r+"):
        np.testing.assert_array_equal(read(url, mode)[0], VALUES)
    spoil(local_store, layout, "text")
    said = error_of(url)
    assert "source inner.h5, dataset v" in said
    assert "source s.h5, dataset d" in said


def test_sources_in_a_circle(local_store: Store) -> None:
    url = local_store.url("m.h5")
    layout = h5py.VirtualLayout((10,), "i8")
    layout[...] = h5py.VirtualSource(".", "v", (10,))
    with arraymorph.File(url, "w") as f:
        f.create_virtual_dataset("v", layout)
    assert "circle" in error_of(url)
    make_endless(local_store, ".", 0, 1, 1)  # its source is its other dataset "d", which is:
    with arraymorph.File(url, "r+") as f:
        f["d"] = f["v"]
    with arraymorph.File(url) as f, pytest.raises(RuntimeError, match="circle"):
        _ = f["v"].shape


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_a_source_in_the_same_file(local_store: Store, mode: str) -> None:
    url = make_master(local_store, (".", "d"), ("m.h5", "d"), (".", "none"))
    with arraymorph.File(url, "r+") as f:
        fill(f)
    values = read(url, mode)
    np.testing.assert_array_equal(values[0], VALUES)
    np.testing.assert_array_equal(values[1], VALUES)
    assert (values[2] == -9).all()
    assert local_store.root is not None
    (chunk,) = (local_store.root / "m.h5").glob("d~*/c/3")
    chunk.write_bytes(b"no gzip")
    for row in (0, 1):
        said = error_of(url, mode, row)
        assert "m.h5/v (file://" in said
        assert "/c/3" in said


@pytest.mark.parametrize("layout", LAYOUTS)
def test_blocks_of_numbered_sources(local_store: Store, layout: str) -> None:
    """A block that is missing is the fill value, one that cannot be opened is an error."""
    for number in (0, 1, 3):
        make_source(local_store, layout, f"p{number}.h5", VALUES[:4] + 10 * number)
    url = make_endless(local_store, "p%b.h5", 1, 5, 4, numbered=True)
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_virtual_printf_gap(1)
    block = [[1, 2, 3, 4, -9], [11, 12, 13, 14, -9], [-9] * 5, [31, 32, 33, 34]]
    for mode in ("r", "r+"):
        with arraymorph.File(url, mode) as f:
            assert f["v"].shape == (10,)  # without a gap the first missing one ends it
            assert f["v"][...].tolist() == [-9, *block[0], *block[1][:4]]
        with arraymorph.File(url, mode) as f:
            v = h5py.Dataset(h5py.h5d.open(f.id, b"v", access))
            assert v.shape == (20,)
            assert v[...].tolist() == [-9, *(each for row in block for each in row)]
    all_objects(local_store).write("p2.h5", b"half of a file")
    with arraymorph.File(url) as f:
        with pytest.raises(RuntimeError, match=r"source p2\.h5, dataset d.*p2\.h5"):
            _ = f["v"].shape
        # What lies before it can be read, through a dataspace that does not depend on it.
        space = h5py.h5s.create_simple((10,))
        values = np.zeros(10, "i8")
        f["v"].id.read(h5py.h5s.create_simple((10,)), space, values)
        assert values.tolist() == [-9, *block[0], *block[1][:4]]


@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_extent_that_follows_its_source(local_store: Store, layout: str, mode: str) -> None:
    url = make_endless(local_store, "s.h5", 2, 1, 1)
    with arraymorph.File(url, mode) as f:
        assert f["v"].shape == (0,)
    make_source(local_store, layout, values=VALUES[:30])
    with arraymorph.File(url, mode) as f:
        assert f["v"].shape == (32,)
        np.testing.assert_array_equal(f["v"][...], [-9, -9, *VALUES[:30]])
        f["v"].id.refresh()
        assert f["v"].shape == (32,)
        assert f["v"].id.get_storage_size() == 0
        f["v"].flush()
    spoil(local_store, layout, "cut")
    with arraymorph.File(url, mode) as f, pytest.raises(RuntimeError, match="source s.h5, dataset"):
        _ = f["v"].shape


def test_extents_are_those_of_native_hdf5(local_store: Store, tmp_path: Path) -> None:
    """Mappings without an end over three sources, both views, with gaps, in both layouts."""

    def make(place: Callable[[str], Any], slabs: Any) -> None:
        for number, count in enumerate((23, 8)):
            with place(f"u{number}.h5") as f:
                f.create_dataset("d", data=VALUES[:count], maxshape=(None,), chunks=(7,))
        for number in (0, 1, 3):
            with place(f"p{number}.h5") as f:
                f.create_dataset("d", data=VALUES[:4], chunks=(2,))
        with place("m.h5") as f:
            for number, mappings in enumerate(slabs):
                plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                plist.set_fill_value(np.array(-9))
                for file, (start, stride, block), (first, step, size) in mappings:
                    virtual = h5py.h5s.create_simple((1,), (U,))
                    virtual.select_hyperslab((start,), (U,), (stride,), (block,))
                    source = h5py.h5s.create_simple((size,), (U,))
                    counted = (1,) if "%b" in file else (U,)
                    source.select_hyperslab((first,), counted, (step,), (size,))
                    plist.set_virtual(virtual, file.encode(), b"d", source)
                space = h5py.h5s.create_simple((1,), (U,))
                name = f"v{number}".encode()
                h5py.h5d.create(f.id, name, h5py.h5t.NATIVE_INT64, space, plist)

    def look(file: Any, number: int, view: int, gap: int) -> Any:
        access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
        access.set_virtual_view(view)
        access.set_virtual_printf_gap(gap)
        v = h5py.Dataset(h5py.h5d.open(file.id, f"v{number}".encode(), access))
        return v.shape, v[...].tolist(), v[3:11].tolist()

    every_other = ("u0.h5", (0, 8, 3), (1, 4, 3)), ("u1.h5", (4, 8, 2), (0, 3, 2))
    blocks = (("p%b.h5", (1, 6, 4), (0, 1, 4)),)
    slabs = [every_other, blocks, (*blocks, ("u0.h5", (5, 6, 1), (2, 2, 1))), every_other[:1]]
    make(lambda name: h5py.File(tmp_path / name, "w"), slabs)
    make(lambda name: arraymorph.File(local_store.url(name), "w"), slabs)
    for mode in ("r", "r+"):
        for number in range(len(slabs)):
            for view in (h5py.h5d.VDS_FIRST_MISSING, h5py.h5d.VDS_LAST_AVAILABLE):
                for gap in (0, 1):
                    with (
                        h5py.File(tmp_path / "m.h5", mode) as native,
                        arraymorph.File(local_store.url("m.h5"), mode) as stored,
                    ):
                        right = look(native, number, view, gap)
                        assert look(stored, number, view, gap) == right, (number, view, gap)


def test_looking_at_an_extent_commits_nothing(local_store: Store, requests: Requests) -> None:
    make_source(local_store, "plain")
    url = make_endless(local_store, "s.h5", 2, 1, 1)
    requests()
    with arraymorph.File(url, "r+") as f:
        assert f["v"].shape == (len(VALUES) + 2,)
    assert set(requests()) == {"get"}


def test_requests_go_to_the_sources_that_are_read(local_store: Store, requests: Requests) -> None:
    for name in "abc":
        make_source(local_store, "chunks", f"{name}.h5")
    url = make_master(local_store, *((f"{name}.h5", "d") for name in "abcx"))
    with arraymorph.File(url) as f:
        requests()
        assert f["v"][1, 0] == 1
        assert requests() == {"get": 3}  # metadata, the look for a plain file, one chunk
        assert f["v"][3, 0] == -9
        assert requests() == {"get": 2}  # one place was asked, once


# Copies and commands


@pytest.mark.parametrize("layout", LAYOUTS)
def test_copies_of_virtual_data(local_store: Store, layout: str) -> None:
    make_source(local_store, layout)
    url = make_master(local_store, ("s.h5", "d"), ("none.h5", "d"))
    target = local_store.url("copy.h5")
    options = [{}, {"expand_external": True}, {"expand_soft": True}, {"shallow": True}]
    with arraymorph.File(url) as f, arraymorph.File(target, "w") as g:
        for number, each in enumerate(options):
            f.copy("v", g, f"v{number}", **each)
            f.copy(f["/"], g, f"all{number}", **each)
    with arraymorph.File(target) as g:
        for number in range(len(options)):
            for name in (f"v{number}", f"all{number}/v"):
                np.testing.assert_array_equal(g[name][0], VALUES)
                assert (g[name][1] == -9).all()
    spoil(local_store, layout, "text")
    with arraymorph.File(target) as g, pytest.raises(OSError, match="source s.h5, dataset d"):
        g["v1"][...]


@pytest.mark.parametrize("master", ["limited", "endless", "numbered"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_commands(local_store: Store, command: Command, layout: str, master: str) -> None:
    """verify and cat report a source that cannot be read; gc needs none."""
    name = "s0.h5" if master == "numbered" else "s.h5"
    make_source(local_store, layout)
    make_source(local_store, layout, "s0.h5")
    if master == "limited":
        url = make_master(local_store, ("none.h5", "d"), ("s.h5", "d"))
    else:
        file = "s%b.h5" if master == "numbered" else "s.h5"
        url = make_endless(local_store, file, 0, 4, 4, numbered=master == "numbered")
    done = command("verify", url)
    assert done.returncode == 0, done
    if name == "s0.h5":
        all_objects(local_store).write("s1.h5", b"no HDF5 file")
        name = "s1.h5"
    else:
        spoil(local_store, layout, "text")
    done = command("verify", url)
    assert done.returncode == 1
    assert "/v" in done.stdout
    assert f"source {name}, dataset d" in done.stdout
    assert local_store.url(name) in done.stdout
    done = command("cat", url, "/v")
    assert done.returncode == 1
    assert f"source {name}, dataset d" in done.stderr
    assert command("gc", url).returncode == 0
    assert command("verify", "--quick", url).returncode == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_copy_command(local_store: Store, command: Command, layout: str, tmp_path: Path) -> None:
    """The mappings are copied, whatever state the sources are in."""
    make_source(local_store, layout)
    url = make_master(local_store, ("s.h5", "d"))
    mend = spoil(local_store, layout, "cut")
    copies = [local_store.url("again.h5"), str(tmp_path / "out.h5"), local_store.url("in.h5")]
    for source, target in zip((url, url, copies[1]), copies, strict=True):
        done = command("copy", source, target, "--verify")
        assert done.returncode == 0, done
    mend()
    for each in (copies[0], copies[2]):
        np.testing.assert_array_equal(read(each)[0], VALUES)


# Where sources are looked for


def read_with_prefix(url: str, prefix: bytes) -> Any:
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_virtual_prefix(prefix)
    with arraymorph.File(url) as f:
        return h5py.Dataset(h5py.h5d.open(f.id, b"v", dapl=access))[0]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_prefixes(
    local_store: Store, layout: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_source(local_store, layout, "runs/sub/s.h5")
    url = make_master(local_store, ("s.h5", "d"), name="runs/m.h5")
    elsewhere = make_master(local_store, ("s.h5", "d"), name="m.h5")
    assert (read(url) == -9).all()
    monkeypatch.chdir(tmp_path)
    for prefix in ("${ORIGIN}/sub", "${ORIGIN}/sub/", "sub", local_store.url("runs/sub")):
        np.testing.assert_array_equal(read_with_prefix(url, prefix.encode()), VALUES)
        for where in (prefix, f"{local_store.url('x')}:{prefix}:{local_store.url('y')}"):
            monkeypatch.setenv("HDF5_VDS_PREFIX", where)
            np.testing.assert_array_equal(read(url)[0], VALUES)
            monkeypatch.delenv("HDF5_VDS_PREFIX")
    np.testing.assert_array_equal(read_with_prefix(elsewhere, b"runs/sub"), VALUES)
    np.testing.assert_array_equal(read_with_prefix(elsewhere, b"${ORIGIN}/runs/sub"), VALUES)
    # A plain name means the same.
    np.testing.assert_array_equal(read_with_prefix("runs/m.h5", b"${ORIGIN}/sub"), VALUES)


def test_the_first_place_counts(local_store: Store) -> None:
    """A file that cannot be opened is not passed over for one that lies in a later place."""
    make_source(local_store, "plain", "sub/s.h5")
    make_source(local_store, "plain", "s.h5", VALUES * 2)
    url = make_master(local_store, ("s.h5", "d"))
    np.testing.assert_array_equal(read_with_prefix(url, b"${ORIGIN}/sub"), VALUES)
    all_objects(local_store).write("sub/s.h5", b"no HDF5 file")
    with pytest.raises(OSError, match=r"sub/s\.h5"):
        read_with_prefix(url, b"${ORIGIN}/sub")
    np.testing.assert_array_equal(read(url)[0], VALUES * 2)


def test_names_of_sources(local_store: Store) -> None:
    """Relative ones may go up, absolute ones are looked for by their last part, too."""
    make_source(local_store, "chunks", "raw/s.h5")
    make_source(local_store, "chunks", "runs/t.h5", VALUES * 2)
    url = make_master(
        local_store,
        ("../raw/s.h5", "d"),
        ("./../raw/../raw/s.h5", "d"),
        (local_store.url("raw/s.h5"), "d"),
        ("/data/of/somebody/t.h5", "d"),
        ("../" * 30 + "raw/s.h5", "d"),
        name="runs/m.h5",
    )
    values = read(url)
    for row in range(3):
        np.testing.assert_array_equal(values[row], VALUES)
    np.testing.assert_array_equal(values[3], VALUES * 2)
    assert (values[4] == -9).all()


# Servers that refuse

# Serves a directory, with ranges; what lies in "denied", "broken" or "whole" is refused, fails, or
# comes without them.
WEB_SERVER = """
import http.server, pathlib, re, sys, threading
class Files(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        name = self.path.strip("/")
        status = {"denied": 403, "broken": 500}.get(name.split("/")[0], 200)
        path = pathlib.Path(sys.argv[1]) / name
        body = path.read_bytes() if status == 200 and path.is_file() else b""
        if status == 200 and not path.is_file():
            status = 404
        asked = re.match(r"bytes=([0-9]+)-([0-9]*)", self.headers.get("Range", ""))
        part = body
        if status == 200 and asked and not name.startswith("whole"):
            status = 206
            part = body[int(asked[1]) : int(asked[2] or len(body)) + 1]
        self.send_response(status)
        if status == 206:
            end = int(asked[1]) + len(part) - 1
            self.send_header("Content-Range", f"bytes {asked[1]}-{end}/{len(body)}")
        self.send_header("ETag", f'"{hash(body)}"')
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"""


def test_sources_on_a_web_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_RETRIES", "0")
    names = {"sub/s.h5": None, "denied/s.h5": "403", "broken/s.h5": "500", "whole/s.h5": "range"}
    for folder in ("sub", "denied", "broken", "whole"):
        (tmp_path / folder).mkdir()
        with h5py.File(tmp_path / folder / "s.h5", "w") as f:
            fill(f)
    layout = h5py.VirtualLayout((6, len(VALUES)), "i8")
    for row, name in enumerate((*names, "none.h5", "s.h5")):
        layout[row] = h5py.VirtualSource(name, "d", VALUES.shape)
    with h5py.File(tmp_path / "m.h5", "w") as f:
        f.create_virtual_dataset("v", layout, fillvalue=-9)
    with daemon.announced([sys.executable, "-c", WEB_SERVER, str(tmp_path)]) as base:
        url = f"{base.strip()}/m.h5"
        for row, (name, cause) in enumerate(names.items()):
            if cause is None:
                np.testing.assert_array_equal(read(url, where=row), VALUES)
                continue
            said = error_of(url, where=row)
            assert f"source {name}, dataset d" in said
            assert f"{base.strip()}/{name}" in said
            assert cause in said
        assert (read(url, where=slice(4, 6)) == -9).all()
        # Prefixes are told apart by ':', which URLs contain.
        monkeypatch.setenv("HDF5_VDS_PREFIX", f"{base.strip()}/none:{base.strip()}/sub")
        np.testing.assert_array_equal(read(url, where=5), VALUES)


@pytest.fixture(scope="module")
def relay(server: dict[str, str]) -> Iterator[fault_relay.Remote]:
    with fault_relay.started(server["AWS_ENDPOINT_URL_S3"]) as remote:
        yield remote


@pytest.fixture
def through_relay(
    s3_store: Store, relay: fault_relay.Remote, monkeypatch: pytest.MonkeyPatch
) -> Store:
    relay.set_rules([])
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", relay.endpoint)
    monkeypatch.setenv("ARRAYMORPH_RETRIES", "0")
    return s3_store


@pytest.mark.parametrize("fault", ["denied", "500"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_server_that_refuses(
    through_relay: Store, relay: fault_relay.Remote, layout: str, fault: str
) -> None:
    store = through_relay
    make_source(store, layout)
    url = make_master(store, ("s.h5", "d"), ("none.h5", "d"))
    values = read(url)
    np.testing.assert_array_equal(values[0], VALUES)
    assert (values[1] == -9).all()
    for mode in ("r", "r+"):
        relay.set_rules([Rule(fault, key=r"/s\.h5")])
        with arraymorph.File(url, mode) as f:
            with pytest.raises(OSError, match=r"source s\.h5, dataset d") as failure:
                f["v"][...]
            assert store.url("s.h5") in str(failure.value)
            assert {"denied": "403", "500": "500"}[fault] in str(failure.value)
            assert (f["v"][1] == -9).all()
            # It is asked again.
            relay.set_rules([])
            np.testing.assert_array_equal(f["v"][0], VALUES)


@pytest.mark.parametrize("fault", ["denied", "500"])
def test_an_extent_behind_a_server_that_refuses(
    through_relay: Store, relay: fault_relay.Remote, fault: str
) -> None:
    make_source(through_relay, "plain", values=VALUES[:30])
    url = make_endless(through_relay, "s.h5", 0, 1, 1)
    relay.set_rules([Rule(fault, key=r"/s\.h5")])
    for mode in ("r", "r+"):
        with (
            arraymorph.File(url, mode) as f,
            pytest.raises((OSError, RuntimeError), match=r"source s\.h5"),
        ):
            _ = f["v"].shape


def test_a_source_that_cannot_be_stored(
    through_relay: Store, relay: fault_relay.Remote, capfd: pytest.CaptureFixture[str]
) -> None:
    """HDF5 cannot take back that a dataset is closed: the file's flush and close are what fails."""
    make_source(through_relay, "chunks")
    url = make_master(through_relay, ("s.h5", "d"))
    f = arraymorph.File(url, "r+")
    v = f["v"]
    v[0, :100] = 5
    relay.set_rules([Rule("500", verbs="PUT", key=r"/s\.h5")])
    with pytest.raises((OSError, RuntimeError), match=r"source s\.h5, dataset d.*500"):
        v.flush()
    v.id.close()
    assert "source s.h5, dataset d" in capfd.readouterr().err
    for attempt in (f.flush, f.id.close):
        with pytest.raises((OSError, RuntimeError), match=r"source s\.h5, dataset d.*500"):
            attempt()
    relay.set_rules([])
    f.close()
    with arraymorph.File(through_relay.url("s.h5")) as s:
        assert s["d"][:100].tolist() == [5] * 100
