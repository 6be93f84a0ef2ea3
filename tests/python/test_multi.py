"""H5Dread_multi and H5Dwrite_multi, which h5py does not offer: called in h5py's own libhdf5."""

from __future__ import annotations

import ctypes
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Requests, Store

COUNT = 3
SHAPE = (40, 30)


def multi(name: str, datasets: list[h5py.Dataset], arrays: list[np.ndarray[Any, Any]]) -> int:
    library = ctypes.CDLL(h5py.h5d.__file__)  # looks in the libraries that this one needs
    if not hasattr(library, name):
        pytest.skip(f"this libhdf5 has no {name}")
    ids = ctypes.c_int64 * len(datasets)
    types = [h5py.h5t.py_create(array.dtype) for array in arrays]
    buffers = (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
    everything = ids(*[0] * len(datasets))  # H5S_ALL
    with h5py._objects.phil:
        status = getattr(library, name)(
            ctypes.c_size_t(len(datasets)),
            ids(*[dataset.id.id for dataset in datasets]),
            ids(*[kind.id for kind in types]),
            everything,
            everything,
            ctypes.c_int64(0),
            buffers,
        )
    return int(status)


def test_several_datasets_in_one_call(store: Store, requests: Requests) -> None:
    url = store.url("multi.h5")
    values = [np.arange(1200.0).reshape(SHAPE) * (i + 1) for i in range(COUNT)]
    with arraymorph.File(url, "w") as f:
        chunked = f.create_dataset("chunked", SHAPE, "f8", chunks=(10, 30), maxshape=(None, 30))
        packed = f.create_dataset(
            "packed", SHAPE, "f4", chunks=(20, 30), maxshape=(None, 30), compression="lzf"
        )
        inline = f.create_dataset("inline", SHAPE, "f8")
        assert multi("H5Dwrite_multi", [chunked, packed, inline], values) >= 0
    with arraymorph.File(url) as f:
        datasets = [f["chunked"], f["packed"], f["inline"]]
        requests()
        read = [np.empty(SHAPE) for _ in range(COUNT)]
        assert multi("H5Dread_multi", datasets, read) >= 0
        assert requests() == {"get": 4 + 2}
        for one, two in zip(values, read, strict=True):
            np.testing.assert_array_equal(one, two)
