"""Which HDF5 libraries of this machine, besides h5py's, load the plugin, each in a process."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .. import _h5py, _packages

if TYPE_CHECKING:
    from .doctor import Finding

_SECONDS = 60.0
_OLDEST = (1, 14)  # of HDF5, that loads connectors like ours

# Package -> what says the version of its HDF5.
_VERSIONS = {"netCDF4": "netCDF4.__hdf5libversion__", "tables": "tables.hdf5_version"}


def programs() -> Iterator[Finding]:
    """A line for each that is installed."""
    environment = {
        **os.environ,
        "HDF5_VOL_CONNECTOR": "arraymorph",
        "HDF5_PLUGIN_PATH": os.pathsep.join([_h5py.get_plugin_path(), *_packages.filter_plugins()]),
    }
    started = {
        package: _ask(package, version, environment)
        for package, version in _VERSIONS.items()
        if importlib.util.find_spec(package) is not None
    }
    for package, process in started.items():
        yield _answer(package, process)
    if tool := shutil.which("h5dump"):
        yield _tool(tool, environment)


def _ask(package: str, version: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    """All of them start at once."""
    code = (
        f"import {package}; from arraymorph import _packages; "
        f"print({version}, _packages.is_ours({package!r}))"
    )
    words = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=environment, stdout=pipe, stderr=pipe, text=True)


def _answer(package: str, process: subprocess.Popen[str]) -> Finding:
    from .doctor import Finding

    try:
        out, said = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Finding("warn", package, f"did not start within {_SECONDS:.0f} s")
    if process.returncode != 0:
        last = (said.strip() or "no word").splitlines()[-1]
        return Finding("warn", package, f"does not start with the plugin: {last}")
    number, _, ours = out.strip().rpartition(" ")
    if ours == "True":
        return Finding("ok", package, f"HDF5 {number} loads the plugin")
    fix = f"pip install --upgrade {package}"
    return Finding("note", package, f"HDF5 {number} does not load the plugin", fix)


def _tool(path: str, environment: dict[str, str]) -> Finding:
    from .doctor import Finding

    done = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    found = re.search(r"Version (\d+)\.(\d+)\S*", done.stdout)
    if found is None:
        return Finding("note", "HDF5 tools", f"{path} does not say its version")
    number = found[0].removeprefix("Version ")
    if (int(found[1]), int(found[2])) < _OLDEST:
        what = f"{path} is HDF5 {number}, too old for the plugin"
        return Finding("note", "HDF5 tools", what, "HDF5 1.14 or newer, as conda-forge has it")
    tried = subprocess.run(
        [path, "/nonexistent.h5"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if "VOL connector" in tried.stderr:
        fix = "see HDF5_PLUGIN_PATH of `arraymorph env`"
        return Finding(
            "warn", "HDF5 tools", f"{path}, HDF5 {number}, does not load the plugin", fix
        )
    return Finding("ok", "HDF5 tools", f"{path}, HDF5 {number}, loads the plugin")
