"""Runs one program many times: the one place that counts runs, keeps time and reports failures."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

SCENARIOS = Path(__file__).parent / "scenarios"
TIMEOUT = 600.0  # a hang, not a slow machine


@dataclass
class Outcome:
    """How one run ended."""

    status: int  # negative: the signal
    stdout: str
    stderr: str
    exit_seconds: float | None  # from mark_end() to the end of the process


@dataclass
class Repeat:
    """`count` runs of a command, `jobs` at a time; `progress` gets lines to show."""

    count: int
    jobs: int
    directory: Path
    progress: Callable[[str], None]
    exits: list[float] = field(default_factory=list)

    def once(self, command: list[str], environment: dict[str, str], tag: str) -> Outcome:
        mark = self.directory / f"end-{tag}"
        with subprocess.Popen(
            command,
            env={**environment, "MARK_END": str(mark)},
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                stdout, stderr = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                stdout, stderr = process.communicate()
                stderr += f"\n[killed: still running after {TIMEOUT:.0f} s]"
            ended = time.monotonic()
        seconds = ended - float(mark.read_text()) if mark.exists() else None
        return Outcome(process.returncode, stdout, stderr, seconds)

    def all(
        self,
        command: Callable[[str], list[str]],
        environment: dict[str, str],
        judge: Callable[[str, Outcome], str | None],
    ) -> None:
        """Run `command(tag)` with a tag of its own each time; `judge` says what is wrong with the
        outcome, or nothing. All failures are shown together, the first ones in full."""

        def one(run: int) -> str | None:
            tag = f"{os.getpid()}-{time.monotonic_ns()}-{run}"
            outcome = self.once(command(tag), environment, tag)
            if outcome.exit_seconds is not None:
                self.exits.append(outcome.exit_seconds)
            try:
                wrong = judge(tag, outcome)
            except Exception as error:
                wrong = f"{type(error).__name__}: {error}"
            if wrong is None:
                return None
            return (
                f"run {run} of {self.count}: {wrong}\nexit status {outcome.status}\n"
                f"--- stdout\n{outcome.stdout}\n--- stderr\n{outcome.stderr}"
            )

        failures: list[str] = []
        with ThreadPoolExecutor(self.jobs) as pool:
            for done, failure in enumerate(pool.map(one, range(1, self.count + 1)), 1):
                if failure is not None:
                    failures.append(failure)
                if done % 20 == 0 or failure is not None:
                    self.progress(f"{done}/{self.count}, {len(failures)} failed")
        if self.exits:
            self.progress(
                f"{self.count} runs, {len(failures)} failed; exit took "
                f"{statistics.median(self.exits):.2f} s (median), {max(self.exits):.2f} s (most)"
            )
        assert not failures, f"{len(failures)} of {self.count} runs failed\n" + "\n\n".join(
            failures[:3]
        )


def scenario(module: str, name: str, *arguments: str) -> Callable[[str], list[str]]:
    """The command of a scenario on a file named after the run."""
    script = str(SCENARIOS / f"{module}.py")
    return lambda tag: [sys.executable, script, name, f"{tag}.h5", *arguments]
