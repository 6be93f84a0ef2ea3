"""h5py, netCDF4 and PyTables in one process, each with an HDF5 library of its own."""

from __future__ import annotations

import itertools
from pathlib import Path

import arraymorph
import pytest
from conftest import Runner, Store

PACKAGES = ("h5py", "netCDF4", "tables")

# Every package creates a file behind a pointer, reads what the others wrote, and appends to it.
EVERYONE = """
import importlib
h5py, netCDF4, tables = (None,) * 3
for package in {order}:
    globals()[package] = importlib.import_module(package)
import numpy as np

values = np.arange(20000.0).reshape(100, 200)

with h5py.File("h.h5", "w") as f:
    v = f.create_dataset("g/v", data=values, chunks=(50, 50), compression="gzip",
                         maxshape=(None, 200))
    v.attrs["units"] = "m"
with netCDF4.Dataset("n.h5", "w") as d:
    g = d.createGroup("g")
    g.createDimension("y", None), g.createDimension("x", 200)
    v = g.createVariable("v", "f8", ("y", "x"), zlib=True, chunksizes=(50, 50))
    v[:] = values
    v.units = "m"
with tables.open_file("t.h5", "w") as t:
    v = t.create_earray("/g", "v", obj=values, createparents=True, chunkshape=(50, 50),
                        filters=tables.Filters(3, "zlib"))
    v.attrs.units = "m"

def with_h5py(name):
    with h5py.File(name, "r+") as f:
        v = f["g/v"]
        found = v[...], v.attrs["units"]
        v.resize(v.shape[0] + 1, axis=0)
        v[-1] = 1.0
    return found

def with_netCDF4(name):
    # It writes only to files whose links are in creation order: its own.
    with netCDF4.Dataset(name, "a" if name == "n.h5" else "r") as d:
        v = d["g/v"]
        found = np.asarray(v[...]), v.units
        if name == "n.h5":
            v[v.shape[0]] = 1.0
    return found

def with_tables(name):
    with tables.open_file(name, "a") as t:
        v = t.root.g.v
        found = v[...], v.attrs.units
        v.append(np.full((1, 200), 1.0))
    return found

def check(found, expected):
    data, units = found
    assert data.shape == expected.shape and (data == expected).all(), (data.shape, expected.shape)
    assert (units.decode() if isinstance(units, bytes) else str(units)) == "m", units

expected = {{name: values for name in ("h.h5", "n.h5", "t.h5")}}
row = np.full((1, 200), 1.0)
for package in {order} * 2:
    for name in expected:
        check(globals()["with_" + package](name), expected[name])
        if package != "netCDF4" or name == "n.h5":
            expected[name] = np.concatenate([expected[name], row])
assert len(expected["n.h5"]) == 106 and len(expected["h.h5"]) == len(expected["t.h5"]) == 104

images = {{line.split()[-1] for line in open("/proc/self/maps") if "libarraymorph" in line}}
libraries = {{line.split()[-1] for line in open("/proc/self/maps") if "/libhdf5-" in line}}
assert len(images) == 1 and len(libraries) == 3, (images, libraries)
"""


@pytest.fixture
def on(enabled_environment: dict[str, str]) -> dict[str, str]:
    return enabled_environment


def files_are_stored(python: Runner, store: Store, on: dict[str, str]) -> None:
    """From another process, by URL: what the pointers led to is there, and nowhere else."""
    python(
        f"""
import h5py
for name in ("h.h5", "n.h5", "t.h5"):
    assert h5py.File({store.base!r} + "/" + name)["g/v"].shape[0] > 100, name
""",
        **on,
    )


@pytest.mark.parametrize("order", list(itertools.permutations(PACKAGES)), ids="-".join)
def test_every_order(
    python: Runner, on: dict[str, str], store: Store, tmp_path: Path, order: tuple[str, ...]
) -> None:
    sizes = {}
    for name in ("h.h5", "n.h5", "t.h5"):
        arraymorph.pointer(store.url(name), tmp_path / name)
        sizes[name] = (tmp_path / name).stat().st_size
    result = python(EVERYONE.format(order=list(order)), **on)
    assert "HDF5-DIAG" not in result.stderr
    assert {name: (tmp_path / name).stat().st_size for name in sizes} == sizes
    files_are_stored(python, store, on)


def test_plain_names_are_created_in_the_store(
    python: Runner, on: dict[str, str], store: Store, tmp_path: Path
) -> None:
    """Creating needs no pointer: only opening looks at the disk."""
    prefix = store.base.rpartition("/")[2] + "-" if store.kind == "s3" else ""
    python(
        f"""
import netCDF4, tables, h5py
with netCDF4.Dataset("{prefix}n.h5", "w") as d:
    d.createDimension("x", 3)
    d.createVariable("v", "i4", ("x",))[:] = [1, 2, 3]
with tables.open_file("{prefix}t.h5", "w") as t:
    t.create_array("/", "v", [1, 2, 3])
for name in "nt":
    assert list(h5py.File("{prefix}" + name + ".h5")["v"]) == [1, 2, 3]
""",
        **on,
    )
    assert not list(tmp_path.glob("*.h5"))


def test_files_left_open_are_stored(
    python: Runner, on: dict[str, str], store: Store, tmp_path: Path
) -> None:
    """The end of the interpreter stores what each of the libraries still has open."""
    names = ("h.h5", "n.h5", "t.h5")
    for name in names:
        arraymorph.pointer(store.url(name), tmp_path / name)
    left = python(
        """
import arraymorph, tables, h5py, netCDF4
h = h5py.File("h.h5", "w")
h.create_dataset("v", data=range(1000), chunks=(100,))
n = netCDF4.Dataset("n.h5", "w")
n.createDimension("x", 1000)
n.createVariable("v", "i8", ("x",), chunksizes=(100,))[:] = range(1000)
t = tables.open_file("t.h5", "w")
t.create_carray("/", "v", obj=list(range(1000)), chunkshape=(100,))
keep = [h, n, t, h["v"], n["v"], t.root.v]
""",
        ARRAYMORPH_INLINE_BYTES="0",
        **on,
    )
    assert "arraymorph" not in left.stderr
    assert "HDF5-DIAG" not in left.stderr
    python(
        f"""
import h5py
for name in {names}:
    assert list(h5py.File(name)["v"]) == list(range(1000)), name
""",
        **on,
    )


def test_at_the_same_time(python: Runner, on: dict[str, str], store: Store, tmp_path: Path) -> None:
    """A thread for each package: their libraries' locks are not the same one."""
    names = [f"{kind}{number}.h5" for kind in "hnt" for number in range(4)]
    for name in names:
        arraymorph.pointer(store.url(name), tmp_path / name)
    python(
        """
import h5py, netCDF4, tables, threading
import numpy as np
values = np.arange(100000.0).reshape(200, 500)
failed = []

def with_h5py(name):
    with h5py.File(name, "w") as f:
        f.create_dataset("v", data=values, chunks=(50, 100), compression="gzip")
    with h5py.File(name) as f:
        return f["v"][...]

def with_netcdf4(name):
    with netCDF4.Dataset(name, "w") as d:
        d.createDimension("y", 200), d.createDimension("x", 500)
        d.createVariable("v", "f8", ("y", "x"), zlib=True, chunksizes=(50, 100))[:] = values
    with netCDF4.Dataset(name) as d:
        return np.asarray(d["v"][...])

def with_tables(name):
    with tables.open_file(name, "w") as t:
        t.create_carray("/", "v", obj=values, chunkshape=(50, 100), filters=tables.Filters(3))
    with tables.open_file(name) as t:
        return t.root.v[...]

def work(function, kind):
    try:
        for number in range(4):
            assert (function(f"{kind}{number}.h5") == values).all()
    except BaseException as error:
        failed.append((kind, error))
        raise

threads = [threading.Thread(target=work, args=pair)
           for pair in ((with_h5py, "h"), (with_netcdf4, "n"), (with_tables, "t"))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failed, failed
""",
        **on,
    )


def test_netcdf4_keeps_its_filters(python: Runner) -> None:
    """netCDF4 finds its own filter plugins only where HDF5_PLUGIN_PATH is free or names them."""
    python(
        """
import arraymorph
arraymorph.enable()
import netCDF4
with netCDF4.Dataset("z.nc", "w") as d:
    d.createDimension("x", 1000)
    d.createVariable("v", "f8", ("x",), compression="zstd")[:] = range(1000)
assert netCDF4.Dataset("z.nc")["v"][-1] == 999
"""
    )


def test_imported_too_early(python: Runner) -> None:
    result = python(
        """
import h5py, netCDF4, tables, warnings, arraymorph
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    arraymorph.enable()
print([str(warning.message).split()[0] for warning in caught])
"""
    )
    assert result.stdout.strip() == "['netCDF4', 'tables']"
