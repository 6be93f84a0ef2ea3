"""Garage: `cargo install garage`, one node, its bucket and key made by bootstrap-garage."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import daemon

from .server import DOMAIN, PROGRAMS, Server, find, scratch

VERSION = "2.5.0"  # compose.yaml has the same
BUCKET = "arraymorph"
SUPPORT = Path(__file__).resolve().parents[1]


class Garage(Server):
    name = "garage"
    title = "Garage"
    cost = "half an hour of compiling on two cores (crates.io)"

    def version(self) -> str:
        answer = subprocess.run(
            [_program(), "--version"], capture_output=True, text=True, check=True
        )
        return answer.stdout.split()[1].rpartition(":")[2].removeprefix("v")

    def absent(self) -> str:
        return (
            "" if find("garage") else "no `garage` (./just servers --install garage; needs cargo)"
        )

    def install(self) -> None:
        cargo = shutil.which("cargo")
        if cargo is None:
            raise daemon.DaemonError("compiling Garage needs cargo (https://rustup.rs)")
        command = [cargo, "install", f"garage@{VERSION}", "--locked", f"--root={PROGRAMS}"]
        if subprocess.run(command, check=False).returncode != 0:
            raise daemon.DaemonError("cargo could not install garage")

    @contextlib.contextmanager
    def running(self, bucket: str = BUCKET) -> Iterator[dict[str, str]]:
        with scratch(self.name) as directory:
            s3, rpc = daemon.free_ports(2)
            configuration = configure(directory, s3, rpc)
            log = directory / "garage.log"
            command = [_program(), "-c", str(configuration)]
            with daemon.running([*command, "server"], log) as process:
                found = bootstrap(command, s3, bucket, log)
                found["XDG_CACHE_HOME"] = str(directory / "cache")
                found["SERVER_VIRTUAL_ENDPOINT"] = f"http://{DOMAIN}:{s3}"
                yield {**found, "SERVER_LOG": str(log), "SERVER_PID": str(process.pid)}


def _program() -> str:
    found = find("garage")
    if found is None:
        raise daemon.DaemonError("garage is not installed")
    return found


def configure(directory: Path, s3: int, rpc: int, **more: str) -> Path:
    """The configuration of compose.yaml with the addresses and the folder of this server; each
    setting in `more` becomes this text, an empty one goes."""
    text = (SUPPORT / "garage.toml").read_text()
    changes = {
        "/var/lib/garage": str(directory),
        "0.0.0.0": daemon.HOST,
        ":3900": f":{s3}",
        ":3901": f":{rpc}",
    }
    for old, new in changes.items():
        assert old in text, f"garage.toml has no {old}"
        text = text.replace(old, new)
    for name, value in more.items():
        text, found = re.subn(
            rf"^{name} = .*\n", f"{name} = {value}\n" if value else "", text, flags=re.M
        )
        assert found, f"garage.toml has no {name}"
    path = directory / "garage.toml"
    path.write_text(text)
    return path


def bootstrap(command: list[str], port: int, bucket: str, log: Path) -> dict[str, str]:
    """Settings of the new bucket, by the script that also serves Garage in Docker."""
    done = subprocess.run(
        [str(SUPPORT / "bootstrap-garage"), *command],
        env={
            **os.environ,
            "BUCKET_NAME": bucket,
            "GARAGE_ENDPOINT": f"http://{daemon.HOST}:{port}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise daemon.DaemonError(f"bootstrap-garage: {done.stderr}\n{daemon.tail(log)}")
    lines = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in lines}
