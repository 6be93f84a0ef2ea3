"""Flush open files and release clients and threads when the interpreter ends normally."""

import atexit
import contextlib
import sys

from . import _core


def _shutdown() -> None:
    # h5py's lock keeps other Python threads out of HDF5 while files are flushed.
    objects = sys.modules.get("h5py._objects")
    lock = objects.phil if objects is not None else contextlib.nullcontext()
    # What could not be stored is named on stderr by the library itself.
    with lock, contextlib.suppress(RuntimeError):
        _core.shutdown(last=True)


def register() -> None:
    """Called once, when the package is imported."""
    atexit.register(_shutdown)
