"""One wheel file, no rebuild, in every environment of the matrix.

Usage: python tests/matrix/run_matrix.py [--wheel FILE] [--jobs N] [ROW ...]

For each row: install the wheel beside the row's packages, run h5py's own tests natively and on a
local store, and make a round trip on SeaweedFS. Without --wheel one is built. ROW names rows by
their beginnings (h5py-3.12). The table goes to README.md when all rows were run, the results to
build/reports/matrix.json. Exit status 0 only when no row failed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import seaweed
from environment import PLACE, ROOT, RowError, run
from rows import Row, select
from steps import Result, run_row
from table import render, write_into

REPORT = ROOT / "build" / "reports" / "matrix.json"


def build_wheel() -> Path:
    """A wheel of this checkout, in a folder of its own."""
    directory = PLACE / "wheel"
    shutil.rmtree(directory, ignore_errors=True)
    print("matrix: building the wheel", flush=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-deps", f"--wheel-dir={directory}", "."], cwd=ROOT)
    (wheel,) = directory.glob("*.whl")
    return wheel


def attempt(row: Row, wheel: Path, server: dict[str, str]) -> Result:
    """Run one row; what goes wrong in it is part of the result."""
    started = time.monotonic()
    result = Result(row.name)
    try:
        run_row(row, wheel, server, result)
    except RowError as error:
        result.problems.append(str(error))
    result.seconds = round(time.monotonic() - started, 1)
    print(f"matrix: {result.seconds:6.1f} s  {result.summary()}", flush=True)
    return result


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--wheel", type=Path, help="the wheel file; else one is built")
    parser.add_argument("--jobs", type=int, default=2, help="rows at the same time")
    parser.add_argument("rows", nargs="*", help="beginnings of names of rows")
    options = parser.parse_args()
    rows = select(options.rows)
    PLACE.mkdir(parents=True, exist_ok=True)
    wheel = (options.wheel or build_wheel()).resolve(strict=True)
    print(f"matrix: {len(rows)} rows with {wheel.name}, {options.jobs} at a time", flush=True)
    with seaweed.running() as server, ThreadPoolExecutor(options.jobs) as pool:
        settings = server.environment()
        results = list(pool.map(lambda row: attempt(row, wheel, settings), rows))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    described = {
        "wheel": wheel.name,
        "bytes": wheel.stat().st_size,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "rows": [asdict(result) for result in results],
    }
    REPORT.write_text(json.dumps(described, indent=1))
    table = render(results, wheel)
    if options.rows:
        print(table)
    else:
        write_into(ROOT / "README.md", table)
    failed = [result for result in results if result.problems]
    for result in failed:
        print(f"\n{result.name}:\n" + "\n".join(result.problems))
    print(f"matrix: {len(results) - len(failed)} rows good, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
