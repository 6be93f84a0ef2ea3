"""Flush open files and release clients and threads when the interpreter ends normally."""

import atexit
import sys

from . import _core


def _shutdown() -> None:
    # h5py's lock keeps other Python threads out of HDF5 while files are flushed.
    objects = sys.modules.get("h5py._objects")
    if objects is None:
        _core.shutdown()
        return
    with objects.phil:
        _core.shutdown()


def register() -> None:
    """Called once, when the package is imported."""
    atexit.register(_shutdown)
