"""moto: an imitation of S3 in Python, with AWS's error codes. Says nothing about servers in use."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import daemon

from .server import PROGRAMS, Server, create_bucket, scratch, settings

REQUIREMENT = "moto[server]==5.2.5"
KEYS = ("arraymorph-test", "arraymorph-test-secret")  # any will do: it checks none
BUCKET = "arraymorph-test"


class Moto(Server):
    name = "moto"
    title = "moto (imitates AWS)"
    cost = "an environment of its own from PyPI, 320 MB"
    imitation = True

    def version(self) -> str:
        code = "import importlib.metadata as m; print(m.version('moto'))"
        answer = subprocess.run([_python(), "-c", code], capture_output=True, text=True, check=True)
        return answer.stdout.strip()

    def absent(self) -> str:
        # Written last; the environment may have been begun and not finished.
        installed = (PROGRAMS / "moto" / "bin" / "moto_server").exists()
        return "" if installed else "no moto (./just servers --install moto)"

    def install(self) -> None:
        venv = PROGRAMS / "moto"
        commands = [
            [sys.executable, "-m", "venv", str(venv)],
            [str(_python()), "-m", "pip", "install", "--quiet", REQUIREMENT],
        ]
        for command in commands:
            if subprocess.run(command, check=False).returncode != 0:
                raise daemon.DaemonError(f"{REQUIREMENT} could not be installed")

    @contextlib.contextmanager
    def running(self) -> Iterator[dict[str, str]]:
        with scratch(self.name) as directory:
            (port,) = daemon.free_ports(1)
            log = directory / "moto.log"
            command = [str(_python()), "-m", "moto.server", "-H", daemon.HOST, "-p", str(port)]
            environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
            with daemon.running(command, log, environment) as process:
                found = settings(port, BUCKET, KEYS, directory, virtual=False)
                create_bucket(found)
                yield {**found, "SERVER_LOG": str(log), "SERVER_PID": str(process.pid)}


def _python() -> Path:
    return PROGRAMS / "moto" / "bin" / "python"
