"""S3 over https: only servers that prove who they are get a request."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import arraymorph
import pytest
import trustme
from conftest import Runner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROUND_TRIP = """
import h5py, numpy as np
with h5py.File("tls.h5", "w") as file:
    file.create_dataset("x", data=np.arange(100_000.0), chunks=(10_000,))
with h5py.File("tls.h5", "r") as file:
    print(file["x"][...].sum())
"""
NO_SUCH_KEY = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


def test_round_trip(
    python: Runner, tls_server: dict[str, str], enabled_environment: dict[str, str]
) -> None:
    assert python(ROUND_TRIP, **tls_server, **enabled_environment).stdout.strip() == "4999950000.0"


def test_a_certificate_nobody_vouches_for_is_refused(
    python: Runner, tls_server: dict[str, str], enabled_environment: dict[str, str]
) -> None:
    settings = {name: value for name, value in tls_server.items() if name != "AWS_CA_BUNDLE"}
    result = python(ROUND_TRIP, check=False, **settings, **enabled_environment)
    assert result.returncode != 0
    assert "AWS_CA_BUNDLE" in result.stderr


class HttpsServer:
    """Says that nothing is there, to those who believe its certificate, and counts them."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.requests = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(10)
                with contextlib.suppress(OSError), connection:
                    self._answer(self._context.wrap_socket(connection, server_side=True))

    def _answer(self, connection: ssl.SSLSocket) -> None:
        with connection:
            if not connection.recv(65536):
                return
            self.requests += 1
            head = f"HTTP/1.1 404 Not Found\r\nContent-Length: {len(NO_SUCH_KEY)}\r\n"
            connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + NO_SUCH_KEY)


@contextlib.contextmanager
def serving(directory: Path, certificate: trustme.LeafCert) -> Iterator[HttpsServer]:
    certificate.private_key_pem.write_to_path(str(directory / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(directory / "cert.pem"))
    server = HttpsServer(directory / "cert.pem", directory / "key.pem")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The one that AWS_CA_BUNDLE names."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return made


# In a process of its own: this one's threads stand still while it is inside HDF5.
OPENING = """
import arraymorph
try:
    arraymorph.File("s3://b/x.h5")
except OSError as error:
    print(type(error).__name__, error)
"""


def opening(python: Runner, server: HttpsServer) -> str:
    return python(OPENING, AWS_ENDPOINT_URL_S3=f"https://localhost:{server.port}").stdout


def expect_refused(
    python: Runner, directory: Path, certificate: trustme.LeafCert, cause: str
) -> None:
    with serving(directory, certificate) as server:
        output = opening(python, server)
        assert server.requests == 0
    assert "no TLS connection to https://localhost" in output
    assert "AWS_CA_BUNDLE" in output
    if arraymorph.build_info()["s3_engine"] == "aws-c-s3":  # the SDK keeps the cause to its own log
        assert cause in output.lower()


def test_a_good_certificate_is_believed(
    python: Runner, tmp_path: Path, authority: trustme.CA
) -> None:
    with serving(tmp_path, authority.issue_cert("localhost")) as server:
        assert "FileNotFoundError" in opening(python, server)
        assert server.requests >= 1


def test_an_expired_certificate_is_refused(
    python: Runner, tmp_path: Path, authority: trustme.CA
) -> None:
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    certificate = authority.issue_cert("localhost", not_after=yesterday)
    expect_refused(python, tmp_path, certificate, "expired")


def test_a_certificate_of_another_host_is_refused(
    python: Runner, tmp_path: Path, authority: trustme.CA
) -> None:
    expect_refused(python, tmp_path, authority.issue_cert("s3.example.org"), "host")


def test_a_certificate_of_an_unknown_authority_is_refused(
    python: Runner, tmp_path: Path, authority: trustme.CA
) -> None:
    expect_refused(python, tmp_path, trustme.CA().issue_cert("localhost"), "untrusted")


def test_a_self_signed_certificate_is_refused(
    python: Runner, tmp_path: Path, authority: trustme.CA
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = signed.public_bytes(serialization.Encoding.PEM)
    expect_refused(python, tmp_path, trustme.LeafCert(private, public, []), "untrusted")
