"""MinIO: `go install` of the last release of its source, one disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

import daemon

from .server import DOMAIN, PROGRAMS, Server, create_bucket, find, scratch, settings

MODULE = "github.com/minio/minio"
VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
KEYS = ("arraymorph-test", "arraymorph-test-secret")
BUCKET = "arraymorph-test"


class Minio(Server):
    name = "minio"
    title = "MinIO"
    cost = "ten minutes of compiling on two cores (Go module proxy), 1 GB of module cache"

    def version(self) -> str:
        """The date of the source and its commit: what is built by `go install` has no release."""
        stamp, commit = _built_from().split("-")[1:]
        return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} ({commit[:7]})"

    def absent(self) -> str:
        return "" if find("minio") else "no `minio` (./just servers --install minio; needs go)"

    def install(self) -> None:
        go = shutil.which("go")
        if go is None:
            raise daemon.DaemonError("compiling MinIO needs go 1.24 or later (https://go.dev)")
        command = [go, "install", "-trimpath", "-ldflags=-s -w", f"{MODULE}@{VERSION}"]
        environment = {**os.environ, "GOBIN": str(PROGRAMS / "bin")}
        if subprocess.run(command, env=environment, check=False).returncode != 0:
            raise daemon.DaemonError("go could not install minio")

    @contextlib.contextmanager
    def running(self) -> Iterator[dict[str, str]]:
        with scratch(self.name) as directory:
            (port,) = daemon.free_ports(1)
            log = directory / "minio.log"
            data = directory / "data"
            data.mkdir()
            command = [_program(), "server", str(data), "--quiet", "--certs-dir", str(directory)]
            command += ["--address", f"{daemon.HOST}:{port}"]
            environment = {
                **{name: value for name, value in os.environ.items() if "MINIO_" not in name},
                "MINIO_ROOT_USER": KEYS[0],
                "MINIO_ROOT_PASSWORD": KEYS[1],
                "MINIO_DOMAIN": DOMAIN,
                "MINIO_BROWSER": "off",
                "MINIO_UPDATE": "off",
                "MINIO_CALLHOME_ENABLE": "off",
            }
            with daemon.running(command, log, environment) as process:
                found = settings(port, BUCKET, KEYS, directory)
                create_bucket(found)
                yield {**found, "SERVER_LOG": str(log), "SERVER_PID": str(process.pid)}


def _built_from() -> str:
    """The module's version, as the program has it; without go: the one that `install` takes."""
    if not (go := shutil.which("go")):
        return VERSION
    command = [go, "version", "-m", _program()]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\n")
    words = [line.split() for line in lines]
    return next((each[2] for each in words if each[:2] == ["mod", MODULE]), VERSION)


def _program() -> str:
    found = find("minio")
    if found is None:
        raise daemon.DaemonError("minio is not installed")
    return found
