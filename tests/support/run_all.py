"""Run every test of the project, one runner after the other, and sum up what they counted.

Usage: python tests/support/run_all.py   (from the project's root, with the package installed)
Each runner's output is shown as it comes; reports go to build/reports. Exit status 0 only when
everything passed. The last line is `N passed, N failed, N skipped`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import seaweed

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "build" / "reports"


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass
class Step:
    name: str
    command: list[str]
    report: str = ""  # file in REPORTS that the command writes; none: the step counts no tests


def steps() -> list[Step]:
    pytest = [sys.executable, "-m", "pytest", "-q"]
    h5py_suite = [sys.executable, "tests/h5py_suite/run.py"]
    ctest = ["ctest", "--preset", "default", "-j2", "--output-junit", str(REPORTS / "cpp.xml")]

    def junit(name: str) -> str:
        return f"--junitxml={REPORTS / name}"

    def counts(name: str) -> str:
        return f"--report={REPORTS / name}"

    return [
        Step("configure", ["cmake", "--preset", "default"]),
        Step("build", ["cmake", "--build", "--preset", "default"]),
        Step("C++ tests", ctest, "cpp.xml"),
        Step("Python tests", [*pytest, "tests/python", junit("python.xml")], "python.xml"),
        Step("docs", [*pytest, "tests/docs", junit("docs.xml")], "docs.xml"),
        Step("process", [*pytest, "tests/process", junit("process.xml")], "process.xml"),
        Step("reference", [*pytest, "tests/reference", junit("reference.xml")], "reference.xml"),
        Step("servers", [*pytest, "tests/servers", junit("servers.xml")], "servers.xml"),
        Step("faults", [*pytest, "tests/faults", junit("faults.xml")], "faults.xml"),
        Step("h5py suite, local", [*h5py_suite, "local", counts("local.json")], "local.json"),
        Step("h5py suite, S3", [*h5py_suite, "seaweed", counts("s3.json")], "s3.json"),
    ]


def run(step: Step, environment: dict[str, str]) -> tuple[Counts, float]:
    """Run one step; a runner that fails without a counted failure is one failure."""
    print(f"\n== {step.name}: {' '.join(step.command)}", flush=True)
    started = time.monotonic()
    status = subprocess.run(step.command, cwd=ROOT, env=environment, check=False).returncode
    counts = read(REPORTS / step.report) if step.report else Counts()
    if status != 0 and counts.failed == 0:
        counts.failed = 1
    if step.report and counts.passed == 0:
        counts.failed += 1
    return counts, time.monotonic() - started


def read(report: Path) -> Counts:
    if not report.exists():
        return Counts()
    if report.suffix == ".json":
        return Counts(**json.loads(report.read_text()))
    counts = Counts()
    for case in ElementTree.parse(report).iter("testcase"):
        # pytest nests <skipped>, <failure>, <error>; ctest says it in the attribute as well.
        if case.find("failure") is not None or case.find("error") is not None:
            counts.failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts


def main() -> int:
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.iterdir():
        old.unlink()
    total = Counts()
    lines = []
    with seaweed.running() as server:
        environment = {**os.environ, **server.environment()}
        for step in steps():
            counts, seconds = run(step, environment)
            total.passed += counts.passed
            total.failed += counts.failed
            total.skipped += counts.skipped
            result = str(counts) if step.report else ("ok" if counts.failed == 0 else "FAILED")
            lines.append(f"{step.name:<20} {seconds:6.1f} s  {result}")
            if counts.failed and not step.report:
                break  # nothing after a failed build says anything
    print("\n" + "\n".join(lines))
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
