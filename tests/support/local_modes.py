"""What opening local files gives: every mode, every kind of file that can be in the way.

Usage: python local_modes.py PACKAGES GOOD [WORD ...]

PACKAGES: of h5py, netCDF4, tables, joined by commas. GOOD: an HDF5 file. Each WORD is done in turn,
before files are opened: `import` imports the packages (done at the end in any case), `enable` and
`disable` are arraymorph's. Prints JSON: {"package kind mode": what came of it}, equal for two runs
where the program cannot tell one from the other.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MODES = {
    "h5py": ("r", "r+", "w", "w-", "x", "a"),
    "netCDF4": ("r", "r+", "w", "x", "a"),
    "tables": ("r", "r+", "w", "a"),
}
OPEN: dict[str, Callable[[Any, str, str], Any]] = {
    "h5py": lambda module, name, mode: module.File(name, mode),
    "netCDF4": lambda module, name, mode: module.Dataset(name, mode),
    "tables": lambda module, name, mode: module.open_file(name, mode),
}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """As another program that writes it."""
    with open(path, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def left_alone(path: Path) -> Iterator[None]:
    yield


def kinds(good: bytes, refused: str) -> dict[str, tuple[str, Callable[[Path], object]]]:
    """Kind -> name, and what makes it. Root may do everything but create files in /sys."""
    return {
        "missing": ("new.h5", lambda path: None),
        "no folder": ("none/new.h5", lambda path: None),
        "no permission": (refused, lambda path: None),
        "folder": ("folder.h5", lambda path: path.mkdir()),
        "text": ("text.h5", lambda path: path.write_text("no HDF5 at all\n" * 100)),
        "empty": ("empty.h5", lambda path: path.touch()),
        "truncated": ("short.h5", lambda path: path.write_bytes(good[: len(good) // 2])),
        "good": ("good.h5", lambda path: path.write_bytes(good)),
        "locked": ("locked.h5", lambda path: path.write_bytes(good)),
    }


def outcome(package: str, module: Any, name: str, mode: str) -> str:
    try:
        OPEN[package](module, name, mode).close()
    except Exception as error:
        text = str(error).replace(os.getcwd(), ".").strip()
        text = re.sub(r"time = [^,]*|0x[0-9a-f]+|thread \d+", "", text)
        if package == "tables":  # HDF5's whole trace, with the lines of its sources
            numbers = " ".join(re.findall(r"errno = \d+", text))
            text = f"{numbers} {text.splitlines()[-1] if text else ''}"
        return f"{type(error).__name__}: {text}"
    return f"opened, {os.path.getsize(name)} bytes"


def all_outcomes(packages: dict[str, Any], good: bytes) -> dict[str, str]:
    found = {}
    for package, module in packages.items():
        for kind, (name, make) in kinds(good, "/sys/new.h5").items():
            for mode in MODES[package]:
                with tempfile.TemporaryDirectory() as directory:
                    os.chdir(directory)
                    path = Path(name)
                    make(path)
                    with (locked if kind == "locked" else left_alone)(path):
                        found[f"{package} {kind} {mode}"] = outcome(package, module, name, mode)
                    os.chdir("/")
    return found


def main() -> None:
    names = sys.argv[1].split(",")
    packages: dict[str, Any] = {}
    good = Path(sys.argv[2]).read_bytes()
    for word in [*sys.argv[3:], "import"]:
        if word == "import":
            packages = {name: importlib.import_module(name) for name in names}
        else:
            getattr(importlib.import_module("arraymorph"), word)()
    print(json.dumps(all_outcomes(packages, good)))


if __name__ == "__main__":
    main()
