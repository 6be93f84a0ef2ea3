"""S3 requests over plain http from the standard library alone, signed by AWS Signature Version 4:
what tests ask of a server behind ArrayMorph's back."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

UNSIGNED = "UNSIGNED-PAYLOAD"
TIMEOUT = 60.0  # seconds


@dataclass(frozen=True)
class Answer:
    """What the server said; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """Of an error: `NoSuchKey`; without one: empty."""
        return self.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


@dataclass(frozen=True)
class Client:
    """Where requests go and as whom. `host`: name:port that is connected to."""

    host: str
    access_key: str
    secret_key: str
    region: str

    @staticmethod
    def of(settings: Mapping[str, str]) -> Client:
        """Of the variables that a server's `environment` has."""
        scheme, _, host = settings["AWS_ENDPOINT_URL_S3"].partition("://")
        assert scheme == "http", "only plain http"
        keys = settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]
        return Client(host, *keys, settings["AWS_REGION"])

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        payload: str | None = None,
        host: str | None = None,
    ) -> Answer:
        """`path` is percent-encoded already. `payload`: what goes into x-amz-content-sha256, else
        the body's hash. `host`: the Host header, where it is another one than is connected to."""
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest() if payload is None else payload
        every = {name.lower(): value for name, value in (headers or {}).items()}
        every |= {"host": host or self.host, "x-amz-content-sha256": digest, "x-amz-date": stamp}
        text = canonical_query(query or {})
        every["authorization"] = self._authorization(method, path, text, every, digest)
        connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT)
        try:
            connection.request(method, path + (f"?{text}" if text else ""), body, every)
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, got, answer.read())
        finally:
            connection.close()

    def _authorization(
        self, method: str, path: str, query: str, headers: Mapping[str, str], digest: str
    ) -> str:
        stamp = headers["x-amz-date"]
        lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
        names = ";".join(sorted(headers))
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
        signed = signature(self.secret_key, stamp[:8], self.region, to_sign)
        return (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signed}"
        )


def canonical_query(query: Mapping[str, str]) -> str:
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def path_of(bucket: str, key: str = "") -> str:
    """Of an object, percent-encoded."""
    return f"/{bucket}" + (f"/{quote(key, safe='/~')}" if key else "")


def signature(secret: str, day: str, region: str, to_sign: str) -> str:
    """Of AWS Signature Version 4; `day`: "20261125"."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()
