"""Starts h5py programs in a few milliseconds: a process that has imported h5py, with the plugin
switched on but not yet used, forks one child for each.

A program is a function `module:function` of this folder; it gets its arguments as strings, ends as
any Python program does, and what it prints comes back.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TIMEOUT = 600.0  # a hang, not a slow machine
PROGRAMS = ["kill_program", "matrix_program", "parallel_programs"]


@dataclass
class Outcome:
    status: int  # negative: the signal
    stdout: str
    stderr: str
    hung: bool = False

    def result(self) -> Any:
        """What the program printed last, which is JSON."""
        assert self.status == 0, f"status {self.status}\n{self.stdout}\n{self.stderr}"
        return json.loads(self.stdout.splitlines()[-1])


class Child:
    def __init__(self, zygote: Zygote, pid: int, output: Path) -> None:
        self.pid = pid
        self._zygote, self._output = zygote, output

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait_for_output(self, text: str) -> None:
        deadline = time.monotonic() + TIMEOUT
        output = self._output.with_suffix(".out")
        while not (output.exists() and text in output.read_text()):
            assert time.monotonic() < deadline, f"{text!r} has not been printed"
            time.sleep(0.005)

    def wait(self, timeout: float = TIMEOUT) -> Outcome:
        status = self._zygote.ask({"wait": self.pid, "seconds": timeout})
        hung = status is None
        if hung:
            self.kill()
            status = self._zygote.ask({"wait": self.pid, "seconds": TIMEOUT})
        texts = [self._output.with_suffix(each).read_text() for each in (".out", ".err")]
        return Outcome(status, texts[0], texts[1], hung)


class Zygote:
    """Use as a context. `preload`: a library for LD_PRELOAD."""

    def __init__(self, preload: Path | None = None) -> None:
        import arraymorph
        import seaweed

        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(seaweed.SETTINGS)
        }
        plugin = {
            "HDF5_PLUGIN_PATH": arraymorph.get_plugin_path(),
            "HDF5_VOL_CONNECTOR": "arraymorph",
        }
        self.directory = Path(tempfile.mkdtemp(prefix="zygote-"))
        self._started = 0
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**clean, **plugin, **({"LD_PRELOAD": str(preload)} if preload else {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(TIMEOUT)
        shutil.rmtree(self.directory)

    def start(self, program: str, *arguments: str, **environment: str) -> Child:
        self._started += 1
        output = self.directory / str(self._started)
        pid = self.ask(
            {
                "program": program,
                "arguments": arguments,
                "environment": environment,
                "output": str(output),
            }
        )
        return Child(self, pid, output)

    def run(self, program: str, *arguments: str, **environment: str) -> Outcome:
        return self.start(program, *arguments, **environment).wait()

    def ask(self, command: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _wait(pid: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.002)


def _become(command: dict[str, Any]) -> None:
    """In the child: the program, then the end of the process as of any other."""
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)
    for number, suffix in ((1, ".out"), (2, ".err")):
        file = os.open(command["output"] + suffix, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.environ.update(command["environment"])
    module, _, function = command["program"].partition(":")
    getattr(importlib.import_module(module), function)(*command["arguments"])


def main() -> None:
    for name in PROGRAMS:
        importlib.import_module(name)
    # Not sys.stdin: its buffer would be inherited.
    with os.fdopen(os.dup(0), "r") as commands, os.fdopen(os.dup(1), "w") as answers:
        while line := commands.readline():
            command = json.loads(line)
            if "wait" in command:
                answer = _wait(command["wait"], command["seconds"])
            else:
                answer = os.fork()
                if answer == 0:
                    _become(command)
                    return
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
    main()
