"""Run unittest suites and write each outcome to the file that TEST_RESULTS names.

Usage: python run_unittest.py MODULE...   (each has a function suite())
PyTables' suites run some tests many times: the n-th run of one is `ID#n`.
"""

# ruff: noqa: N802  (the method names are those of unittest)
from __future__ import annotations

import importlib
import json
import os
import sys
import unittest
from collections import Counter
from typing import Any, TextIO


class Recorder(unittest.TextTestResult):
    """One line as a test starts and one as it ends, so that a crash names it."""

    records: TextIO
    runs: Counter[str]

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.runs[test.id()] += 1
        self._name = f"{test.id()}#{self.runs[test.id()]}"
        self._outcome, self._text = "passed", ""
        self._write(started=self._name)

    def stopTest(self, test: unittest.TestCase) -> None:
        self._write(test=self._name, outcome=self._outcome, text=self._text)
        super().stopTest(test)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self._outcome = "skipped"

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self._failed(err)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self._failed(err)

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._failed(err)

    def _failed(self, err: Any) -> None:
        self._outcome = "failed"
        self._text = f"{err[0].__name__}: {err[1]}".strip().splitlines()[0]

    def _write(self, **record: str) -> None:
        self.records.write(json.dumps(record) + "\n")
        self.records.flush()


def main() -> int:
    if os.environ.get("PEER_STORE"):
        import pointers  # noqa: F401
    suite = unittest.TestSuite(importlib.import_module(name).suite() for name in sys.argv[1:])
    Recorder.runs = Counter()
    with open(os.environ["TEST_RESULTS"], "w", encoding="utf-8") as Recorder.records:
        runner: Any = unittest.TextTestRunner(verbosity=0)
        runner.resultclass = Recorder
        result = runner.run(suite)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
