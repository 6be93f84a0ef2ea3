"""pytest plugin: one JSON line per test as it starts and as it ends, so that a crash names it."""

from __future__ import annotations

import json
import os
import tempfile
from typing import TextIO

import pytest

tempfile.tempdir = os.environ.get("TEST_FILES")

_SEVERITY = {"passed": 0, "skipped": 1, "failed": 2}


def _identity(nodeid: str) -> str:
    """What stands behind the folder TEST_FOLDER, say "h5py/tests/", of an installed package."""
    return nodeid.rpartition(os.environ["TEST_FOLDER"])[2]


class Recorder:
    """Writes to the file that TEST_RESULTS names."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._outcome: dict[str, tuple[str, str]] = {}

    def _write(self, **record: str) -> None:
        self._stream.write(json.dumps(record) + "\n")
        self._stream.flush()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._write(started=_identity(nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = str(report.outcome)
        if hasattr(report, "wasxfail"):
            outcome = "skipped"
        before = self._outcome.get(report.nodeid)
        if before is None or _SEVERITY[outcome] > _SEVERITY[before[0]]:
            last_line = report.longreprtext.strip().rpartition("\n")[2]
            self._outcome[report.nodeid] = (outcome, last_line)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        outcome, text = self._outcome.get(nodeid, ("failed", "no report"))
        self._write(test=_identity(nodeid), outcome=outcome, text=text)


def pytest_configure(config: pytest.Config) -> None:
    path = os.environ["TEST_RESULTS"]
    stream = open(path, "w", encoding="utf-8")  # noqa: SIM115  (open until pytest ends)
    config.pluginmanager.register(Recorder(stream))
