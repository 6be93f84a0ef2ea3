"""Files to look at: a plain HDF5 file in any store, and one that has a bit of everything."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stored_objects import LocalObjects, Objects, S3Objects

if TYPE_CHECKING:
    from conftest import Store


def plain_bytes(fill: Any = None, **options: Any) -> bytes:
    """What native HDF5 writes; `fill(file)` puts something in, else there is one dataset "x"."""
    import h5py
    import numpy as np

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "plain.h5"
        with h5py.File(path, "w", **options) as f:
            if fill is None:
                f.create_dataset("x", data=np.arange(5000), chunks=(100,), compression="gzip")
            else:
                fill(f)
        return path.read_bytes()


def put_plain(store: Store, name: str, fill: Any = None, **options: Any) -> bytes:
    """Such a file as one object of the store; its bytes."""
    content = plain_bytes(fill, **options)
    all_objects(store).write(name, content)
    return content


def all_objects(store: Store) -> Objects:
    """Whatever lies in the store."""
    if store.root is not None:
        return LocalObjects(store.root)
    return S3Objects(store.environment, store.base)


def a_bit_of_everything(f: Any) -> None:
    """Chunks with and without filters, tables, text, links, attributes, what has no storage."""
    import h5py
    import numpy as np

    f.attrs["title"] = "a run"
    f.attrs["long"] = np.arange(100)
    entry = f.create_group("entry")
    data = np.cumsum(np.random.default_rng(0).integers(-3, 4, (20, 60, 80)), axis=2).astype("i4")
    stack = entry.create_dataset(
        "stack",
        (20, 60, 80),
        "i4",
        maxshape=(None, 60, 80),
        chunks=(1, 15, 20),
        compression="gzip",
        shuffle=True,
    )
    stack[:10] = data[:10]
    stack.attrs["units"] = "counts"
    entry.create_dataset("image", data=np.arange(40000, dtype="f8").reshape(200, 200))
    entry.create_dataset("line", data=np.arange(1000, dtype="i8"), chunks=(100,))
    table = np.zeros(50, [("x", "f8"), ("name", "S6"), ("ok", "?")])
    table["x"], table["name"] = np.arange(50) / 4, b"abc"
    entry["table"] = table
    entry["names"] = ["one", "two", "drei"]
    entry["title"] = "hello, world"
    entry["number"] = 3.5
    entry["nothing"] = h5py.Empty("f4")
    entry["type"] = np.dtype("i2")
    entry["cube"] = np.arange(24).reshape(2, 3, 4)
    f["again"] = entry["image"]
    f["soft"] = h5py.SoftLink("/entry/image")
    f["outside"] = h5py.ExternalLink("other.h5", "/x")
