"""What switching ArrayMorph on costs a program that does not use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Store

# Nothing that programs without these would load anyway: each costs milliseconds.
HEAVY = {
    "asyncio",
    "boto3",
    "dataclasses",
    "email",
    "h5py",
    "http",
    "inspect",
    "json",
    "logging",
    "multiprocessing",
    "numpy",
    "rich",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "typer",
    "unittest",
    "xml",
}

MODULES = """
import sys
before = set(sys.modules)
import arraymorph
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""

# Bytes that importing h5py reads, and the libraries that it maps.
IMPORT = """
import json
def read():
    return int(open("/proc/self/io").read().split()[1])
before = read()
import h5py
after = read()
maps = {line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}
print(json.dumps([after - before, sorted(maps)]))
"""

# Names of this process's threads; the engine's start with "Aws".
THREADS = """
import glob
def threads():
    return [open(name).read().strip() for name in glob.glob("/proc/self/task/*/comm")]
def engine():
    return [name for name in threads() if name.startswith("Aws")]
import numpy
before = len(threads())
"""

UNUSED = """
import h5py
with h5py.File("native.h5", "w", driver="core", backing_store=False) as f:
    f["x"] = 1
assert len(threads()) == before, threads()
"""

USED = """
import h5py, sys
with h5py.File("used.h5", "w") as f:
    f.create_dataset("x", data=numpy.arange(100_000), chunks=(10_000,))
    print(len(engine()))
"""


def run(code: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_importing_h5py_loads_the_plugin_and_no_more(store: Store, native: dict[str, str]) -> None:
    """How long that takes is measured by `just bench-startup`."""
    bytes_without, maps_without = json.loads(run(IMPORT, native))
    bytes_with, maps_with = json.loads(run(IMPORT, store.switched_on))
    more = {Path(name).name for name in set(maps_with) - set(maps_without)}
    assert "libarraymorph.so" in more
    assert [name for name in more if name.startswith(("_", "libpython", "libhdf5"))] == []
    assert bytes_with - bytes_without < 16384  # no bundle of certificates, no AWS configuration


def test_importing_arraymorph_imports_little(native: dict[str, str]) -> None:
    imported = run(MODULES, native).split()
    assert "arraymorph" in imported
    assert [name for name in imported if name in HEAVY] == []


def test_nothing_runs_before_the_first_use(store: Store) -> None:
    run(THREADS + UNUSED, store.switched_on)


def test_the_engine_starts_with_the_first_use_of_s3(store: Store) -> None:
    engine = int(run(THREADS + USED, store.switched_on))
    assert engine > 0 if store.kind == "s3" else engine == 0
