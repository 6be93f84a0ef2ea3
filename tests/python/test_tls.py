"""S3 over https: a real server with a certificate that only AWS_CA_BUNDLE vouches for."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import seaweed
import trustme
from conftest import Runner

ROUND_TRIP = """
import h5py, numpy as np
with h5py.File("tls.h5", "w") as file:
    file.create_dataset("x", data=np.arange(100_000.0), chunks=(10_000,))
with h5py.File("tls.h5", "r") as file:
    print(file["x"][...].sum())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings of a SeaweedFS that answers https as localhost, AWS_CA_BUNDLE among them."""
    directory: Path = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(directory / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(directory / "cert.pem"))
    with socket.create_server((seaweed.HOST, 0)) as probe:
        port = probe.getsockname()[1]
    options = [
        f"-s3.port.https={port}",
        f"-s3.cert.file={directory / 'cert.pem'}",
        f"-s3.key.file={directory / 'key.pem'}",
    ]
    with seaweed.running(extra=options) as started:
        yield {
            **started.environment(),
            "AWS_ENDPOINT_URL_S3": f"https://localhost:{port}",
            "AWS_CA_BUNDLE": str(directory / "ca.pem"),
        }


def test_round_trip(
    python: Runner, server: dict[str, str], enabled_environment: dict[str, str]
) -> None:
    assert python(ROUND_TRIP, **server, **enabled_environment).stdout.strip() == "4999950000.0"


def test_a_certificate_nobody_vouches_for_is_refused(
    python: Runner, server: dict[str, str], enabled_environment: dict[str, str]
) -> None:
    settings = {name: value for name, value in server.items() if name != "AWS_CA_BUNDLE"}
    result = python(ROUND_TRIP, check=False, **settings, **enabled_environment)
    assert result.returncode != 0
    assert "AWS_CA_BUNDLE" in result.stderr
