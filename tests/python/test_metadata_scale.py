"""Many datasets in one file: what opening, walking, creating and flushing ask of the store."""

from __future__ import annotations

import arraymorph
import h5py
import numpy as np
from conftest import Requests, Store

NUMBER = 300


def make(store: Store) -> str:
    url = store.url("many.h5")
    with arraymorph.File(url, "w") as f:
        for i in range(NUMBER):
            group = f.require_group(f"g{i % 7}")
            small = group.create_dataset(f"small{i}", data=np.full(4, i))
            small.attrs["unit"] = f"K{i}"
            growing = group.create_dataset(f"growing{i}", (2,), "f4", maxshape=(None,), chunks=(8,))
            growing.attrs["step"] = i
    return url


def test_creating_is_one_put(store: Store, requests: Requests) -> None:
    requests()
    make(store)
    assert requests() == {"get": 1, "head": 1, "list": 1, "put": 1}


def test_open_and_walk_with_values_is_one_get(store: Store, requests: Requests) -> None:
    url = make(store)
    requests()
    seen: list[int] = []

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and "unit" in item.attrs:
            seen.append(int(item[0]))
            assert item.attrs["unit"] == f"K{item[3]}"
        elif isinstance(item, h5py.Dataset):
            assert item.shape == (2,)
            assert name.endswith(f"growing{item.attrs['step']}")

    with arraymorph.File(url) as f:
        f.visititems(visit)
    assert sorted(seen) == list(range(NUMBER))
    assert requests() == {"get": 2}  # one for each layout


def test_adding_to_a_file_is_one_put(store: Store, requests: Requests) -> None:
    url = make(store)
    requests()
    with arraymorph.File(url, "r+") as f:
        for i in range(NUMBER):
            f.create_dataset(f"more/{i}", (2,), "f4", maxshape=(None,), chunks=(8,))
    assert requests() == {"get": 2, "put": 1}


def test_a_flush_stores_what_changed_and_nothing_else(store: Store, requests: Requests) -> None:
    with arraymorph.File(make(store), "r+") as f:
        items = [f[f"g{i % 7}/growing{i}"] for i in range(NUMBER)]
        requests()
        f.flush()
        assert requests() == {}
        f.attrs["note"] = "changed"
        f.flush()
        assert requests() == {"put": 1}
        f.flush()
        assert requests() == {}
        items[5][0] = 1  # it has no object yet: asked for once
        f.flush()
        # And whether it is still the file that was opened: before the write, and after it.
        assert requests() == {"get": 1, "put": 1, "head": 2}
        requests()
    assert requests() == {}


def test_a_log_with_a_flush_a_row_is_two_puts_a_row(store: Store, requests: Requests) -> None:
    url = store.url("log.h5")
    with arraymorph.File(url, "w") as f:
        log = f.create_dataset("log", (0, 3), "f8", maxshape=(None, 3), chunks=(100, 3))
        f.flush()
        requests()
        for step in range(10):
            log.resize(step + 1, axis=0)
            log[step] = step
            f.flush()
        assert requests() == {"put": 20}  # the chunk, and the extent in the metadata object
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["log"][:, 1], np.arange(10))
