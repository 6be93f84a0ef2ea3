"""How a server is reached: bucket names in host names, IPv6, a path before the bucket, proxies."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import gateway
import pytest
import seaweed
from conftest import Command, Runner
from places import DOMAIN, Place

# Writes, reads, lists, copies and removes.
EVERYTHING = """
import h5py, numpy as np, arraymorph
arraymorph.enable()
from arraymorph import _core
name = "{folder}/{name}.h5"
values = np.arange(100_000.0).reshape(100, 1000)
with h5py.File(name, "w") as f:
    f.create_dataset("x", data=values, chunks=(10, 1000), compression="gzip")
with h5py.File(name, "a") as f:
    f.copy("x", "y")
    del f["x"]
with h5py.File(name) as f:
    assert (f["y"][:] == values).all()
    assert list(f) == ["y"]
found = _core.list(name, '{{"recursive": true}}')["objects"]
assert len([key for key, *_ in found if "/c/" in key]) == 10, found
print("fine")
"""


@dataclass
class Server:
    """A SeaweedFS that knows buckets by their host names, over http and https."""

    environment: dict[str, str]
    port: int
    https_port: int
    ca: str


@pytest.fixture(scope="module")
def named(place: Place) -> Server:
    environment = dict(place.environment)
    ca = environment.pop("AWS_CA_BUNDLE")
    https_port = int(place.other_endpoints["https"].rpartition(":")[2])
    return Server(environment, place.port, https_port, ca)


def uses_everything(
    python: Runner, settings: dict[str, str], name: str = "a b+c%d é", **others: str
) -> str:
    """`others` go before `settings`."""
    code = EVERYTHING.format(folder=uuid.uuid4().hex, name=name)
    done = python(code, **{**settings, **others})
    assert done.stdout.strip() == "fine"
    return done.stderr


# The bucket in the host name.


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_virtual_hosted_style(named: Server, python: Runner, scheme: str) -> None:
    port = named.port if scheme == "http" else named.https_port
    said = uses_everything(
        python,
        named.environment,
        AWS_ENDPOINT_URL_S3=f"{scheme}://{DOMAIN}:{port}",
        AWS_S3_ADDRESSING_STYLE="virtual",
        AWS_CA_BUNDLE=named.ca,
        ARRAYMORPH_LOG="debug",
    )
    assert "PUT s3://" in said


def test_virtual_hosted_style_goes_to_the_host_of_the_bucket(named: Server, python: Runner) -> None:
    """The server that gets the bucket in the host name only answers for that bucket."""
    settings = {
        **named.environment,
        "AWS_ENDPOINT_URL_S3": f"http://{DOMAIN}:{named.port}",
        "AWS_S3_ADDRESSING_STYLE": "virtual",
        "BUCKET_NAME": "no-such-bucket",
    }
    said = refusal(python, settings)
    assert "NoSuchBucket" in said
    assert "'no-such-bucket'" in said


def test_an_address_has_no_room_for_a_bucket(named: Server, python: Runner) -> None:
    said = refusal(python, named.environment, AWS_S3_ADDRESSING_STYLE="virtual")
    assert "AWS_S3_ADDRESSING_STYLE=path" in said


# Addresses, paths.


def test_ipv6(named: Server, python: Runner) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    with gateway.started(f"http://127.0.0.1:{named.port}", host="::1") as endpoint:
        assert endpoint.startswith("http://[::1]:")
        uses_everything(python, named.environment, AWS_ENDPOINT_URL_S3=endpoint)


def test_a_path_before_the_bucket(named: Server, python: Runner) -> None:
    """A plain name: SeaweedFS 4.48 refuses the signature of others when it puts the path back."""
    prefix = "/storage/s3"
    with gateway.started(f"http://127.0.0.1:{named.port}", prefix=prefix) as endpoint:
        assert endpoint.endswith(prefix)
        for url in endpoint, endpoint + "/":
            uses_everything(python, named.environment, name="plain", AWS_ENDPOINT_URL_S3=url)


def test_doctor_reaches_a_server_below_a_path(named: Server, arraymorph_program: Command) -> None:
    with gateway.started(f"http://127.0.0.1:{named.port}", prefix="/s3") as endpoint:
        settings = {**named.environment, "AWS_ENDPOINT_URL_S3": endpoint}
        said = arraymorph_program("doctor", "--quick", **settings).stdout
    assert f"store: {endpoint} (AWS_ENDPOINT_URL_S3), region" in said
    assert "clock: within" in said
    assert "FAIL" not in said


# Proxies.


@contextlib.contextmanager
def proxy(directory: Path, *options: str) -> Iterator[tuple[str, Path]]:
    """A forward proxy, and where it writes what passed through it."""
    directory.mkdir()
    log, port_file = directory / "log", directory / "port"
    command = [
        *(sys.executable, "-m", "proxy", "--hostname", seaweed.HOST, "--port", "0"),
        *("--port-file", str(port_file), "--log-file", str(log), "--num-workers", "1"),
        *("--num-acceptors", "1", *options),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 240
            while not (port_file.exists() and port_file.read_text().strip()):
                assert process.poll() is None, "the proxy ended"
                assert time.monotonic() < end, "the proxy does not start"
                time.sleep(0.05)
            yield f"{seaweed.HOST}:{int(port_file.read_text().split()[0])}", log
        finally:
            process.terminate()


def passed(log: Path, text: str) -> int:
    """Lines about requests that the proxy has seen; it writes a line when a connection ends."""
    end = time.monotonic() + 60
    while (count := log.read_text().count(text)) == 0 and time.monotonic() < end:
        time.sleep(0.1)
    return count


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
def test_http_goes_through_the_proxy(
    named: Server, python: Runner, tmp_path: Path, name: str
) -> None:
    with proxy(tmp_path / "proxy") as (address, log):
        uses_everything(python, named.environment, **{name: f"http://{address}"})
    assert passed(log, f"127.0.0.1:{named.port}") > 0


def test_https_goes_through_a_tunnel(named: Server, python: Runner, tmp_path: Path) -> None:
    settings = {
        **named.environment,
        "AWS_ENDPOINT_URL_S3": f"https://localhost:{named.https_port}",
        "AWS_CA_BUNDLE": named.ca,
    }
    with proxy(tmp_path / "proxy") as (address, log):
        uses_everything(python, settings, HTTPS_PROXY=f"http://{address}")
    assert passed(log, "CONNECT") > 0


def test_no_proxy(named: Server, python: Runner) -> None:
    """Nothing listens where the proxy should be."""
    host = urlsplit(named.environment["AWS_ENDPOINT_URL_S3"]).hostname
    uses_everything(
        python, named.environment, http_proxy="http://127.0.0.1:9", no_proxy=f"example.org,{host}"
    )


def test_a_proxy_with_a_password(named: Server, python: Runner, tmp_path: Path) -> None:
    with proxy(tmp_path / "proxy", "--basic-auth", "me:secret-word") as (address, _log):
        uses_everything(python, named.environment, http_proxy=f"http://me:secret-word@{address}")
        said = refusal(python, named.environment, http_proxy=f"http://me:wrong-word@{address}")
    assert "http_proxy" in said
    assert "407" in said
    assert "wrong-word" not in said


def test_a_proxy_that_is_not_there(named: Server, python: Runner) -> None:
    said = refusal(python, named.environment, http_proxy="http://127.0.0.1:9")
    assert "the proxy http://127.0.0.1:9 (http_proxy)" in said
    assert "no_proxy" in said


def test_a_proxy_that_is_no_url(named: Server, python: Runner) -> None:
    said = refusal(python, named.environment, http_proxy="http://[nonsense")
    assert "http_proxy" in said


def refusal(python: Runner, settings: dict[str, str], **others: str) -> str:
    """What the program is told."""
    code = """
import h5py, arraymorph
arraymorph.enable()
try:
    h5py.File("x.h5")
except FileNotFoundError:
    raise
except OSError as error:
    print(error)
"""
    return python(code, **{**settings, "ARRAYMORPH_RETRIES": "0", **others}).stdout
