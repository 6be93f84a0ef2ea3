"""Programs that open a file at https servers with certificates to be believed and not to be."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import seaweed
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NO_SUCH_KEY = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


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


def self_signed() -> trustme.LeafCert:
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
    return trustme.LeafCert(private, signed.public_bytes(serialization.Encoding.PEM), [])


# In a process of its own: this one's threads stand still while it is inside HDF5.
OPENING = """
import arraymorph
try:
    arraymorph.File("s3://b/x.h5")
except OSError as error:
    print(type(error).__name__, error)
"""


class Opening:
    """A process that opens a file at a server with `certificate`."""

    def __init__(self, directory: Path, certificate: trustme.LeafCert, bundle: Path | None) -> None:
        directory.mkdir()
        certificate.private_key_pem.write_to_path(str(directory / "key.pem"))
        certificate.cert_chain_pems[0].write_to_path(str(directory / "cert.pem"))
        self.server = HttpsServer(directory / "cert.pem", directory / "key.pem")
        environment = {
            **seaweed.surroundings(),
            "AWS_ENDPOINT_URL_S3": f"https://localhost:{self.server.port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        if bundle is not None:
            environment["AWS_CA_BUNDLE"] = str(bundle)
        self._process = subprocess.Popen(
            [sys.executable, "-c", OPENING], env=environment, stdout=subprocess.PIPE, text=True
        )

    def finish(self) -> tuple[str, int]:
        """What it said, and how many requests its server got."""
        said = self._process.communicate(timeout=600)[0]
        return said, self.server.requests

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self.server.stop()


def start_all(directory: Path) -> dict[str, Opening]:
    """All at once: the TLS library makes those who are refused wait for 10 to 30 seconds, so as to
    tell an attacker nothing by time."""
    authority = trustme.CA()
    bundle = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    good = authority.issue_cert("localhost")
    return {
        "good": Opening(directory / "good", good, bundle),
        "system": Opening(directory / "system", good, None),
        "self": Opening(directory / "self", self_signed(), bundle),
        "other": Opening(directory / "other", trustme.CA().issue_cert("localhost"), bundle),
        "host": Opening(directory / "host", authority.issue_cert("s3.example.org"), bundle),
        "old": Opening(
            directory / "old", authority.issue_cert("localhost", not_after=yesterday), bundle
        ),
    }
