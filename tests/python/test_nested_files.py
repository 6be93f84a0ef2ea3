"""Stored files whose names begin with another's, data/x.h5 beside data, leave each other alone."""

from __future__ import annotations

import json

import arraymorph
import numpy as np
import pytest
from conftest import Runner, Store
from metadata_object import Metadata

METADATA = ".arraymorph/metadata.h5"
VALUES = np.arange(100_000)


@pytest.fixture
def nested(local_store: Store) -> str:
    with arraymorph.File(local_store.url("data/x.h5"), "w") as f:
        f.create_dataset("d", data=VALUES, chunks=(10_000,))
    with arraymorph.File(local_store.url("data"), "w") as f:
        f.create_dataset("e", data=VALUES, chunks=(10_000,))
    return local_store.url("data/x.h5")


def is_whole(url: str) -> bool:
    with arraymorph.File(url) as f:
        return bool((f["d"][...] == VALUES).all())


def test_trash_is_chunks_only(local_store: Store, nested: str) -> None:
    objects = local_store.objects("data")
    metadata = Metadata.parse(objects.read(METADATA))
    metadata.catalog = json.dumps({**json.loads(metadata.catalog), "trash": ["x.h5"]}).encode()
    objects.write(METADATA, metadata.object())
    with arraymorph.File(local_store.url("data"), "r+") as f:
        f["more"] = 1
    assert is_whole(nested)


def test_deleting_a_file_leaves_the_other(
    local_store: Store, nested: str, python: Runner, enabled_environment: dict[str, str]
) -> None:
    python(
        f"""
import ctypes, glob, h5py
library = ctypes.CDLL(glob.glob(h5py.__path__[0] + ".libs/libhdf5-*")[0])
library.H5Fdelete.argtypes = [ctypes.c_char_p, ctypes.c_int64]
assert library.H5Fdelete({local_store.url("data")!r}.encode(), 0) == 0
""",
        **enabled_environment,
    )
    assert local_store.root is not None
    assert sorted(path.name for path in (local_store.root / "data").iterdir()) == ["x.h5"]
    assert is_whole(nested)
