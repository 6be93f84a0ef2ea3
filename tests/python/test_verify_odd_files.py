"""A verdict is right for every odd file: equal ones never differ, and whole is what can be read."""

from __future__ import annotations

import bz2
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arraymorph
import every_feature
import h5py
import hdf5plugin
import numpy as np
import odd_files
import pytest
from arraymorph.cli.stored import stored
from arraymorph.cli.verify import check
from arraymorph.cli.verify_plain import check_plain
from arraymorph.cli.verify_report import Report
from arraymorph.copy.compare import differences
from conftest import Store
from h5py import h5d, h5p, h5r, h5s, h5t


@pytest.fixture(params=["inline", "objects"], autouse=True)
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Small datasets lie in the metadata object, or all in chunk objects."""
    if request.param == "objects":
        monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")
    return str(request.param)


def verify_chunks(url: str) -> Report:
    with stored(url) as file:
        return check(file, quick=False)


def verify_plain(store: Store, path: Path) -> Report:
    store.put(path.name, path)
    return check_plain(store.url(path.name), quick=False)


def said(report: Report) -> list[str]:
    return [f"{each.dataset}: {each.what}" for each in report.problems]


@pytest.mark.parametrize("name", odd_files.WHOLE)
def test_odd_files_are_equal_to_their_copies(name: str, local_store: Store, tmp_path: Path) -> None:
    plain = tmp_path / "plain.h5"
    odd_files.make(plain, name)
    imported, moved = local_store.url("imported.h5"), local_store.url("moved.h5")
    arraymorph.copy(str(plain), imported, verify=True)
    arraymorph.copy(imported, moved, verify=True)
    arraymorph.copy(moved, str(tmp_path / "exported.h5"), verify=True)
    arraymorph.copy(str(plain), local_store.url("anew.h5"), verify=True, compression="gzip")
    assert said(verify_plain(local_store, plain)) == []
    assert said(verify_chunks(imported)) == []


def test_every_feature_can_be_read_but_for_what_is_elsewhere(
    local_store: Store, tmp_path: Path
) -> None:
    plain = tmp_path / "featured.h5"
    every_feature.make(plain, "latest")
    arraymorph.copy(str(plain), local_store.url("imported.h5"), verify=True)
    for report in (
        verify_plain(local_store, plain),
        verify_chunks(local_store.url("imported.h5")),
    ):
        paths = {each.dataset for each in report.problems}
        assert paths == {"/layouts/external"}, said(report)


Change = Callable[[h5py.File], None]


def point_elsewhere(f: h5py.File) -> None:
    f.attrs["ref"] = f["other"].ref


def another_area(f: h5py.File) -> None:
    f.attrs["area"] = f["data"].regionref[2:5]


def a_longer_selection(f: h5py.File) -> None:
    f.attrs["area"] = f["data"].regionref[1:5]


def a_copy_for_a_link(f: h5py.File) -> None:
    del f["name"]
    f["name"] = f["data"][...]


def a_link_for_a_copy(f: h5py.File) -> None:
    del f["same values"]
    f["same values"] = f["data"]


def null(f: h5py.File) -> None:
    f["refs"][0] = h5r.Reference()


def another_nan(f: h5py.File) -> None:
    row = f["rows"][0]
    row["x"] = np.array([0x7FF8000000000002], "<u8").view("<f8")[0]
    f["rows"][0] = row


CHANGES = [
    point_elsewhere,
    another_area,
    a_longer_selection,
    a_copy_for_a_link,
    a_link_for_a_copy,
    null,
    another_nan,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: str(each.__name__))
def test_what_differs_is_seen(change: Change, tmp_path: Path, where: str) -> None:
    if where == "objects":
        pytest.skip("nothing is stored")
    one, two = tmp_path / "one.h5", tmp_path / "two.h5"
    with h5py.File(one, "w") as f:
        f["data"], f["other"] = np.arange(10.0), np.arange(10)
        f["same values"] = f["data"][...]
        f["name"] = f["data"]
        f["refs"] = np.array([f["name"].ref, f["other"].ref], h5py.ref_dtype)
        f.attrs["ref"], f.attrs["area"] = f["data"].ref, f["data"].regionref[1:4]
        kind = np.dtype([("x", "<f8"), ("text", h5py.string_dtype())])
        nan = np.array([0x7FF8000000000001], "<u8").view("<f8")[0]
        f["rows"] = np.array([(nan, "a"), (2, "b")], kind)
    shutil.copyfile(one, two)
    with h5py.File(one) as left, h5py.File(two) as right:
        assert list(differences(left, right)) == []
    with h5py.File(two, "r+") as f:
        change(f)
    with h5py.File(one) as left, h5py.File(two) as right:
        assert list(differences(left, right)) != []


def test_a_user_defined_link(local_store: Store, tmp_path: Path, where: str) -> None:
    if where == "objects":
        pytest.skip("it has no datasets")
    path = tmp_path / "own.h5"
    with h5py.File(path, "w") as f:
        f["x"] = np.arange(5)
    odd_files.add_user_defined_link(path)
    assert said(verify_plain(local_store, path)) == []
    with h5py.File(path) as left, h5py.File(path) as right:
        assert list(differences(left, right)) == []
    with pytest.raises(ValueError, match="/own link is a user-defined link"):
        arraymorph.copy(str(path), local_store.url("copy.h5"), verify=True)


def damaged_heap(path: Path) -> None:
    """The pointers of two texts, one in a dataset and one in an attribute, lead nowhere."""
    with h5py.File(path, "w") as f:
        f["words"] = ["sound", "lost"]
        f["group/words"] = ["a text of its own"]
        f["group"].attrs["word"] = "another text"
        f.flush()
    data = path.read_bytes()
    for text in (b"sound", b"another text"):
        assert data.count(text) == 1
    at = data.index(b"GCOL")
    path.write_bytes(data[:at] + b"XCOL" + data[at + 4 :])


def test_texts_that_cannot_be_read(local_store: Store, tmp_path: Path, where: str) -> None:
    if where == "objects":
        pytest.skip("texts lie in the metadata object")
    path = tmp_path / "heap.h5"
    damaged_heap(path)
    report = verify_plain(local_store, path)
    assert {"/words", "/group"} <= {each.dataset for each in report.problems}, said(report)
    assert any("attribute 'word'" in each.what for each in report.problems)


FILTERS: dict[str, Any] = {
    "bzip2 (307)": hdf5plugin.BZip2(),
    "blosc2 (32026)": hdf5plugin.Blosc2(),
    "zfp (32013)": hdf5plugin.Zfp(reversible=True),
}


def make_filtered(f: h5py.File, rows: int) -> None:
    for name, options in FILTERS.items():
        f.create_dataset(name, data=np.arange(float(rows)), chunks=(500,), **dict(options))
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((500,))
    plist.set_filter(399, h5py.h5z.FLAG_OPTIONAL, (1, 2))  # registered by nobody
    made = h5d.create(f.id, b"unknown", h5t.STD_I32LE, h5s.create_simple((rows,)), plist)
    made.write_direct_chunk((0,), b"anything")


# Both ways: read by HDF5 from the file, and chunk by chunk from their objects.
@pytest.mark.parametrize("layout", ["plain", "chunks"])
def test_a_missing_filter_is_named(
    layout: str,
    local_store: Store,
    tmp_path: Path,
    arraymorph_program: Callable[..., Any],
) -> None:
    url = local_store.url("filtered.h5")
    if layout == "plain":
        with h5py.File(tmp_path / "filtered.h5", "w") as f:
            make_filtered(f, 2000)
        local_store.put("filtered.h5", tmp_path / "filtered.h5")
    else:
        with arraymorph.File(url, "w") as f:
            make_filtered(f, 2000)
    # hdf5plugin, which is imported here, has set the path to its plugins.
    done = arraymorph_program("verify", url, HDF5_PLUGIN_PATH="")
    assert done.returncode == 1, done
    for name in FILTERS:
        assert f"filter {name} is missing" in done.stdout, done.stdout
    assert "it is in the Python package hdf5plugin" in done.stdout
    assert re.search(
        r"unknown.*filter number 399 is missing .*registered filter plugins", done.stdout
    )
    name = "bzip2 (307)"
    done = arraymorph_program("cat", url, name, HDF5_PLUGIN_PATH="")
    assert done.returncode == 1
    assert re.search(r"filter bzip2 \(307\) is missing .* hdf5plugin", done.stderr), done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("stored_bytes", [1, 100, 1999])
def test_a_chunk_that_decodes_short_is_an_error(
    stored_bytes: int, local_store: Store, where: str
) -> None:
    """With a filter that libhdf5 runs: HDF5 before 2.1 takes what is missing from the heap."""
    if where == "inline":
        pytest.skip("HDF5 reads it itself")
    url = local_store.url("short.h5")
    with arraymorph.File(url, "w") as f:
        dataset = f.create_dataset("x", (2000,), "i4", chunks=(500,), **dict(hdf5plugin.BZip2()))
        dataset[:500] = 7
        dataset.id.write_direct_chunk((500,), bz2.compress(bytes(stored_bytes)))
        dataset.id.write_direct_chunk((1000,), bz2.compress(bytes(2001)))
        dataset.id.write_direct_chunk((1500,), bytes([5]) * 2000, filter_mask=1)
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["x"][:500], 7)
        with pytest.raises(OSError, match=rf"short.h5/x/c.*/1.*{stored_bytes} bytes decoded"):
            f["x"][500:1000]
        with pytest.raises(OSError, match="2001 bytes decoded, 2000 expected"):
            f["x"][1000:1500]
        np.testing.assert_array_equal(f["x"][1500:], 0x05050505)
    report = verify_chunks(url)
    assert [each.key.rpartition("/")[2] for each in report.problems] == ["1", "2"]


def nbit(f: h5py.File) -> h5py.Dataset:
    kind = h5t.STD_I32LE.copy()
    kind.set_precision(19)
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((500,))
    plist.set_filter(h5py.h5z.FILTER_NBIT, h5py.h5z.FLAG_MANDATORY, ())
    return h5py.Dataset(h5d.create(f.id, b"nbit", kind, h5s.create_simple((1000,)), plist))


def scale_offset(f: h5py.File) -> h5py.Dataset:
    return f.create_dataset("so", (1000,), "i4", chunks=(500,), scaleoffset=0)


def nbit_table(f: h5py.File) -> h5py.Dataset:
    short = h5t.STD_I32LE.copy()
    short.set_precision(19)
    table = h5t.create(h5t.COMPOUND, 16)
    table.insert(b"a", 0, h5t.array_create(short, (3,)))
    table.insert(b"b", 12, h5t.IEEE_F32LE)
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((500,))
    plist.set_filter(h5py.h5z.FILTER_NBIT, h5py.h5z.FLAG_MANDATORY, ())
    return h5py.Dataset(h5d.create(f.id, b"table", table, h5s.create_simple((1000,)), plist))


@pytest.mark.parametrize("make", [nbit, scale_offset, nbit_table])
def test_input_that_is_cut_off_is_an_error(
    make: Callable[[h5py.File], h5py.Dataset], local_store: Store, where: str
) -> None:
    """These filters read on behind the end of what they are given."""
    if where == "inline":
        pytest.skip("HDF5 reads it itself")
    url = local_store.url("cut.h5")
    with arraymorph.File(url, "w") as f:
        dataset = make(f)
        name = dataset.name
        data = np.arange(1000 * dataset.dtype.itemsize, dtype="u8").astype("u1")
        values = np.frombuffer((data % 100).tobytes(), dataset.dtype)
        if dataset.dtype.kind == "i":
            values = np.arange(1000, dtype="i4") * 37 % 1021
        dataset[...] = values
        f.flush()
        mask, whole = dataset.id.read_direct_chunk((0,))
        assert mask == 0
    for size in (1, 10, 21, len(whole) // 2, len(whole) - 2):
        with arraymorph.File(url, "r+") as f:
            f[name].id.write_direct_chunk((500,), whole[:size])
        with arraymorph.File(url) as f:
            f[name][:500]
            with pytest.raises(OSError, match="cut off|bytes decoded"):
                f[name][500:]
