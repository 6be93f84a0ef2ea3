"""https:// and http:// names: plain files on web servers, by presigned and by public URL."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Requests, Runner, Store
from presign import presigned

RANDOM = np.random.default_rng(8)
FIELD = RANDOM.normal(size=(600, 500)).astype("f4")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("http") / "x.h5"
    with h5py.File(path, "w") as f:
        f.attrs["title"] = "on the web"
        f.create_dataset("raw", data=FIELD, chunks=(100, 100))
        f.create_dataset("gzip", data=FIELD, chunks=(64, 64), compression="gzip", shuffle=True)
        f.create_dataset("contiguous", data=FIELD.astype("f8"))
        f.create_dataset("strings", data=["a", "bc"] * 500, dtype=h5py.string_dtype())
        for number in range(20):
            f[f"group{number % 4}/small{number}"] = np.arange(number, number + 50)
        f["neighbour"] = h5py.ExternalLink("other.h5", "/raw")
    return path


@pytest.fixture
def stored(s3_store: Store, file: Path) -> Store:
    for name in ("x.h5", "other.h5"):
        s3_store.put(name, file)
    return s3_store


def key_of(store: Store, name: str = "x.h5") -> str:
    return store.url(name).split("/", 3)[3]


def public(store: Store, name: str = "x.h5") -> str:
    base = store.environment.get("SEAWEED_PUBLIC_URL")
    if base is None:
        pytest.skip("the server that the environment names shows nothing to everybody")
    return f"{base}/{key_of(store, name)}"


def url_of(kind: str, store: Store) -> str:
    return public(store) if kind == "public" else presigned(store.environment, key_of(store))


# Redirects to its first argument.
REDIRECTING = """
import http.server, sys
class Redirecting(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", sys.argv[1])
        self.send_header("Content-Length", "0")
        self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
print("port", server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def serving(log: Path, *command: str) -> Iterator[str]:
    """A web server in a process of its own (h5py holds this one's interpreter while it waits); it
    says its port on its first line, and its requests on stderr."""
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-u", *command], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as server,
    ):
        try:
            assert server.stdout is not None
            found = re.search(r"port (\d+)", server.stdout.readline())
            assert found is not None
            yield f"http://127.0.0.1:{found[1]}"
        finally:
            server.kill()


def walk(f: h5py.File) -> dict[str, Any]:
    found: dict[str, Any] = {"": dict(f.attrs)}
    f.visititems(
        lambda name, item: found.update(
            {name: item[()] if isinstance(item, h5py.Dataset) else sorted(item)}
        )
    )
    return found


@pytest.mark.parametrize("kind", ["presigned", "public"])
def test_everything_is_read_as_native_does(stored: Store, file: Path, kind: str) -> None:
    with arraymorph.File(url_of(kind, stored)) as ours, h5py.File(file) as native:
        a, b = walk(ours), walk(native)
        assert list(a) == list(b)
        for name, value in b.items():
            np.testing.assert_array_equal(a[name], value, err_msg=name)
        np.testing.assert_array_equal(ours["gzip"][100:300:7, 3], FIELD[100:300:7, 3])


def test_unchanged_programs(python: Runner, stored: Store, enabled_environment: Any) -> None:
    python(
        f"""
import h5py
url = "{public(stored)}"
with h5py.File(url, "r") as f:
    assert f.filename == url
    assert f["neighbour"].shape == (600, 500) and f["neighbour"][3, 4] == f["raw"][3, 4]
assert h5py.h5f.is_hdf5(url.encode())
assert not h5py.h5f.is_hdf5((url + "-none").encode())
""",
        **enabled_environment,
    )


@pytest.mark.usefixtures("asked_for_only")
def test_requests(stored: Store, requests: Requests) -> None:
    with arraymorph.File(url_of("presigned", stored)) as f:
        assert requests()["get"] <= 3  # of the file alone: no chunk layout can lie there
        walked: list[str] = []
        f.visit(walked.append)
        assert len(walked) == 28
        np.testing.assert_array_equal(f["raw"][()], FIELD)
        after = requests()
        assert set(after) == {"get"}
        assert after["get"] <= 10


def test_netcdf4_through_a_pointer(python: Runner, s3_store: Store, tmp_path: Path) -> None:
    with pytest.importorskip("netCDF4").Dataset(tmp_path / "made.nc", "w") as f:
        f.createDimension("time", 1000)
        f.createVariable("t", "f8", ("time",), zlib=True)[:] = np.arange(1000)
    s3_store.put("x.nc", tmp_path / "made.nc")
    url = presigned(s3_store.environment, key_of(s3_store, "x.nc"))
    arraymorph.pointer(url, tmp_path / "p.nc")
    python(
        f"""
import arraymorph
arraymorph.enable()
import netCDF4
with netCDF4.Dataset("{tmp_path / "p.nc"}") as f:
    assert f["t"][500] == 500 and f["t"][:].sum() == 499500
"""
    )


def test_redirects(stored: Store, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        serving(log, "-c", REDIRECTING, url_of("presigned", stored)) as base,
        arraymorph.File(f"{base}/records/1/x.h5?download=1") as f,
    ):
        np.testing.assert_array_equal(f["gzip"][()], FIELD)
        np.testing.assert_array_equal(f["raw"][()], FIELD)
    asked = [line for line in log.read_text().splitlines() if "GET " in line]
    assert len(asked) <= 3  # those that were sent before the first was answered
    assert all("GET /records/1/x.h5?download=1 " in line for line in asked)


def test_tls(tls_server: dict[str, str], python: Runner, file: Path) -> None:
    store = Store("s3", f"s3://{tls_server['BUCKET_NAME']}/tls", tls_server)
    python(
        f"""
import os
os.environ.update({tls_server!r})
import arraymorph
with arraymorph.File("{store.url("made.h5")}", "w") as f:
    f["x"] = 1
"""
    )
    key = key_of(store, "made.h5") + "/.arraymorph/metadata.h5"
    url = presigned(tls_server, key)
    assert url.startswith("https://")
    read = f"""
import arraymorph
with arraymorph.File("{url}") as f:
    assert f["x"][()] == 1
"""
    python(read, AWS_CA_BUNDLE=tls_server["AWS_CA_BUNDLE"])


# Failures.


def test_expired(stored: Store) -> None:
    url = presigned(stored.environment, key_of(stored), seconds=60, age=3600)
    with pytest.raises(PermissionError, match="this presigned URL expired on .* UTC") as error:
        arraymorph.File(url)
    assert url.split("?")[1] not in str(error.value)
    assert "?***" in str(error.value)


def test_wrong_signature(stored: Store) -> None:
    url = url_of("presigned", stored)
    with pytest.raises(PermissionError, match="SignatureDoesNotMatch.*not complete"):
        arraymorph.File(url[:-4] + ("0000" if url[-4:] != "0000" else "1111"))
    with pytest.raises(PermissionError, match="the URL presigned"):
        arraymorph.File(url.split("?")[0])


def test_missing(stored: Store) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no file http.*404"):
        arraymorph.File(presigned(stored.environment, key_of(stored) + "-none"))
    with pytest.raises(FileNotFoundError):
        arraymorph.File(public(stored) + "-none")


@pytest.mark.parametrize("mode", ["w", "x", "r+", "a"])
def test_for_reading_only(stored: Store, mode: str) -> None:
    with pytest.raises(PermissionError):
        arraymorph.File(url_of("presigned", stored), mode)
    with arraymorph.File(url_of("presigned", stored)) as f:
        np.testing.assert_array_equal(f["raw"][()], FIELD)


def test_server_without_ranges(file: Path, tmp_path: Path) -> None:
    command = ("-m", "http.server", "--bind", "127.0.0.1", "--directory", str(file.parent), "0")
    with (
        serving(tmp_path / "log", *command) as base,
        pytest.raises(OSError, match=r"ignores the Range header.*download the file"),
    ):
        arraymorph.File(f"{base}/x.h5")


@pytest.mark.usefixtures("asked_for_only")  # what comes along stays right
def test_replaced_while_open(stored: Store, file: Path, tmp_path: Path) -> None:
    with arraymorph.File(url_of("presigned", stored)) as f:
        dataset = f["contiguous"]
        (tmp_path / "new.h5").write_bytes(file.read_bytes() + b"more")
        stored.put("x.h5", tmp_path / "new.h5")
        with pytest.raises(OSError, match="replaced since it was opened"):
            dataset[()]


def test_nothing_shows_the_query(python: Runner, stored: Store, tmp_path: Path) -> None:
    url = url_of("presigned", stored)
    signature = url.rsplit("=", 1)[1]
    shown = python(
        """
import os, arraymorph
url = os.environ["THE_URL"]
with arraymorph.File(url) as f:
    f["gzip"][()]
    print(arraymorph.stats())
for bad in (url + "0", url.replace("x.h5", "none.h5"), url.replace("http:", "https:")):
    try:
        arraymorph.File(bad)
    except OSError as error:
        print(error)
    else:
        raise AssertionError(bad)
""",
        ARRAYMORPH_LOG="debug",
        ARRAYMORPH_RETRIES="0",
        ARRAYMORPH_TRACE=str(tmp_path / "trace"),
        THE_URL=url,
    )
    traced = (tmp_path / "trace").read_text()
    assert "/x.h5?***" in traced
    said = shown.stdout + shown.stderr + traced
    assert "GET http://" in said
    assert signature not in said
    assert "X-Amz-Credential" not in said
