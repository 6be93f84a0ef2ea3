"""Run the test suite that h5py ships through ArrayMorph and hold it against a list.

Usage: python tests/h5py_suite/run.py local|seaweed|s3|native [--report FILE] [PYTEST-ARGUMENTS]
       python tests/h5py_suite/run.py local|seaweed|s3|native --outcomes FILE    (any h5py version)

Fails when a test fails that expected_failures.txt does not name, when a named one passes, when
the run dies, or when fewer tests pass than it takes. `seaweed` starts a server where the
environment names none, `s3` takes the one it names; `native` runs h5py without ArrayMorph.
With --outcomes every test's outcome is written there, and only a run that dies fails.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUPPORT = HERE.parent / "support"
sys.path.insert(0, str(SUPPORT))

from outcomes import Outcome, read_results  # noqa: E402

LEAST_PASSED = {"local": 858, "seaweed": 855, "s3": 855, "native": 877}
TIME_LIMIT = 900  # seconds


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("store", choices=sorted(LEAST_PASSED))
    parser.add_argument("--report", type=Path, help="write the counts there as JSON")
    parser.add_argument("--outcomes", type=Path, help="write every outcome there, judge nothing")
    options, pytest_arguments = parser.parse_known_args()
    if options.store == "seaweed" and not os.environ.get("AWS_ENDPOINT_URL_S3"):
        wrapper = HERE.parent / "support" / "with-seaweed"
        os.execv(wrapper, [str(wrapper), sys.executable, *sys.argv])
    expected = read_expected(options.store)
    with tempfile.TemporaryDirectory(prefix="h5py-suite-") as directory:
        status, outcome = run_suite(options.store, Path(directory), pytest_arguments)
    if options.outcomes:
        options.outcomes.write_text(json.dumps(asdict(outcome), default=sorted))
        return 0 if outcome.unfinished is None and status in (0, 1) else 1
    complaints = judge(options.store, status, outcome, expected, whole=not pytest_arguments)
    listed = len(outcome.failed.keys() & expected.keys())
    print(
        f"h5py suite on {options.store}: {len(outcome.passed)} passed, "
        f"{len(outcome.failed) - listed} failed, {listed} failed as listed, "
        f"{len(outcome.skipped)} skipped"
    )
    for line in complaints:
        print(f"  {line}")
    if options.report:
        counts = {
            "passed": len(outcome.passed),
            "failed": len(complaints),
            "skipped": len(outcome.skipped) + listed,
        }
        options.report.write_text(json.dumps(counts))
    return 1 if complaints else 0


def read_expected(store: str) -> dict[str, str]:
    """Test id -> reason, for this store. Lines: `[STORE: ]ID | reason`; else all but native."""
    expected: dict[str, str] = {}
    for line in (HERE / "expected_failures.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        test, _, reason = line.partition(" | ")
        if not reason.strip():
            raise SystemExit(f"expected_failures.txt: no reason given for {test}")
        only, _, rest = test.partition(": ")
        stores = {"local", "seaweed", "s3"}
        if only in LEAST_PASSED:
            stores, test = {only}, rest
        if store in stores:
            expected[test.strip()] = reason.strip()
    return expected


def run_suite(store: str, directory: Path, arguments: list[str]) -> tuple[int, Outcome]:
    """Run pytest over h5py's tests; returns its exit status and what was recorded."""
    results = directory / "results.jsonl"
    work = directory / "work"
    work.mkdir()
    environment = dict(os.environ)
    for name in ("HDF5_VOL_CONNECTOR", "HDF5_PLUGIN_PATH", "ARRAYMORPH_ROOT"):
        environment.pop(name, None)
    if store == "native":
        environment.pop("BUCKET_NAME", None)
    else:
        environment |= connector_environment()
        # Tests of external storage look at their files of raw data on the disk.
        environment["ARRAYMORPH_ALLOW_LINKS"] = f"file://{tempfile.gettempdir()}/"
    if store == "local":
        environment.pop("BUCKET_NAME", None)
        root = directory / "root"
        root.mkdir()
        environment |= {"STORAGE_PLATFORM": "Local", "ARRAYMORPH_ROOT": str(root)}
    environment |= {
        "TEST_RESULTS": str(results),
        "TEST_FOLDER": "h5py/tests/",
        "PYTHONPATH": str(SUPPORT),
    }
    # What lies in the temporary directory stays local: the files of the tests lie in another one.
    for variable, folder in ("TMPDIR", "temporary"), ("TEST_FILES", "files"):
        environment[variable] = str(directory / folder)
        (directory / folder).mkdir()
    # Some tests start pytest again; neither may find this project's pytest settings.
    environment["PYTEST_ADDOPTS"] = f"-c {os.devnull} -p no:cacheprovider --disable-warnings"
    command = [sys.executable, "-m", "pytest", "-p", "record_results", f"--rootdir={work}"]
    command += [f"--basetemp={directory / 'tmp'}", "-q", "--no-header", "--tb=short"]
    command += [h5py_tests(), "--no-network", *arguments]
    try:
        status = subprocess.run(
            command, cwd=work, env=environment, timeout=TIME_LIMIT, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        status = -1
    return status, read_results(results)


def h5py_tests() -> str:
    package = importlib.util.find_spec("h5py")
    if package is None or package.origin is None:
        raise SystemExit("h5py is not installed")
    return str(Path(package.origin).parent / "tests")


def connector_environment() -> dict[str, str]:
    text = subprocess.run(
        [sys.executable, "-m", "arraymorph", "plugin-path"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {"HDF5_VOL_CONNECTOR": "arraymorph", "HDF5_PLUGIN_PATH": text.strip()}


def judge(
    store: str, status: int, outcome: Outcome, expected: dict[str, str], whole: bool
) -> list[str]:
    """One line per reason why this run is not good; `whole`: all tests were asked for."""
    complaints = [
        f"FAILED {test}: {text}" for test, text in outcome.failed.items() if test not in expected
    ]
    complaints += [
        f"STALE {test} passes; take it out of expected_failures.txt"
        for test in sorted(expected.keys() & outcome.passed)
    ]
    if outcome.unfinished is not None:
        complaints.append(f"DIED in {outcome.unfinished} (exit status {status})")
    elif status not in (0, 1):
        complaints.append(f"pytest ended with exit status {status}")
    if whole:
        known = outcome.passed | outcome.skipped | outcome.failed.keys()
        complaints += [f"STALE {test} does not exist" for test in sorted(expected.keys() - known)]
        if len(outcome.passed) < LEAST_PASSED[store]:
            complaints.append(f"only {len(outcome.passed)} passed, not {LEAST_PASSED[store]}")
    return complaints


if __name__ == "__main__":
    sys.exit(main())
