"""What operations cost: requests counted by the plugin itself."""

from __future__ import annotations

from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Requests, Store

SHAPE, CHUNKS, NUMBER = (400, 300), (100, 100), 12
VALUES = np.arange(120_000, dtype="i8").reshape(SHAPE)


@pytest.fixture(autouse=True)
def every_dataset_in_objects(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")


def make(store: Store, **arguments: Any) -> str:
    url = store.url("r.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=VALUES, chunks=CHUNKS, **arguments)
    return url


def test_open_is_one_get_for_each_layout(store: Store, requests: Requests) -> None:
    url = make(store)
    requests()
    f = arraymorph.File(url)
    assert requests() == {"get": 2}
    assert list(f) == ["x"]
    assert f["x"].shape == SHAPE
    f.close()
    assert requests() == {}


def test_whole_read_is_one_get_a_chunk(store: Store, requests: Requests) -> None:
    with arraymorph.File(make(store, compression="gzip", shuffle=True)) as f:
        dataset = f["x"]
        requests()
        np.testing.assert_array_equal(dataset[...], VALUES)
        assert requests() == {"get": NUMBER}


def test_partial_read_is_one_get_a_touched_chunk(store: Store, requests: Requests) -> None:
    with arraymorph.File(make(store)) as f:
        dataset = f["x"]
        requests()
        np.testing.assert_array_equal(dataset[150, :], VALUES[150, :])
        assert requests() == {"get": 3}
        np.testing.assert_array_equal(dataset[160:170, 120:130], VALUES[160:170, 120:130])
        assert requests() == {}


def test_whole_write_is_one_put_a_chunk_and_one_commit(store: Store, requests: Requests) -> None:
    requests()
    make(store)
    made = requests()
    assert made["put"] == NUMBER + 1
    # A new name: is there a file, and if not, do objects of a forgotten one lie under it?
    assert made["get"] == 1
    assert made["list"] == 1


def test_row_by_row_write_sends_each_chunk_once(store: Store, requests: Requests) -> None:
    with arraymorph.File(store.url("rows.h5"), "w") as f:
        dataset = f.create_dataset("x", SHAPE, "i8", chunks=CHUNKS)
        requests()
        for row in range(SHAPE[0]):
            dataset[row] = VALUES[row]
    made = requests()
    assert made["put"] == NUMBER + 1
    assert made.get("get", 0) == 0
    with arraymorph.File(store.url("rows.h5")) as f:
        np.testing.assert_array_equal(f["x"][...], VALUES)


def test_writing_values_only_does_not_commit(store: Store, requests: Requests) -> None:
    url = make(store)
    with arraymorph.File(url, "r+") as f:
        dataset = f["x"]
        requests()
        dataset[:100, :100] = 7
    made = requests()
    assert made == {"put": 1, "head": 1}  # is it still the file that was opened?


def test_reading_never_writes(store: Store, requests: Requests) -> None:
    url = make(store)
    requests()
    with arraymorph.File(url, "r+") as f:
        assert f["x"][0, 0] == 0
    made = requests()
    assert set(made) == {"get"}


def test_empty_chunks_cost_no_put(store: Store, requests: Requests) -> None:
    with arraymorph.File(store.url("sparse.h5"), "w") as f:
        dataset = f.create_dataset("x", (10_000, 10_000), "f4", chunks=(100, 100), fillvalue=-1)
        dataset[5_000, 5_000] = 3
        requests()
    assert requests()["put"] == 2
    with arraymorph.File(store.url("sparse.h5")) as f:
        assert f["x"][4_999:5_002, 5_000].tolist() == [-1, 3, -1]


def test_rename_moves_no_data(store: Store, requests: Requests) -> None:
    url = make(store)
    with arraymorph.File(url, "r+") as f:
        requests()
        f.move("x", "group/renamed")
    made = requests()
    assert made.get("put", 0) == 1
    assert made.get("copy", 0) == 0
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["group/renamed"][...], VALUES)


def test_delete_removes_the_objects_after_the_commit(local_store: Store) -> None:
    url = make(local_store)
    with arraymorph.File(url, "r+") as f:
        del f["x"]
    assert local_store.root is not None
    left = [path.name for path in (local_store.root / "r.h5").rglob("*") if path.is_file()]
    assert sorted(left) == ["emptied.json", "metadata.h5"]


def test_stats_are_reset(store: Store) -> None:
    make(store)
    assert arraymorph.stats()["put_requests"] > 0
    arraymorph.stats_reset()
    assert all(value == 0 for value in arraymorph.stats().values())


def test_layout_in_the_store(local_store: Store) -> None:
    url = local_store.url("layout.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("g/x", data=VALUES, chunks=(200, 300))
        scalar = f.create_dataset("s", data=np.float64(1))
        assert scalar[()] == 1
    assert local_store.root is not None
    file = local_store.root / "layout.h5"
    assert (file / "g/x/c/0/0").read_bytes() == VALUES[:200].tobytes()
    assert (file / "g/x/c/1/0").read_bytes() == VALUES[200:].tobytes()


def test_metadata_object_starts_as_an_hdf5_file(local_store: Store) -> None:
    make(local_store)
    assert local_store.root is not None
    data = (local_store.root / "r.h5/.arraymorph/metadata.h5").read_bytes()
    assert data.startswith(b"\x89HDF\r\n\x1a\n")
    assert h5py.is_hdf5(local_store.root / "r.h5/.arraymorph/metadata.h5")
