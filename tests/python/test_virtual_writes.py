"""Flush and close store what was written through virtual datasets, wherever the source lies."""

from __future__ import annotations

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Runner, Store

WRITER = """
import os, sys
import arraymorph, h5py
arraymorph.enable()
f = h5py.File(sys.argv[1], "r+")
d = f["v"]
d[0:3] = ["Z"] * 3 if d.dtype.hasobject else 99
{how}
os._exit(0)
"""


@pytest.mark.parametrize("how", ["d.flush()", "f.flush()"])
@pytest.mark.parametrize("where", ["m.h5", "s.h5"], ids=["same file", "another"])
@pytest.mark.parametrize("kind", ["numbers", "numbers chunked", "strings", "strings chunked"])
def test_small_sources(
    local_store: Store,
    python: Runner,
    kind: str,
    where: str,
    how: str,
) -> None:
    """HDF5 keeps some of what is written in buffers that belong to the open source."""
    strings, chunked = "strings" in kind, "chunked" in kind
    dtype = h5py.string_dtype() if strings else np.dtype("i8")
    before = ["a"] * 5 if strings else [0] * 5
    master = local_store.url("m.h5")
    with arraymorph.File(local_store.url(where), "w") as f:
        f.create_dataset("d", data=before, dtype=dtype, chunks=(5,) if chunked else None)
    with arraymorph.File(master, "a") as f:
        layout = h5py.VirtualLayout((5,), dtype)
        layout[:] = h5py.VirtualSource("." if where == "m.h5" else where, "d", (5,), dtype=dtype)
        f.create_virtual_dataset("v", layout)
    python(WRITER.format(how=how).replace("sys.argv[1]", repr(master)))
    with arraymorph.File(local_store.url(where)) as f:
        values = f["d"].asstr()[...] if strings else f["d"][...]
    assert values.tolist() == (["Z"] * 3 + before[3:] if strings else [99] * 3 + before[3:])


def test_a_conflict_of_the_source_is_an_error_of_close(local_store: Store, python: Runner) -> None:
    source, master = local_store.url("s.h5"), local_store.url("m.h5")
    with arraymorph.File(source, "w") as f:
        f["d"] = np.arange(5)
    with arraymorph.File(master, "w") as f:
        layout = h5py.VirtualLayout((5,), "i8")
        layout[:] = h5py.VirtualSource("s.h5", "d", (5,))
        f.create_virtual_dataset("v", layout)
    f = arraymorph.File(master, "r+")
    dataset = f["v"]
    dataset[0:3] = 99
    python(f"import arraymorph\nwith arraymorph.File({source!r}, 'r+') as f: f['new'] = 1")
    with pytest.raises((OSError, RuntimeError), match="somebody else has committed"):
        f.close()
