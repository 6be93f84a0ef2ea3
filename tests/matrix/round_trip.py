"""One step of a round trip with one package, run inside a row's environment.

Usage: round_trip.py h5py|netCDF4|tables write|change|check FILE

`write` makes FILE, `change` opens it, compares, writes parts of it; `check` compares after that.
Prints the version of the package's HDF5 library.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

VALUES = np.arange(60000.0).reshape(300, 200)
CHANGED = VALUES.copy()
CHANGED[45:120, 3:150] = -1.0
NAMES = ["sea", "\u6d77", "", "a longer name"]


def expected(changed: bool) -> Any:
    return CHANGED if changed else VALUES


def same(found: Any, wanted: Any) -> None:
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape or not (found == wanted).all():
        raise SystemExit(f"differs: {found.shape} {found!r}, not {wanted.shape} {wanted!r}")


def text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def with_h5py(step: str, name: str) -> str:
    import h5py

    if step == "write":
        with h5py.File(name, "w") as file:
            v = file.create_dataset("g/v", data=VALUES, chunks=(50, 50), compression="gzip")
            v.attrs["units"] = "m"
            file.create_dataset("g/deep/whole", data=VALUES)
            file.create_dataset("names", data=NAMES, dtype=h5py.string_dtype())
            file["link"] = h5py.SoftLink("/g/v")
        return str(h5py.version.hdf5_version)
    with h5py.File(name, "r+" if step == "change" else "r") as file:
        v = file["g/v"]
        same(v[...], expected(step == "check"))
        same(v[45:50, ::7], expected(step == "check")[45:50, ::7])
        same(file["link"][...], v[...])
        same(text(v.attrs["units"]), "m")
        if "names" in file:  # else netCDF4 or PyTables wrote the file
            same([text(name) for name in file["names"][...]], NAMES)
            same(file["g/deep/whole"][...], VALUES)
        if step == "change":
            v[45:120, 3:150] = -1.0
    return str(h5py.version.hdf5_version)


def with_netcdf4(step: str, name: str) -> str:
    import netCDF4

    if step == "write":
        with netCDF4.Dataset(name, "w") as file:
            group = file.createGroup("g")
            group.createDimension("y", 300)
            group.createDimension("x", 200)
            for parent in (group, file):
                if parent is file:
                    file.createDimension("y", 300)
                    file.createDimension("x", 200)
                v = parent.createVariable(
                    "v" if parent is group else "link", "f8", ("y", "x"), zlib=True
                )
                v[:] = VALUES
                v.units = "m"
            group.createDimension("name", len(NAMES))
            group.createVariable("names", str, ("name",))[:] = np.array(NAMES, dtype=object)
        return str(netCDF4.__hdf5libversion__)
    with netCDF4.Dataset(name, "a" if step == "change" else "r") as file:
        for v in (file["g/v"], file["link"]):
            same(v[...], expected(step == "check"))
            same(v.units, "m")
            if step == "change":
                v[45:120, 3:150] = -1.0
        same([str(name) for name in file["g/names"][...]], NAMES)
    return str(netCDF4.__hdf5libversion__)


def with_tables(step: str, name: str) -> str:
    import tables

    if step == "write":
        with tables.open_file(name, "w") as file:
            filters = tables.Filters(3, "zlib")
            v = file.create_carray("/g", "v", obj=VALUES, createparents=True, filters=filters)
            v.attrs.units = "m"
            file.create_soft_link("/", "link", "/g/v")
            rows = file.create_vlarray("/", "rows", tables.Float64Atom())
            for row in (VALUES[0], VALUES[1, :5]):
                rows.append(row)
        return str(tables.hdf5_version)
    with tables.open_file(name, "a" if step == "change" else "r") as file:
        v = file.root.g.v
        same(v[...], expected(step == "check"))
        same(text(v.attrs.units), "m")
        same(file.root.rows[0], VALUES[0])
        same(file.root.rows[1], VALUES[1, :5])
        if step == "change":
            v[45:120, 3:150] = -1.0
    return str(tables.hdf5_version)


PACKAGES: dict[str, Callable[[str, str], str]] = {
    "h5py": with_h5py,
    "netCDF4": with_netcdf4,
    "tables": with_tables,
}


if __name__ == "__main__":
    package, step, name = sys.argv[1:]
    print(PACKAGES[package](step, name))
