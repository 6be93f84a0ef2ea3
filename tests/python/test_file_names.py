"""H5Fget_name, File.filename: a file is called what the program called it."""

from __future__ import annotations

from pathlib import Path

import arraymorph
from conftest import Runner, Store

HELPERS = """
import os, h5py, numpy as np
name_of = h5py.h5f.get_name

def check(f, name):
    assert f.filename == name, (f.filename, name)
    objects = f, f["g"], f["x"], f["t"]
    for thing in *(each.id for each in objects), f["g"].attrs.get_id("a"):
        assert name_of(thing).decode() == name, (thing, name_of(thing), name)
    for thing in objects:
        assert thing.file.filename == name and thing.file == f
"""


def test_every_way_to_name_a_file(
    python: Runner, enabled_environment: dict[str, str], store: Store, tmp_path: Path
) -> None:
    url = store.url("lab/run42.h5")
    (tmp_path / "sub").mkdir()
    for path in "p.h5", "sub/100%.h5", "q.h5":
        arraymorph.pointer(url, tmp_path / path)
    plain = url.removeprefix(store.base + "/") if store.root else url.split("/", 3)[3]
    python(
        HELPERS
        + f"""
url, plain = {url!r}, {plain!r}
names = ["p.h5", "./p.h5", os.path.abspath("p.h5"), "sub/100%.h5", "q.h5", plain, url]
for name in names:
    with h5py.File(name, "w") as f:
        f.create_dataset("x", data=np.arange(9.0), chunks=(3,))
        f["g/y"] = 1
        f["t"] = np.dtype("f4")
        f["g"].attrs["a"] = 1
        f["link"] = h5py.ExternalLink("run43.h5", "/v")
        f["itself"] = h5py.ExternalLink("run42.h5", "/x")
        check(f, name)
    with h5py.File(name) as f:
        check(f, name)
        with h5py.File(f.filename) as again:
            assert again == f and again["x"][2] == 2
    with h5py.File(f"{{name}}", "r+") as f:
        check(f, name)
with h5py.File(url.replace("run42", "run43"), "w") as f:
    f["v"] = 1

# Open at the same time, each keeps its own.
files = [h5py.File(name) for name in names]
for name, f in zip(names, files):
    check(f, name)
    assert f == files[0]
    assert name_of(f.id.reopen()).decode() == name
    # What no name of the program has led to is called by its URL.
    assert f["link"].file.filename == url.replace("run42", "run43"), f["link"].file.filename
    assert f["itself"].file.filename in (name, url), f["itself"].file.filename
for f in files[:-1]:
    f.close()
check(files[-1], url)

# The length is told without a buffer, and a short buffer is ended.
import ctypes
library = ctypes.CDLL(h5py.h5f.__file__)
get_name = library.H5Fget_name
get_name.argtypes = ctypes.c_int64, ctypes.c_char_p, ctypes.c_size_t
get_name.restype = ctypes.c_ssize_t
short = ctypes.create_string_buffer(b"?" * 8, 8)
assert get_name(files[-1].id.id, None, 0) == len(url)
assert get_name(files[-1].id.id, short, 5) == len(url)
assert short.raw[:6] == url[:4].encode() + b"\\0?"
""",
        **enabled_environment,
    )


def test_other_libraries(
    python: Runner, enabled_environment: dict[str, str], local_store: Store, tmp_path: Path
) -> None:
    arraymorph.pointer(local_store.url("deep/run42.nc"), tmp_path / "p.nc")
    python(
        """
import netCDF4, tables
with netCDF4.Dataset("p.nc", "w") as d:
    d.createDimension("x", 3)
    assert d.filepath() == "p.nc"
with netCDF4.Dataset("p.nc", "a") as d:
    assert d.filepath() == "p.nc"
with tables.open_file("p.nc") as f:
    assert f.filename == "p.nc"
""",
        **enabled_environment,
    )


def test_a_file_is_found_again_by_its_name(
    python: Runner, enabled_environment: dict[str, str], local_store: Store, tmp_path: Path
) -> None:
    """As AnnData and hdmf do: one reopens a backed file by its name, the other copies what lies in
    the file with the name that it was given, and links to everything else."""
    arraymorph.pointer(local_store.url("cells.h5ad"), tmp_path / "cells.h5ad")
    python(
        """
import h5py, os
from pathlib import Path
given = Path("cells.h5ad")
with h5py.File(given, "w") as f:
    f["X"] = 1
backed = h5py.File(given)
name = Path(backed.filename)
assert name.exists() and os.path.samefile(name, given)
assert os.path.abspath(backed["X"].file.filename) == os.path.abspath(given)
backed.close()
with h5py.File(name) as f:
    assert f["X"][()] == 1
""",
        **enabled_environment,
    )
