"""Elements of virtual datasets that no source provides."""

from __future__ import annotations

from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Store


def make(store: Store, dtype: Any, fill: Any, length: int, *maps: tuple[int, int, str]) -> str:
    """`maps`: where a source begins in the virtual dataset, how many elements it has, its name."""
    url = store.url("m.h5")
    dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    dcpl.set_fill_value(np.array([fill], dtype=dtype))
    space = h5py.h5s.create_simple((length,))
    for begin, count, name in maps:
        part = h5py.h5s.create_simple((length,))
        part.select_hyperslab((begin,), (count,))
        dcpl.set_virtual(part, name.encode(), b"d", h5py.h5s.create_simple((count,)))
    with arraymorph.File(url, "w") as f:
        kind = h5py.h5t.py_create(np.dtype(dtype), logical=True)
        h5py.h5d.create(f.id, b"v", kind, space, dcpl)
    return url


def test_each_element_has_its_own_copy(local_store: Store) -> None:
    """Readers free what variable-length data points to, element by element."""
    fill = "a fill value that is long"
    with arraymorph.File(local_store.url("s.h5"), "w") as f:
        f["d"] = ["x", "y"]
    url = make(local_store, h5py.string_dtype(), fill, 8, (2, 2, "s.h5"), (4, 2, "none.h5"))
    with arraymorph.File(url) as f:
        for _ in range(3):
            values = f["v"].asstr()[...]
        one = f["v"].asstr()[5]
    assert values.tolist() == [fill] * 2 + ["x", "y"] + [fill] * 4
    assert one == fill


def test_mappings_that_overlap_hide_no_gap(local_store: Store) -> None:
    """Two sources provide the same half: as many elements as the dataset has."""
    for name in ("a.h5", "b.h5"):
        with arraymorph.File(local_store.url(name), "w") as f:
            f["d"] = np.arange(4)
    url = make(local_store, "i8", -9, 8, (0, 4, "a.h5"), (0, 4, "b.h5"), (4, 4, "none.h5"))
    with arraymorph.File(url) as f:
        into = np.full(8, 123)
        f["v"].read_direct(into)
    assert into.tolist() == [0, 1, 2, 3, -9, -9, -9, -9]
    with arraymorph.File(url, "r+") as f, pytest.raises(OSError, match="no source provides"):
        f["v"][...] = 5
