"""What switching ArrayMorph on adds to the start of a program that does not use it.

Each import runs in a fresh process, in turn. Prints medians and the fastest.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from statistics import median

import arraymorph
import seaweed

IMPORT = """
import time
started = time.perf_counter()
import {module}
print(time.perf_counter() - started)
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just bench-startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="of everything (default 15)")
    return parser.parse_args()


def seconds(module: str, environment: dict[str, str]) -> float:
    code = IMPORT.format(module=module)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    rounds = arguments().rounds
    native = seaweed.surroundings()
    on = native | {
        "HDF5_PLUGIN_PATH": arraymorph.get_plugin_path(),
        "HDF5_VOL_CONNECTOR": "arraymorph",
        "BUCKET_NAME": "a-bucket",
    }
    cases = {
        "import h5py": ("h5py", native),
        "import h5py, ArrayMorph on": ("h5py", on),
        "import arraymorph": ("arraymorph", native),
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            times[name].append(seconds(*case))
    for name, each in times.items():
        print(f"{name:28} median {median(each) * 1e3:6.1f} ms, fastest {min(each) * 1e3:6.1f} ms")


if __name__ == "__main__":
    main()
