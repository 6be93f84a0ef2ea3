"""Questions about stored chunks: what ArrayMorph answers is what HDF5 answers, call by call."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Store
from h5py import h5d, h5p, h5s, h5t

PROGRAM = Path(__file__).resolve().parents[1] / "support" / "chunk_questions.py"


def libraries() -> dict[str, Path]:
    """The libhdf5 of each package that is installed."""
    found = {}
    for package in ("h5py", "tables", "netCDF4"):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parents[1] / f"{package.lower()}.libs"
        for each in folder.glob("libhdf5-*"):
            found[package] = each
    return found


LIBRARIES = libraries()


def ask(library: Path, name: str, environment: dict[str, str]) -> dict[str, Any]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HDF5_")}
    done = subprocess.run(
        [sys.executable, PROGRAM, library, name],
        env={**clean, **environment, "ARRAYMORPH_INLINE_BYTES": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def differences(path: str, native: Any, ours: Any) -> Iterator[str]:
    if isinstance(native, dict) and isinstance(ours, dict):
        for key in sorted({*native, *ours}):
            yield from differences(f"{path}/{key}", native.get(key), ours.get(key))
    elif native != ours:
        yield f"{path}: {native} natively, {ours} with ArrayMorph"


def may_differ(line: str) -> bool:
    # HDF5 before 2.2 gives the size of a whole chunk for each that is not stored, without filters.
    unstored = "/storage_size: [48] natively, refused" in line
    # What HDF5 has allocated and never written holds anything.
    undefined = "early undefined/" in line and ("/read_chunk: [0, " in line or "/values: " in line)
    return unstored or undefined


@pytest.mark.parametrize("package", LIBRARIES)
def test_the_answers_are_those_of_hdf5(
    package: str, tmp_path: Path, local_store: Store, enabled_environment: dict[str, str]
) -> None:
    native = ask(LIBRARIES[package], str(tmp_path / "native.h5"), {})
    ours = ask(LIBRARIES[package], local_store.url("ours.h5"), enabled_environment)
    assert list(native) == list(ours)
    found = [each for each in differences("", native, ours) if not may_differ(each)]
    assert found == []
    assert native["incr filtered"]["written"]["places"]["(7, 5)"]["by_coord"] == [0, 1, 52]
    assert local_store.root is not None
    assert (local_store.root / "ours.h5").is_dir()


def make_early(f: h5py.File, name: str, deflate: bool = True) -> h5py.Dataset:
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((100,))
    plist.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    plist.set_fill_value(np.array(3, "i4"))
    if deflate:
        plist.set_deflate(6)
    space = h5s.create_simple((1000,), (h5s.UNLIMITED,))
    return h5py.Dataset(h5d.create(f.id, name.encode(), h5t.STD_I32LE, space, plist))


def test_early_allocation_is_remembered(store: Store, small_objects: None) -> None:
    with arraymorph.File(store.url("early.h5"), "w") as f:
        dataset = make_early(f, "x")
        unwritten = dataset.id.get_storage_size() // 10
        assert unwritten > 0
        dataset[250:260] = np.arange(10)
    with arraymorph.File(store.url("early.h5")) as f:
        dataset = f["x"]
        assert dataset.id.get_num_chunks() == 10
        assert dataset.id.get_space_status() == h5d.SPACE_STATUS_ALLOCATED
        sizes = [dataset.id.get_chunk_info(i).size for i in range(10)]
        assert sizes == [size if i == 2 else unwritten for i, size in enumerate(sizes)]
        assert sizes[2] != unwritten
        assert dataset.id.get_storage_size() == sum(sizes)
        places = [dataset.id.get_chunk_info(i).byte_offset for i in range(10)]
        assert places == [sum(sizes[:i]) for i in range(10)]
        assert dataset.id.get_chunk_info_by_coord((777,)).chunk_offset == (777,)
        mask, stored = dataset.id.read_direct_chunk((300,))
        assert (mask, len(stored)) == (0, unwritten)
        assert dataset[300] == 3


def test_early_allocation_of_more_than_could_be_listed(local_store: Store) -> None:
    """2^50 chunks, of which HDF5 itself could allocate none."""
    with arraymorph.File(local_store.url("large.h5"), "w") as f:
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_chunk((4,))
        plist.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        dataset = h5d.create(f.id, b"x", h5t.STD_I8LE, h5s.create_simple((1 << 52,)), plist)
        assert dataset.get_num_chunks() == 1 << 50
        assert dataset.get_storage_size() == 1 << 52
        assert dataset.get_chunk_info((1 << 50) - 1).chunk_offset == ((1 << 52) - 4,)
        assert dataset.get_chunk_info_by_coord(((1 << 51) + 3,)).byte_offset == 1 << 51


def test_a_chunk_of_a_wrong_size_is_refused(local_store: Store, small_objects: None) -> None:
    """Without filters: HDF5 writes it, and reads the rest from the heap."""
    with arraymorph.File(local_store.url("sizes.h5"), "w") as f:
        dataset = f.create_dataset("x", data=np.arange(20, dtype="i4"), chunks=(10,))
        for size in (20, 60):
            with pytest.raises((OSError, RuntimeError), match=rf"{size} bytes given.* has 40"):
                dataset.id.write_direct_chunk((0,), bytes(size))
        np.testing.assert_array_equal(dataset[...], np.arange(20))
