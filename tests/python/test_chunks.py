"""Direct chunk access and chunk queries, as h5py's low-level interface offers them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Store

VALUES = np.arange(5000, dtype="<i4").reshape(100, 50)


@pytest.fixture(autouse=True)
def every_dataset_in_objects(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")


@pytest.fixture
def file(store: Store) -> Iterator[h5py.File]:
    with arraymorph.File(store.url("c.h5"), "w") as f:
        yield f


def test_read_chunk(file: h5py.File) -> None:
    dataset = file.create_dataset("x", data=VALUES, chunks=(30, 20), compression="gzip")
    mask, data = dataset.id.read_direct_chunk((30, 20))
    assert mask == 0
    decoded = np.frombuffer(zlib.decompress(data), "<i4").reshape(30, 20)
    np.testing.assert_array_equal(decoded, VALUES[30:60, 20:40])
    out = bytearray(len(data))
    dataset.id.read_direct_chunk((30, 20), out=out)
    assert bytes(out) == bytes(data)


def test_write_chunk(file: h5py.File) -> None:
    dataset = file.create_dataset("x", (100, 50), "<i4", chunks=(30, 20), compression="gzip")
    part = np.full((30, 20), 9, "<i4")
    dataset[0:5, 0:5] = 1
    dataset.id.write_direct_chunk((0, 0), zlib.compress(part.tobytes()))
    dataset.id.write_direct_chunk((30, 0), part.tobytes(), filter_mask=1)
    np.testing.assert_array_equal(dataset[:60, :20], 9)
    assert dataset[70, 30] == 0
    assert dataset.id.read_direct_chunk((30, 0))[0] == 1
    dataset[31, 0] = 4
    assert dataset[31, 0] == 4
    assert dataset[32, 0] == 9


def test_filter_masks_survive_reopening(store: Store) -> None:
    part = np.full((30, 20), 9, "<i4")
    with arraymorph.File(store.url("m.h5"), "w") as f:
        dataset = f.create_dataset("x", (100, 50), "<i4", chunks=(30, 20), compression="gzip")
        dataset.id.write_direct_chunk((30, 20), part.tobytes(), filter_mask=1)
    with arraymorph.File(store.url("m.h5")) as f:
        np.testing.assert_array_equal(f["x"][30:60, 20:40], 9)
        assert f["x"].id.get_chunk_info_by_coord((30, 20)).filter_mask == 1


def test_missing_chunk(file: h5py.File) -> None:
    dataset = file.create_dataset("x", (100, 50), "<i4", chunks=(30, 20))
    with pytest.raises((OSError, RuntimeError, MemoryError)):  # native HDF5 2.0: MemoryError
        dataset.id.read_direct_chunk((0, 0))


def test_chunk_info(file: h5py.File) -> None:
    dataset = file.create_dataset("x", (100, 50), "<i4", chunks=(30, 20), maxshape=(None, 50))
    assert dataset.id.get_num_chunks() == 0
    dataset[40:70, 25] = 5
    assert dataset.id.get_num_chunks() == 2
    infos = sorted(
        (dataset.id.get_chunk_info(i) for i in range(2)), key=lambda info: info.chunk_offset
    )
    assert [info.chunk_offset for info in infos] == [(30, 20), (60, 20)]
    assert {info.size for info in infos} == {30 * 20 * 4}
    assert dataset.id.get_chunk_info_by_coord((60, 20)).size == 30 * 20 * 4
    assert dataset.id.get_storage_size() == 2 * 30 * 20 * 4


def test_chunk_iter(file: h5py.File) -> None:
    dataset = file.create_dataset("x", data=VALUES, chunks=(30, 20), compression="gzip")
    seen: list[Any] = []
    dataset.id.chunk_iter(seen.append)
    assert len(seen) == 12
    assert {info.chunk_offset for info in seen} == {
        (i, j) for i in range(0, 100, 30) for j in range(0, 50, 20)
    }
    assert sum(info.size for info in seen) == dataset.id.get_storage_size()


def test_iter_chunks_of_a_selection(file: h5py.File) -> None:
    dataset = file.create_dataset("x", data=VALUES, chunks=(30, 20))
    total = sum(int(dataset[part].sum()) for part in dataset.iter_chunks(np.s_[10:90, 5:45]))
    assert total == VALUES[10:90, 5:45].sum()


def test_storage_size_of_a_contiguous_dataset(file: h5py.File) -> None:
    dataset = file.create_dataset("x", data=VALUES)
    assert dataset.chunks is None
    assert dataset.id.get_storage_size() == VALUES.nbytes
    np.testing.assert_array_equal(dataset[17:93:5, ::3], VALUES[17:93:5, ::3])


def test_resize(store: Store) -> None:
    with arraymorph.File(store.url("r.h5"), "w") as f:
        x = f.create_dataset("x", data=VALUES, chunks=(30, 20), maxshape=(None, None), fillvalue=-1)
        x.resize((45, 33))
        x.resize((200, 60))
        expected = np.full((200, 60), -1)
        expected[:45, :33] = VALUES[:45, :33]
        np.testing.assert_array_equal(x[...], expected)
    with arraymorph.File(store.url("r.h5"), "r+") as f:
        x = f["x"]
        np.testing.assert_array_equal(x[...], expected)
        x.resize(10, axis=0)
        x.resize(120, axis=0)
        expected[10:] = -1
        np.testing.assert_array_equal(x[...], expected[:120])
    with arraymorph.File(store.url("r.h5")) as f:
        np.testing.assert_array_equal(f["x"][...], expected[:120])


@pytest.mark.parametrize("chunks", [None, (30, 20)])
def test_selections(file: h5py.File, chunks: Any) -> None:
    x = file.create_dataset("x", data=VALUES, chunks=chunks)
    mask = (VALUES % 7) == 0
    np.testing.assert_array_equal(x[mask], VALUES[mask])
    np.testing.assert_array_equal(x[[1, 5, 99], 3:8], VALUES[[1, 5, 99], 3:8])
    np.testing.assert_array_equal(x[..., 4], VALUES[..., 4])
    assert x[10:10].shape == (0, 50)
    x[mask] = -VALUES[mask]
    expected = np.where(mask, -VALUES, VALUES)
    np.testing.assert_array_equal(x[...], expected)
    x[[0, 50], :] = np.full((2, 50), 3)
    expected[[0, 50], :] = 3
    np.testing.assert_array_equal(x[...], expected)
    out = np.zeros((200, 50), "i4")
    x.read_direct(out, np.s_[0:100:2], np.s_[100:150])
    np.testing.assert_array_equal(out[100:150], expected[0:100:2])
