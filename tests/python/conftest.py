"""Fixtures: every test has a store of its own, in a directory or on a real SeaweedFS."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.append(str(Path(__file__).resolve().parents[1] / "servers"))

import places
import seaweed
import stored_files
import tls_openings
from places import Place
from stored_objects import LocalObjects, Objects, S3Objects
from tls_openings import Opening


@dataclass
class Store:
    """A place for files: `url("x.h5")` names one, `environment` leads plain names there."""

    kind: str
    base: str
    environment: dict[str, str] = field(default_factory=dict)
    root: Path | None = None  # local store: the directory

    def url(self, name: str) -> str:
        return f"{self.base}/{name}"

    def objects(self, name: str) -> Objects:
        """The objects of the file of this name."""
        if self.root is not None:
            return LocalObjects(self.root / name)
        return S3Objects(self.environment, self.url(name))

    def put(self, name: str, path: Path) -> None:
        """Store the file at `path` as the one object `name`."""
        if self.root is not None:
            shutil.copyfile(path, self.root / name)
            return
        host = self.environment["AWS_ENDPOINT_URL_S3"].removeprefix("http://")
        keys = (self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"])
        key = self.url(name).removeprefix("s3:/")
        status, answer = seaweed.signed_request(host, keys, "PUT", key, path.read_bytes())
        assert status == 200, answer


@pytest.fixture(autouse=True, scope="session")
def interrupts() -> None:
    """A shell starts what it runs in the background with SIGINT ignored; children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What colours the output of commands where it is no terminal.
COLOURS = ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "GITHUB_ACTIONS", "COLORTERM")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(seaweed.SETTINGS) or name in COLOURS:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, str]]:
    """Settings of a running server, usually SeaweedFS."""
    with seaweed.given_or_running() as settings:
        yield settings


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """A SeaweedFS of the tests' own, over http and https, where buckets may stand in host names and
    everybody may read."""
    with places.seaweedfs() as started:
        yield started


@pytest.fixture(scope="session")
def tls_server(place: Place) -> dict[str, str]:
    """Settings that lead to it by https as localhost, AWS_CA_BUNDLE among them."""
    endpoint = place.other_endpoints["https"].replace(seaweed.HOST, "localhost")
    return {**place.environment, "AWS_ENDPOINT_URL_S3": endpoint}


@pytest.fixture(scope="session")
def openings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Opening]]:
    """Programs that open files at servers with good and bad certificates, by the certificate."""
    started = tls_openings.start_all(tmp_path_factory.mktemp("certificates"))
    yield started
    for each in started.values():
        each.close()


@pytest.fixture(autouse=True, scope="session")
def waiting(request: pytest.FixtureRequest) -> None:
    """What has to wait for half a minute begins before everything else, if it is asked for."""
    if any("openings" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("openings")


@pytest.fixture
def local_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    root = tmp_path / "store"
    root.mkdir()
    environment = {"STORAGE_PLATFORM": "Local", "ARRAYMORPH_ROOT": str(root)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Store("local", f"file://{root}", environment, root)


@pytest.fixture
def s3_store(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return Store("s3", f"s3://{server['BUCKET_NAME']}/{uuid.uuid4().hex}", dict(server))


@pytest.fixture
def small_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also small datasets lie in chunk objects."""
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    """The same test on both kinds of store."""
    chosen: Store = request.getfixturevalue(f"{request.param}_store")
    return chosen


@pytest.fixture(params=[("chunks", "local"), ("plain", "s3")], ids=" on ".join)
def url(request: pytest.FixtureRequest) -> str:
    """A file with a bit of everything, in both layouts."""
    layout, place = request.param
    store: Store = request.getfixturevalue(f"{place}_store")
    if layout == "plain":
        stored_files.put_plain(store, "all.h5", stored_files.a_bit_of_everything)
    else:
        import arraymorph

        with arraymorph.File(store.url("all.h5"), "w") as f:
            stored_files.a_bit_of_everything(f)
    return store.url("all.h5")


Runner = Callable[..., "subprocess.CompletedProcess[str]"]
Requests = Callable[[], dict[str, Any]]


@pytest.fixture
def python(tmp_path: Path) -> Runner:
    """Run code in a fresh interpreter: `python(code, NAME=value, ...)`; fails when it fails."""

    def run(code: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if check and result.returncode != 0:
            pytest.fail(f"exit status {result.returncode}\n{result.stdout}\n{result.stderr}")
        return result

    return run


@dataclass
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command line in this process, which saves a start: `command("gc", url)`."""

    def run(*words: str) -> Done:
        from arraymorph.cli import app

        monkeypatch.setenv("COLUMNS", "200")
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                app(list(words), prog_name="arraymorph")
            except SystemExit as end:
                status = end.code
        return Done(int(status or 0), out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def arraymorph_program(tmp_path: Path) -> Command:
    """The same in a process of its own: `arraymorph_program("gc", url, NAME=value)`."""

    def run(*words: str, **environment: str) -> Done:
        result = subprocess.run(
            [sys.executable, "-m", "arraymorph", *words],
            env={**os.environ, "COLUMNS": "200", **environment},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Done(result.returncode, result.stdout, result.stderr)

    return run


@pytest.fixture
def enabled_environment() -> dict[str, str]:
    """What makes an unchanged h5py program use ArrayMorph."""
    import arraymorph

    return {
        "HDF5_PLUGIN_PATH": arraymorph.get_plugin_path(),
        "HDF5_VOL_CONNECTOR": "arraymorph",
    }


@pytest.fixture
def asked_for_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are those of reads: where these wait for long, the rest comes in the background."""
    monkeypatch.setenv("ARRAYMORPH_READ_AHEAD", "0")


@pytest.fixture
def requests() -> Callable[[], dict[str, Any]]:
    """Calling it gives the requests made since the last call, without the zeros."""
    import arraymorph

    arraymorph.stats_reset()

    def since() -> dict[str, Any]:
        counted = arraymorph.stats()
        arraymorph.stats_reset()
        return {
            name.removesuffix("_requests"): value
            for name, value in counted.items()
            if name.endswith("_requests") and value
        }

    return since
