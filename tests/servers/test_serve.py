"""What starts the servers: `serve.py`, which `./just servers` and `with-server` call."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import s3_request
import servers

SERVE = [sys.executable, str(Path(s3_request.__file__).with_name("serve.py"))]
PATIENCE = 600.0  # seconds: a hang, not a slow machine


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return False


def runs(pid: int) -> bool:
    """Zombies do not: whoever is to collect them may take its time."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_killed_runner_takes_its_server_with_it(kind: servers.Server, tmp_path: Path) -> None:
    found = tmp_path / "found"
    script = f'echo "$$ $SERVER_PID $SERVER_NAME" >{found}.new; mv {found}.new {found}; sleep 300'
    command = [*SERVE, kind.name, "--no-install", "--run", "sh", "-c", script]
    # What a killed runner leaves behind lies with the test's own files.
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    runner = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        assert eventually(found.exists)
        child, server, name = found.read_text().split()
        assert name == kind.name
        assert runs(int(server))
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        assert eventually(lambda: not runs(int(server)))
    finally:
        runner.kill()
        runner.wait()
        with contextlib.suppress(ProcessLookupError, UnboundLocalError):
            os.kill(int(child), signal.SIGTERM)


def test_the_commands_exit_status_is_the_runners(kind: servers.Server) -> None:
    command = [*SERVE, kind.name, "--no-install", "--run", "sh", "-c", "exit 7"]
    assert subprocess.run(command, check=False).returncode == 7


def test_what_is_not_there_is_said_with_what_would_help() -> None:
    bare = {"PATH": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    listed = subprocess.run(
        [*SERVE, "--list"], env=bare, capture_output=True, text=True, check=True
    ).stdout
    assert all(each.title in listed for each in servers.SERVERS)
    assert "Ceph RGW: absent: no `ceph` (./just servers --install ceph" in listed


def test_an_unknown_server_is_refused() -> None:
    done = subprocess.run([*SERVE, "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there are seaweedfs, garage, minio, ceph, moto" in done.stderr
