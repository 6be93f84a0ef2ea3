"""Run the test suites of packages on top of HDF5 through ArrayMorph and hold them against native.

Usage: python tests/peers/run_peers.py [SUITE ...] [--report FILE]

Each suite runs twice: with HDF5 as it is, and with ArrayMorph on, where every file that a test
creates is a pointer into a directory (pointers.py). Every test that passes natively has to pass
through ArrayMorph, unless expected_differences.txt names it and says why. The suites are those of
pytables, pandas, h5netcdf and xarray, as installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUPPORT = HERE.parent / "support"
sys.path.insert(0, str(SUPPORT))

from outcomes import Outcome, read_results  # noqa: E402

TIME_LIMIT = 3600  # seconds


@dataclass(frozen=True)
class Suite:
    """`package` has its tests in `folder`; without `tests` they are a unittest suite, `module`."""

    package: str
    folder: str = ""
    tests: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    module: str = ""

    def command(self) -> list[str]:
        if self.module:
            return [sys.executable, str(HERE / "run_unittest.py"), self.module]
        spec = importlib.util.find_spec(self.package)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{self.package} is not installed")
        folder = Path(spec.origin).parents[1] / self.folder
        pytest = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "record_results", "-q"]
        return [*pytest, *self.options, *(str(folder / name) for name in self.tests)]


SUITES = {
    "pytables": Suite("tables", module="tables.tests.test_suite"),
    # Files of data for some tests are not in the wheel.
    "pandas": Suite("pandas", "pandas/tests/io/pytables/", (".",), ("--no-strict-data-files",)),
    "h5netcdf": Suite("h5netcdf", "h5netcdf/tests/", ("test_h5netcdf.py",)),
    "xarray": Suite("xarray", "xarray/tests/", ("test_backends.py", "test_backends_datatree.py")),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suites", nargs="*", choices=[[], *SUITES], metavar="SUITE")
    parser.add_argument("--report", type=Path, help="write all outcomes there as JSON")
    options = parser.parse_args()
    complaints = 0
    outcomes: dict[str, dict[str, dict[str, str]]] = {}
    for name in options.suites or SUITES:
        native, ours = (run(SUITES[name], through) for through in (False, True))
        outcomes[name] = {"native": native.failed, "arraymorph": ours.failed}
        complaints += judge(name, native, ours)
    if options.report:
        options.report.write_text(json.dumps(outcomes, indent=1))
    return 1 if complaints else 0


def run(suite: Suite, through_arraymorph: bool) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="peers-") as directory:
        place = Path(directory)
        for folder in ("work", "store", "tmp", "home"):
            (place / folder).mkdir()
        # PyTables' Blosc2 chunks are as large as this cache: 300 MiB on some servers.
        caches = {"l2_cache_size": 2**20, "l3_cache_size": 8 * 2**20}
        (place / "home" / ".pytables-cpuinfo.json").write_text(json.dumps(caches))
        results = place / "results.jsonl"
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HDF5_", "ARRAYMORPH_", "AWS_"))
            and name not in ("BUCKET_NAME", "STORAGE_PLATFORM")
        }
        environment |= {
            "TEST_RESULTS": str(results),
            "TEST_FOLDER": suite.folder,
            "TMPDIR": str(place / "tmp"),
            "HOME": str(place / "home"),
            "PYTHONPATH": os.pathsep.join([str(SUPPORT), str(HERE)]),
        }
        command = suite.command()
        if through_arraymorph:
            environment["PEER_STORE"] = str(place / "store")
            if not suite.module:
                command += ["-p", "pointers"]
        kind = "through ArrayMorph" if through_arraymorph else "native"
        print(f"peers: {suite.package} {kind} ...", file=sys.stderr, flush=True)
        started = time.monotonic()
        log = place / "log"
        with log.open("w") as stream:
            status = subprocess.run(
                command,
                cwd=place / "work",
                env=environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                timeout=TIME_LIMIT,
                check=False,
            ).returncode
        outcome = read_results(results)
        print(
            f"peers: {suite.package} {kind}: {len(outcome.passed)} passed, "
            f"{len(outcome.failed)} failed, {len(outcome.skipped)} skipped "
            f"in {time.monotonic() - started:.0f} s",
            file=sys.stderr,
            flush=True,
        )
        if outcome.unfinished is not None or not outcome.passed:
            print(log.read_text()[-4000:], file=sys.stderr)
            print(f"exit status {status} in {outcome.unfinished}", file=sys.stderr)
        return outcome


def judge(name: str, native: Outcome, ours: Outcome) -> int:
    """Print how the two runs differ; the number of differences that nobody explains."""
    expected = read_expected(name)
    lines = [
        f"FAILED {test}: {ours.failed.get(test) or 'did not run'}"
        for test in sorted(native.passed - ours.passed)
        if test not in expected
    ]
    lines += [
        f"STALE {test} passes; take it out of expected_differences.txt"
        for test in sorted(expected.keys() & ours.passed)
    ]
    if not native.passed:
        lines.append("NOTHING passes natively")
    lines += [f"DIED in {run.unfinished}" for run in (native, ours) if run.unfinished is not None]
    listed = (native.passed - ours.passed) & expected.keys()
    for test in sorted(listed):
        print(f"{name}: as listed {test}: {expected[test]}")
    for line in lines:
        print(f"{name}: {line}")
    print(
        f"{name}: {len(ours.passed)} passed of native's {len(native.passed)}; "
        f"{len(listed)} differ as listed, {len(lines)} otherwise"
    )
    return len(lines)


def read_expected(suite: str) -> dict[str, str]:
    """Test id -> reason. Lines: `SUITE: ID | reason`."""
    expected: dict[str, str] = {}
    for line in (HERE / "expected_differences.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        test, _, reason = line.partition(" | ")
        name, _, identity = test.partition(": ")
        if not reason.strip() or name not in SUITES:
            raise SystemExit(f"expected_differences.txt: a suite or a reason is missing: {line}")
        if name == suite:
            expected[identity.strip()] = reason.strip()
    return expected


if __name__ == "__main__":
    sys.exit(main())
