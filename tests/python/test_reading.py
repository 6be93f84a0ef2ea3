"""How reads become requests: ranges, the cache, read-ahead; counted by the plugin itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import arraymorph
import numpy as np
import pytest
from conftest import Requests, Store

SHAPE, CHUNKS, NUMBER = (1024, 1024), (512, 256), 8
VALUES = np.arange(SHAPE[0] * SHAPE[1], dtype="f8").reshape(SHAPE)


@pytest.fixture
def url(store: Store) -> str:
    name = store.url("reading.h5")
    with arraymorph.File(name, "w") as f:
        f.create_dataset("raw", data=VALUES, chunks=CHUNKS)
        f.create_dataset("packed", data=VALUES, chunks=(16, 1024), compression="gzip")
    arraymorph.stats_reset()
    return name


def test_a_window_read_again_and_again_ends_in_the_cache(url: str, requests: Requests) -> None:
    with arraymorph.File(url) as f:
        dataset = f["raw"]
        requests()
        for i in range(1000):
            window = dataset[i % 64 : i % 64 + 2, 3:5]
            np.testing.assert_array_equal(window, VALUES[i % 64 : i % 64 + 2, 3:5])
        made = requests()
        assert made["get"] < 900
        for i in range(100):
            dataset[i % 64 : i % 64 + 2, 3:5]
        assert requests() == {}


def test_rows_are_one_request_a_chunk_at_most(url: str, requests: Requests) -> None:
    with arraymorph.File(url) as f:
        dataset = f["raw"]
        requests()
        np.testing.assert_array_equal(dataset[700], VALUES[700])
        assert requests()["get"] == SHAPE[1] // CHUNKS[1]


def test_loop_over_all_rows(url: str) -> None:
    with arraymorph.File(url) as f:
        dataset = f["raw"]
        for i in range(SHAPE[0]):
            np.testing.assert_array_equal(dataset[i], VALUES[i])
    counted = arraymorph.stats()
    assert counted["get_requests"] == 2 + NUMBER + counted["range_requests"]
    assert counted["readahead_unused"] == 0


def test_loop_is_read_ahead(url: str) -> None:
    with arraymorph.File(url) as f:
        dataset = f["packed"]
        for i in range(0, SHAPE[0], 16):
            np.testing.assert_array_equal(dataset[i : i + 16], VALUES[i : i + 16])
    counted = arraymorph.stats()
    assert counted["get_requests"] == 2 + SHAPE[0] // 16
    assert counted["readahead_used"] == counted["readahead_chunks"] > 0


def test_what_is_written_meanwhile_is_read(url: str) -> None:
    with arraymorph.File(url, "r+") as f:
        dataset = f["packed"]
        for i in range(0, 160, 16):
            dataset[i : i + 16]
        dataset[160:400] = 1
        for i in range(160, SHAPE[0], 16):
            wanted = VALUES[i : i + 16].copy()
            wanted[: max(0, 400 - i)] = 1
            np.testing.assert_array_equal(dataset[i : i + 16], wanted)


@pytest.mark.parametrize(("asked", "again"), [("", 16), ("rdcc_nbytes=64 << 20", 0)])
def test_cache_is_as_large_as_the_access_list_asks(tmp_path: Path, asked: str, again: int) -> None:
    script = f"""
import arraymorph, os
arraymorph.enable()
import h5py, numpy as np
url = "file://{tmp_path}/cache.h5"
with h5py.File(url, "w") as f:
    f.create_dataset("x", data=np.ones((4096, 1024), "i1"), chunks=(256, 1024), compression="lzf")
with h5py.File(url, {asked}) as f:
    for i in range(2):
        arraymorph.stats_reset()
        for row in (5, 3, 1, 2, 4, 0, 9, 7, 6, 8, 15, 11, 13, 10, 12, 14):
            f["x"][row * 256]
        got = arraymorph.stats()["get_requests"]
print(got)
"""
    environment = {"ARRAYMORPH_CACHE_BYTES": "1M", "ARRAYMORPH_READ_AHEAD": "0", "PATH": "/usr/bin"}
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert int(run.stdout) == again
