"""One operation of a plain h5py program while the store fails, and what is there afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from fault_relay import Remote, Rule

OLD = np.arange(64 * 64, dtype="i4").reshape(64, 64)
NEW = OLD.copy()
NEW[3:21, 5:40] = -7
Fault = Callable[[], "contextlib.AbstractContextManager[None]"]


@contextlib.contextmanager
def relayed(control: str, rules: list[dict[str, Any]]) -> Iterator[None]:
    """The requests of this block meet `rules`."""
    relay = Remote(control)
    relay.set_rules([Rule(**each) for each in rules])
    try:
        yield
    finally:
        injected = relay.report()["injected"]
        relay.set_rules([])
        if "refuse" in injected:
            relay.accept_again()
        assert injected, "the fault has not happened"


@contextlib.contextmanager
def full_disk(root: str) -> Iterator[None]:
    ballast = Path(root) / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    try:
        yield
    finally:
        ballast.unlink()


@contextlib.contextmanager
def read_only(root: str) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", root], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", root], check=True)


def failing(what: str) -> Fault:
    kind, _, rest = what.partition(" ")
    if kind == "relay":
        control, _, rules = rest.partition(" ")
        return lambda: relayed(control, json.loads(rules))
    return lambda: {"full": full_disk, "read-only": read_only}[kind](rest)


def make(url: str) -> None:
    with h5py.File(url, "w") as f:
        f.create_dataset("x", data=OLD, chunks=(32, 32), fletcher32=True)
        f.create_dataset("raw", data=OLD, chunks=(32, 32))
        f.create_dataset("unwanted", data=OLD, chunks=(64, 32), compression="gzip")
        f.attrs["state"] = "old"


@dataclass
class Try:
    """How the operation ended, and how it ended when it was repeated without the fault."""

    error: str = ""
    kind: str = ""
    seconds: float = 0.0
    right: bool = True  # what a read returned
    repeated: str = ""


def attempt(fault: Fault, operation: Callable[[], bool]) -> Try:
    result = Try()
    with fault():
        started = time.monotonic()
        try:
            result.right = operation()
        except Exception as error:
            result.error, result.kind = str(error), type(error).__name__
        result.seconds = time.monotonic() - started
    if result.error:
        try:
            if not operation():
                result.repeated = "wrong data"
        except Exception as error:
            result.repeated = f"{type(error).__name__}: {error}"
    return result


def change(f: h5py.File) -> None:
    f["x"][3:21, 5:40] = -7
    f["raw"][3:21, 5:40] = -7
    f.attrs["state"] = "new"


def open_file(url: str, fault: Fault) -> Try:
    def operation() -> bool:
        with h5py.File(url, "r") as f:
            return bool(f.attrs["state"] == "old" and f["x"].shape == OLD.shape)

    return attempt(fault, operation)


def read(url: str, fault: Fault, name: str = "x") -> Try:
    with h5py.File(url, "r") as f:
        return attempt(fault, lambda: np.array_equal(f[name][...], OLD))


def read_unfiltered(url: str, fault: Fault) -> Try:
    return read(url, fault, "raw")


def partial_write(url: str, fault: Fault) -> Try:
    """The parts of the chunks that are not written have to be fetched."""

    def operation() -> bool:
        change(f)
        return True

    with h5py.File(url, "r+") as f:
        return attempt(fault, operation)


def committing(url: str, fault: Fault, operation: Callable[[h5py.File], None], close: bool) -> Try:
    def commit() -> bool:
        if close:
            f.close()
        else:
            f.flush()
        return True

    f = h5py.File(url, "r+")
    operation(f)
    result = attempt(fault, commit)
    if result.repeated:
        with contextlib.suppress(Exception):
            f.close()
    return result


def flush(url: str, fault: Fault) -> Try:
    return committing(url, fault, change, close=False)


def close(url: str, fault: Fault) -> Try:
    return committing(url, fault, change, close=True)


def delete_dataset(url: str, fault: Fault) -> Try:
    return committing(url, fault, lambda f: f.__delitem__("unwanted"), close=False)


def delete_file(url: str, fault: Fault) -> Try:
    """H5Fdelete, which h5py has no name for."""
    library = ctypes.CDLL(h5py.h5f.__file__)
    library.H5Fdelete.argtypes = [ctypes.c_char_p, ctypes.c_int64]
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p

    attempts = 0

    def operation() -> bool:
        nonlocal attempts
        attempts += 1
        if library.H5Fdelete(url.encode(), 0) >= 0:
            return True
        name = f"/tmp/errors-{os.getpid()}"
        stream = ctypes.c_void_p(libc.fopen(name.encode(), b"w"))
        library.H5Eprint2(ctypes.c_int64(0), stream)
        libc.fclose(stream)
        text = Path(name).read_text()
        os.unlink(name)
        if attempts > 1 and re.search("there is no file|not an HDF5 file", text):
            return True  # the first attempt removed it, but not all of its objects
        raise OSError(text)

    return attempt(fault, operation)


OPERATIONS: dict[str, Callable[[str, Fault], Try]] = {
    "open": open_file,
    "read": read,
    "read unfiltered": read_unfiltered,
    "partial write": partial_write,
    "flush": flush,
    "close": close,
    "delete dataset": delete_dataset,
    "delete file": delete_file,
}
CHANGES = ("partial write", "flush", "close")


def run(operation: str, url: str, fault: str) -> None:
    make(url)
    result = OPERATIONS[operation](url, failing(fault))
    print(json.dumps(vars(result)), flush=True)
    if operation in ("flush", "delete dataset") and not result.error:
        os._exit(0)  # what a flush reported as stored does not need the end of the program


def wrong(url: str, operation: str, stored: bool) -> str:
    """What is wrong with the file, seen from a fresh process; `stored`: the operation (or its
    repetition) reported success."""
    try:
        f = h5py.File(url, "r")
    except FileNotFoundError as error:
        return "" if operation == "delete file" else str(error)
    with f:
        if operation == "delete file" and stored:
            return "the file is still there"
        state = str(f.attrs["state"])
        changed = operation in CHANGES and stored
        if changed and state != "new":
            return "the change was reported as stored and is not there"
        for name in ("x", "raw"):
            values = f[name][...]
            possible = [NEW] if changed else [OLD, NEW] if operation in CHANGES else [OLD]
            if not any(np.array_equal(values, each) for each in possible):
                # Chunks of committed data are overwritten one by one.
                mixed = (values == OLD) | (values == NEW)
                if changed or operation not in CHANGES or not mixed.all():
                    return f"{name} differs in {int((~mixed).sum())} elements"
        if operation == "delete dataset" and stored and "unwanted" in f:
            return "the deletion was reported as stored and is not there"
        if "unwanted" in f and not np.array_equal(f["unwanted"][...], OLD):
            return "the dataset to be deleted is half there"
    return ""


def check(operation: str, url: str, stored: str) -> None:
    print(json.dumps(wrong(url, operation, stored == "stored")))
