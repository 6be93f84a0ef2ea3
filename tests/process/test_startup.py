"""What switching ArrayMorph on costs a program that does not use it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import Store

BOUND = 0.050  # seconds
ROUNDS = 7

IMPORT = """
import sys, time
started = time.perf_counter()
import {module}
print(time.perf_counter() - started)
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


def fastest(module: str, *environments: dict[str, str]) -> list[float]:
    """Seconds that importing takes at best in each environment, the runs taken in turns."""
    code = IMPORT.format(module=module)
    times = [[float(run(code, each)) for each in environments] for _ in range(ROUNDS)]
    return [min(column) for column in zip(*times, strict=True)]


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_importing_h5py(store: Store, native: dict[str, str]) -> None:
    without, with_plugin = fastest("h5py", native, store.switched_on)
    assert with_plugin - without < BOUND


def test_importing_arraymorph(native: dict[str, str]) -> None:
    assert fastest("arraymorph", native)[0] < BOUND


def test_nothing_runs_before_the_first_use(store: Store) -> None:
    run(THREADS + UNUSED, store.switched_on)


def test_the_engine_starts_with_the_first_use_of_s3(store: Store) -> None:
    engine = int(run(THREADS + USED, store.switched_on))
    assert engine > 0 if store.kind == "s3" else engine == 0
