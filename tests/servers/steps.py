"""What is run against each server, and how its results are counted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import daemon
from known import KNOWN_ELSEWHERE

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "build" / "reports"
BENCH_MIB = 32
# The store's contract and what is asked of a real server; codecs and faults need none.
CONFORMANCE = r"^(Stores/.*s3|S3Server|S3Process)"


@dataclass
class Outcome:
    """Of one runner. `known`: failed as known.py says; `problems`: everything else that is bad."""

    passed: int = 0
    skipped: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        text = f"{self.passed} passed, {len(self.problems)} failed, {self.skipped} skipped"
        return text + (f", {self.known} failed as known" if self.known else "")


def run(step: str, server: str, settings: Mapping[str, str], extra: list[str]) -> Outcome:
    report = REPORTS / f"servers-{server}-{step}.{'xml' if step in _JUNIT else 'json'}"
    report.unlink(missing_ok=True)
    environment = {**daemon.outer_environment(), **settings, "SERVER_NAME": server}
    command = [*_COMMANDS[step](server, report), *(extra if step == "cells" else [])]
    print(f"\n== {server}, {step}: {' '.join(command)}", flush=True)
    started = time.monotonic()
    with (REPORTS / f"servers-{server}-{step}.log").open("w") as log:
        status = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False
        ).returncode
    outcome = _read(step, server, report) if report.exists() else Outcome()
    if not report.exists() or (status and not outcome.problems and not outcome.known):
        outcome.problems.append(f"ended with {status}: see {log.name}")
    outcome.seconds = time.monotonic() - started
    print(f"   {outcome} in {outcome.seconds:.0f} s", *outcome.problems, sep="\n   ", flush=True)
    return outcome


def _cells(server: str, report: Path) -> list[str]:
    pytest = [sys.executable, "-m", "pytest", "-q", "tests/servers", f"--server={server}"]
    return [*pytest, f"--found={report}", f"--junitxml={report.with_suffix('.xml')}"]


def _conformance(_server: str, report: Path) -> list[str]:
    ctest = ["ctest", "--preset", "default", "-R", CONFORMANCE]
    return [*ctest, "--output-junit", str(report)]


def _python(_server: str, report: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "tests/python",
        "-k",
        "s3",
        f"--junitxml={report}",
    ]


def _h5py(_server: str, report: Path) -> list[str]:
    return [sys.executable, "tests/h5py_suite/run.py", "s3", f"--report={report}"]


def _speed(_server: str, report: Path) -> list[str]:
    bench = f"arraymorph bench --json --size {BENCH_MIB} s3://$BUCKET_NAME/speed/"
    return ["sh", "-c", f'{bench} >"$0"', str(report)]


_COMMANDS = {
    "cells": _cells,
    "conformance": _conformance,
    "python": _python,
    "h5py": _h5py,
    "speed": _speed,
}
_JUNIT = ("conformance", "python")
STEPS = tuple(_COMMANDS)


def _read(step: str, server: str, report: Path) -> Outcome:
    if step in _JUNIT:
        return _read_junit(report, KNOWN_ELSEWHERE.get(server, {}))
    if step == "cells":
        outcome = _read_junit(report.with_suffix(".xml"), {})
        outcome.figures["cells"] = json.loads(report.read_text())
        return outcome
    read = json.loads(report.read_text())
    if step == "h5py":
        outcome = Outcome(read["passed"], read["skipped"])
        if read["failed"]:
            outcome.problems.append(f"{read['failed']} failed: see the log")
        return outcome
    rates = {each["what"]: each["bytes_per_second"] for each in read["steps"]}
    return Outcome(figures={name: rate for name, rate in rates.items() if rate})


def _read_junit(report: Path, known: Mapping[str, str]) -> Outcome:
    outcome = Outcome()
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("name", "").partition("  #")[0]  # ctest adds the parameter
        bad = case.find("failure") is not None or case.find("error") is not None
        if bad and name in known:
            outcome.known += 1
        elif bad:
            outcome.problems.append(f"FAILED {name}")
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            outcome.skipped += 1
        else:
            outcome.passed += 1
            if name in known:
                outcome.problems.append(f"STALE {name} passes; take it out of known.py")
    return outcome
