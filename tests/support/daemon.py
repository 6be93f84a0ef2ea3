"""What tests share that start a server as a process of their own."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

HOST = "127.0.0.1"
# Outside the range that the kernel gives to outgoing connections, with their partners.
_PORTS = range(12000, 22000)
PARTNER = 10000
_given: set[int] = set()  # ports that this process has handed out: who asked may not listen yet


# Of .env or a shell: they would go before what says where a server of ours is.
_LEFTOVERS = (
    "AWS_ENDPOINT_URL",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "ARRAYMORPH_ENDPOINT_URL",
    "ARRAYMORPH_REGION",
    "ARRAYMORPH_ADDRESSING_STYLE",
    "ARRAYMORPH_PROFILE",
    "ARRAYMORPH_ACCESS_KEY_ID",
    "ARRAYMORPH_SECRET_ACCESS_KEY",
    "ARRAYMORPH_SESSION_TOKEN",
    "ARRAYMORPH_ANONYMOUS",
)


def outer_environment() -> dict[str, str]:
    """This process's, without settings that would lead elsewhere than those of a server of ours."""
    return {name: value for name, value in os.environ.items() if name not in _LEFTOVERS}


class DaemonError(RuntimeError):
    """The server could not be started or refuses a request."""


def _is_free(port: int, partners: bool) -> bool:
    for each in (port, port + PARTNER)[: 1 + partners]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, each))
            except OSError:
                return False
    return True


def free_ports(count: int, *, partners: bool = False) -> list[int]:
    """Distinct ports, never the same twice; random, so that parallel runs differ. `partners`: each
    with PARTNER added is free too."""
    ports: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        if port not in _given and _is_free(port, partners):
            _given.add(port)
            ports.append(port)
        if len(ports) == count:
            return ports
    raise DaemonError("no free ports")


def start(
    command: list[str], log: Path, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C reaches only who started it; what it says goes to the
    end of `log`, whose folder is where it works."""
    with log.open("ab") as out:
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=log.parent,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise DaemonError(f"{command[0]} cannot be started: {error.strerror}") from error


def stop(process: subprocess.Popen[bytes]) -> None:
    """At once: the data is thrown away anyway, and a graceful stop may take long."""
    process.kill()
    process.wait()


@contextlib.contextmanager
def watched(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A shell that ends `process` when this one is killed and cannot: its pipe then closes
    without the line that says all is well."""
    watch = 'read -r _ || kill -KILL "$1"'
    watcher = subprocess.Popen(
        ["sh", "-c", watch, "sh", str(process.pid)], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield
    finally:
        watcher.communicate(b"stopped\n")


@contextlib.contextmanager
def running(
    command: list[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, which ends with the block, and also when this process is killed."""
    process = start(command, log, environment)
    with watched(process):
        try:
            yield process
        finally:
            stop(process)


@contextlib.contextmanager
def announced(command: list[str]) -> Iterator[str]:
    """The first line that the process prints. It ends when its standard input does: with the block,
    and with this process."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            process.stdin.close()
            process.wait(120)  # a hang, not a slow machine


def tail(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
