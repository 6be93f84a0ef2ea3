"""Settings that a program changes between two files count for the file that is opened next."""

from __future__ import annotations

import os
from pathlib import Path

import arraymorph
import numpy as np
import pytest
from conftest import Requests, Store

NUMBER = 64
VALUES = np.arange(NUMBER * 2048, dtype="i8")  # chunks of 16 KiB, 1 MiB in all


@pytest.fixture
def url(local_store: Store) -> str:
    url = local_store.url("x.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(2048,), compression="lzf")
    return url


def requests_of_second_read(url: str, requests: Requests) -> int:
    """Every eighth chunk, twice, so that a loop is not what it looks like."""
    with arraymorph.File(url) as f:
        f["x"][...]
        requests()
        for i in range(0, NUMBER, 7):
            f["x"][i * 2048]
        return int(requests().get("get", 0))


def test_cache_grows_and_shrinks(
    url: str, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size, again in (("256M", False), ("64K", True), ("16M", False), ("0", True)):
        monkeypatch.setenv("ARRAYMORPH_CACHE_BYTES", size)
        assert (requests_of_second_read(url, requests) > 0) == again, size


def test_read_ahead_is_switched_off_and_on(
    url: str, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size, ahead in (("64M", True), ("0", False), ("64M", True)):
        monkeypatch.setenv("ARRAYMORPH_READ_AHEAD", size)
        with arraymorph.File(url) as f:
            arraymorph.stats_reset()
            for i in range(NUMBER):
                f["x"][i * 2048 : (i + 1) * 2048]
        assert (arraymorph.stats()["readahead_chunks"] > 0) == ahead, size


def test_checksums_are_of_the_file(local_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory keeps them in extended attributes."""
    for name, kind in (("a.h5", "crc32c"), ("b.h5", "off"), ("c.h5", "crc32c")):
        monkeypatch.setenv("ARRAYMORPH_CHECKSUMS", kind)
        with arraymorph.File(local_store.url(name), "w") as f:
            f.create_dataset("x", data=VALUES, chunks=(2048,))
        assert local_store.root is not None
        chunk = Path(local_store.root) / name / "x/c/0"
        assert bool(os.listxattr(chunk)) == (kind != "off"), name
