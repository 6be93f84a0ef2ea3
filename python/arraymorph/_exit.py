"""Flush open files and release clients and threads when the interpreter ends normally."""

from __future__ import annotations

import atexit
import contextlib
import sys
import threading
from collections.abc import Callable

from . import _core


class _State:
    """What becomes of the handler that h5py registers."""

    unregister_converters: Callable[[], None] | None = None
    h5py_was_first = False


def _shutdown() -> None:
    # h5py's lock keeps other Python threads out of HDF5 while files are flushed, and from then on:
    # only daemon threads are left. One that went on would die inside HDF5 when the interpreter has
    # gone, and the lock that it holds would keep the interpreter from ending.
    objects = sys.modules.get("h5py._objects")
    if objects is not None:
        objects.phil.acquire()
    if _State.unregister_converters is not None:
        _State.unregister_converters()
    # What could not be stored is named on stderr by the library itself.
    with contextlib.suppress(RuntimeError):
        _core.shutdown(last=True)


def _take_over() -> None:
    # h5py's handler calls HDF5 without its lock, which crashes while a daemon thread reads. Where
    # h5py was imported before this package, it runs after ours, with the lock held for good.
    conversions = sys.modules.get("h5py._conv")
    handler = getattr(conversions, "unregister_converters", None)
    if handler is not None and not _State.h5py_was_first:
        atexit.unregister(handler)
        _State.unregister_converters = handler


def register() -> None:
    """Called once, when the package is imported."""
    atexit.register(_shutdown)
    _State.h5py_was_first = "h5py._conv" in sys.modules
    # Called before the handlers of atexit are; h5py comes after this package as a rule.
    before = getattr(threading, "_register_atexit", None)
    if before is not None:
        before(_take_over)
