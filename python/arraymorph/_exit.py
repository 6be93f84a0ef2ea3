"""Flush open files and release clients and threads when the interpreter ends normally."""

import atexit
import contextlib
import sys

from . import _core


def _shutdown() -> None:
    # h5py's lock keeps other Python threads out of HDF5 while files are flushed, and from then on:
    # only daemon threads are left. One that went on would die inside HDF5 when the interpreter has
    # gone, and the lock that it holds would keep the interpreter from ending.
    objects = sys.modules.get("h5py._objects")
    if objects is not None:
        objects.phil.acquire()
    # What could not be stored is named on stderr by the library itself.
    with contextlib.suppress(RuntimeError):
        _core.shutdown(last=True)


def register() -> None:
    """Called once, when the package is imported."""
    atexit.register(_shutdown)
