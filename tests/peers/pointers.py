"""What makes the suites of other packages use ArrayMorph: files that they create become pointers.

These packages look at the local disk before they ask HDF5, and their tests name files on it. So
whatever h5py, netCDF4 or PyTables is about to create by a local name gets a pointer of that name,
which leads to a stored file of its own below PEER_STORE. Existing files, other formats, files in
memory and other drivers stay as they are. A pytest plugin; importing it is enough.
"""

from __future__ import annotations

import importlib.util
import os
import uuid
from pathlib import Path
from typing import Any

import arraymorph

_CREATING = ("w", "w-", "x", "a")


def lead_away(name: Any, mode: str) -> bool:
    """Make `name` a pointer when opening it in `mode` creates a local file. True when it was."""
    try:
        path = Path(os.fsdecode(name))
    except TypeError:  # a file object
        return False
    if mode not in _CREATING or "://" in str(name) or not path.parent.is_dir():
        return False
    if os.path.lexists(path):
        if mode != "w" or not path.is_file() or is_pointer(path):
            return False
        path.unlink()
    if not os.access(path.parent, os.W_OK):
        return False
    arraymorph.pointer(f"file://{os.environ['PEER_STORE']}/{uuid.uuid4().hex}.h5", path)
    return True


def is_pointer(path: Path) -> bool:
    from arraymorph.pointer import is_pointer

    return is_pointer(path)


def _wrap_h5py() -> None:
    import h5py

    native = h5py.File.__init__

    def init(
        self: Any, name: Any, mode: str = "r", driver: Any = None, *rest: Any, **more: Any
    ) -> None:
        if driver is None and not isinstance(name, h5py.h5g.GroupID):
            lead_away(name, mode)
        native(self, name, mode, driver, *rest, **more)

    h5py.File.__init__ = init


def _wrap_tables() -> None:
    import tables

    native = tables.File.__init__

    def init(self: Any, filename: Any, mode: str = "r", *rest: Any, **more: Any) -> None:
        keys = {key.upper(): value for key, value in more.items()}
        # In mode "a" PyTables opens what is there, and a new pointer is there.
        if not keys.get("DRIVER") and lead_away(filename, mode) and mode == "a":
            mode = "w"
        native(self, filename, mode, *rest, **more)

    tables.File.__init__ = init


def _wrap_netcdf4() -> None:
    import netCDF4

    class Meta(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, native)

    native = netCDF4.Dataset

    class Dataset(native, metaclass=Meta):  # type: ignore[misc, valid-type]
        def __init__(self, filename: Any, mode: str = "r", *rest: Any, **more: Any) -> None:
            netcdf4 = more.get("format", "NETCDF4").startswith("NETCDF4")
            if netcdf4 and not more.get("diskless") and more.get("memory") is None:
                created = "w" if mode == "ws" else mode
                if more.get("clobber", True) is False and created == "w":
                    created = "x"
                if lead_away(filename, created) and mode == "a":
                    mode = "w"
            super().__init__(filename, mode, *rest, **more)

    # Pickled by this name.
    Dataset.__module__, Dataset.__qualname__ = "netCDF4", "Dataset"
    setattr(netCDF4, "Dataset", Dataset)  # noqa: B010  (mypy: not a variable)


arraymorph.enable()
for _package, _wrap in (("h5py", _wrap_h5py), ("tables", _wrap_tables), ("netCDF4", _wrap_netcdf4)):
    if importlib.util.find_spec(_package):
        _wrap()
