"""What every S3 server of the tests has: how it is installed, started and named."""

from __future__ import annotations

import abc
import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import daemon
import s3_request

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "build" / "deps" / "servers"
# With this domain a bucket is also reached as http://bucket.localhost:port/key.
DOMAIN = "localhost"
START_SECONDS = 240.0


class Server(abc.ABC):
    """One kind of server. Its files are one module of this folder."""

    name: str  # as on the command line
    title: str  # as in text
    cost: str  # what installing takes
    imitation = False  # in memory, for tests: says little about servers in use
    in_memory = False  # nothing larger than the memory
    by_name_only = False  # not among those that are meant without a name

    @abc.abstractmethod
    def version(self) -> str:
        """Of the installed program."""

    @abc.abstractmethod
    def absent(self) -> str:
        """Why it cannot run here, and what would help; empty when it can."""

    @abc.abstractmethod
    def install(self) -> None:
        """What it takes that `absent` is empty; shows what it does. DaemonError: why not."""

    @abc.abstractmethod
    def running(self) -> contextlib.AbstractContextManager[dict[str, str]]:
        """A server of its own on 127.0.0.1 with one empty bucket: the variables that lead there.
        SERVER_VIRTUAL_ENDPOINT: where buckets stand in the host name, if it can do that;
        SERVER_LOG: what it wrote; SERVER_PID: its process."""


def find(program: str) -> str | None:
    """In the project's build folder, else on the PATH."""
    return shutil.which(program, path=str(PROGRAMS / "bin")) or shutil.which(program)


@contextlib.contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A directory for one server's data, where TMPDIR says."""
    directory = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def settings(
    port: int,
    bucket: str,
    keys: tuple[str, str],
    directory: Path,
    *,
    region: str = "us-east-1",
    virtual: bool = True,
) -> dict[str, str]:
    found = {
        "STORAGE_PLATFORM": "S3",
        "BUCKET_NAME": bucket,
        "AWS_ENDPOINT_URL_S3": f"http://{daemon.HOST}:{port}",
        "AWS_ACCESS_KEY_ID": keys[0],
        "AWS_SECRET_ACCESS_KEY": keys[1],
        "AWS_REGION": region,
        # What ArrayMorph finds out about this server goes when the server goes.
        "XDG_CACHE_HOME": str(directory / "cache"),
    }
    if virtual:
        found["SERVER_VIRTUAL_ENDPOINT"] = f"http://{DOMAIN}:{port}"
    return found


def create_bucket(given: Mapping[str, str]) -> None:
    """And wait until an object can be stored in it; AssertionError: not within START_SECONDS."""
    client = s3_request.Client.of(given)
    bucket = given["BUCKET_NAME"]

    def stores() -> bool:
        made = client.send("PUT", s3_request.path_of(bucket))
        if made.status not in (200, 409):
            return False
        key = s3_request.path_of(bucket, ".ready")
        return client.send("PUT", key, b"ready").status == 200 and (
            client.send("DELETE", key).status in (200, 204)
        )

    wait_until(stores, "stores an object")


def wait_until(ready: Callable[[], bool], what: str) -> None:
    """Asks again and again; refused connections mean: not yet."""
    deadline = time.monotonic() + START_SECONDS
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except OSError as error:
            last = error
        time.sleep(0.2)
    raise daemon.DaemonError(f"no server that {what} after {START_SECONDS:.0f} s ({last})")
