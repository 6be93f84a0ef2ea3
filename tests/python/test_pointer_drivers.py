"""Pointers under drivers of the program's own: followed or refused, never read or overwritten."""

from __future__ import annotations

from pathlib import Path

import arraymorph
import pytest
from conftest import Runner, Store

HELPERS = """
import io, os, h5py, numpy as np
before = open("p.h5", "rb").read()

def stored():
    with h5py.File(url) as f:
        return {name: int(f[name][...].sum()) for name in f}

def fresh():
    with h5py.File(url, "w") as f:
        f.create_dataset("x", data=np.arange(100), chunks=(10,))

def attempt(mode, name="p.h5", **how):
    fresh()
    try:
        with h5py.File(name, mode, **how) as f:
            seen = sorted(f)
            if mode != "r":
                f["y"] = 1
    except OSError as error:
        assert "p.h5 is an ArrayMorph pointer to " + url in str(error), error
        seen = "refused"
    assert open("p.h5", "rb").read() == before, (mode, how)
    return seen, sorted(stored())
"""


@pytest.fixture
def on(enabled_environment: dict[str, str], local_store: Store, tmp_path: Path) -> dict[str, str]:
    arraymorph.pointer(local_store.url("lab/run42.h5"), tmp_path / "p.h5")
    return enabled_environment


@pytest.fixture
def helpers(local_store: Store) -> str:
    return f"url = {local_store.url('lab/run42.h5')!r}" + HELPERS


def test_every_driver_and_mode(python: Runner, on: dict[str, str], helpers: str) -> None:
    python(
        helpers
        + """
for driver in None, "sec2", "core":
    assert attempt("r", driver=driver) == (["x"], ["x"])
    for mode in "r+", "a":
        assert attempt(mode, driver=driver) == (["x"], ["x", "y"])
    assert attempt("w", driver=driver) == ([], ["y"])
    fresh()
    try:
        h5py.File("p.h5", "x", driver=driver)
    except FileExistsError:
        pass
    else:
        raise AssertionError

# Memory only: an image to read, no changes; what is made there has nothing to do with the pointer.
memory = {"driver": "core", "backing_store": False}
assert attempt("r", **memory) == (["x"], ["x"])
assert attempt("r+", **memory) == attempt("a", **memory) == ("refused", ["x"])
assert attempt("x", **memory) == ("refused", ["x"])
assert attempt("w", **memory) == ([], ["x"])

family = {"driver": "family", "memb_size": 2**20}
for how in {"driver": "stdio"}, {"driver": "split"}, family:
    for mode in "r", "r+", "a", "w", "x":
        assert attempt(mode, **how) == ("refused", ["x"]), (mode, how)
assert sorted(os.listdir(".")) == ["p.h5", "store"]

# Other files are native's as ever.
for how in {}, {"driver": "stdio"}, {"driver": "core"}, {"driver": "split"}:
    if how:
        with h5py.File("native.h5", "w", **how) as f:
            f["z"] = 1
        with h5py.File("native.h5", "r+", **how) as f:
            assert f["z"][()] == 1
assert not h5py.h5f.is_hdf5(url.replace("run42", "native").encode())
""",
        **on,
    )


def test_bytes_of_a_pointer(python: Runner, on: dict[str, str], helpers: str) -> None:
    """Who opens the pointer's bytes by a Python file object or an image is told so."""
    python(
        helpers
        + """
fresh()
def refused(*arguments, **keywords):
    try:
        h5py.File(*arguments, **keywords)
    except OSError as error:
        assert "holds the bytes of an ArrayMorph pointer" in str(error), error
    else:
        raise AssertionError
    assert open("p.h5", "rb").read() == before

for mode in "r", "r+":
    with open("p.h5", "r+b") as f:
        refused(f, mode)
    refused(io.BytesIO(before), mode)

# Other bytes are what they are.
with h5py.File(io.BytesIO(), "w") as f:
    f["z"] = 3
    assert list(f) == ["z"]

# A file image is for a name without a file, as natively.
with h5py.File("memory", "w", driver="core", backing_store=False) as f:
    f["z"] = 3
    f.flush()
    image = f.id.get_file_image()
def image_list(image, backing_store=False):
    fapl = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    fapl.set_fapl_core(65536, backing_store)
    fapl.set_file_image(image)
    return fapl
with h5py.File(h5py.h5f.open(b"memory", h5py.h5f.ACC_RDWR, image_list(image))) as f:
    assert list(f) == ["z"]
for flags in h5py.h5f.ACC_RDWR, h5py.h5f.ACC_RDONLY:
    for backing_store in False, True:
        try:
            h5py.h5f.open(b"p.h5", flags, image_list(image, backing_store))
        except OSError:
            continue
        raise AssertionError
try:
    h5py.h5f.create(b"p.h5", h5py.h5f.ACC_TRUNC, fapl=image_list(image, True))
except OSError:
    pass
else:
    raise AssertionError
assert stored() == {"x": 4950} and open("p.h5", "rb").read() == before
try:
    h5py.h5f.open(b"memory", h5py.h5f.ACC_RDWR, image_list(before))
except OSError as error:
    assert "holds the bytes of an ArrayMorph pointer" in str(error), error
else:
    raise AssertionError
""",
        **on,
    )


def test_deleting(python: Runner, on: dict[str, str], helpers: str) -> None:
    python(
        helpers
        + """
import ctypes
library = ctypes.CDLL(h5py.h5f.__file__)
library.H5Fdelete.argtypes = [ctypes.c_char_p, ctypes.c_int64]
def delete(backing_store):
    fapl = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    fapl.set_fapl_core(65536, backing_store)
    return library.H5Fdelete(b"p.h5", fapl.id)
fresh()
assert delete(False) == 0 and stored() == {"x": 4950}
assert delete(True) == 0 and not h5py.h5f.is_hdf5(url.encode())
assert open("p.h5", "rb").read() == before
""",
        **on,
    )


def test_netcdf_and_pytables(python: Runner, on: dict[str, str], helpers: str) -> None:
    python(
        helpers
        + """
import netCDF4, tables
def values(**how):
    with netCDF4.Dataset("p.h5", **how) as d:
        return d["v"][:].tolist()
with netCDF4.Dataset("p.h5", "w", diskless=True, persist=True) as d:
    d.createDimension("n", 3)
    d.createVariable("v", "f8", ("n",))[:] = [1, 2, 3]
assert values() == values(diskless=True) == values(diskless=True, persist=True) == [1, 2, 3]
for refused in (
    lambda: netCDF4.Dataset("p.h5", "a", diskless=True),
    lambda: netCDF4.Dataset("x.nc", memory=before),
    lambda: tables.open_file("p.h5", driver="H5FD_STDIO"),
):
    try:
        refused()
    except Exception:
        continue
    raise AssertionError
with netCDF4.Dataset("p.h5", "w", diskless=True) as d:
    d.createDimension("m", 1)
assert values() == [1, 2, 3]
with tables.open_file("p.h5", driver="H5FD_CORE", driver_core_backing_store=0) as f:
    assert f.root.v[:].tolist() == [1, 2, 3]
assert open("p.h5", "rb").read() == before
""",
        **on,
    )
