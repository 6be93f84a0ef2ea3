"""Bodies: signed, unsigned, damaged, with checksums behind them."""

from __future__ import annotations

import base64

import arraymorph
import numpy as np
import pytest
from cells import Answer, cell
from s3_request import UNSIGNED, Client, path_of

BODY = bytes(range(256)) * 20


def crc32c(data: bytes) -> bytes:
    """Base64 of the checksum, as S3 writes it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return base64.b64encode((crc ^ 0xFFFFFFFF).to_bytes(4, "big"))


def round_trip(url: str) -> None:
    values = np.arange(200_000, dtype="i4")
    with arraymorph.File(url, "w") as file:
        file.create_dataset("x", data=values, chunks=(50_000,))
    with arraymorph.File(url) as file:
        assert np.array_equal(file["x"][...], values)


@cell("signed payloads", "a file written with signed payloads is read back", needed=True)
def test_signed(answer: Answer, bucket: str, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SIGNED_PAYLOADS", "true")
    round_trip(f"s3://{bucket}/{folder}.h5")
    answer(True)


@cell("signed payloads", "a body that is not the one that was signed is refused")
def test_damaged(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    path, other = path_of(bucket, folder), "0" * 64
    reply = client.send("PUT", path, BODY, payload=other)
    stored = client.send("GET", path).status == 200
    answer(reply.status >= 400 and not stored, f"{reply.status} {reply.code}".strip())


@cell("unsigned payloads", "a file written with `AWS_SIGNED_PAYLOADS=false` over http is read back")
def test_unsigned(
    answer: Answer, bucket: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SIGNED_PAYLOADS", "false")
    try:
        round_trip(f"s3://{bucket}/{folder}.h5")
    except OSError as error:
        answer(False, str(error))
    answer(True)


@cell("unsigned payloads", "a single PUT with UNSIGNED-PAYLOAD over http")
def test_unsigned_put(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    path = path_of(bucket, folder)
    reply = client.send("PUT", path, BODY, payload=UNSIGNED)
    answer(reply.status == 200 and client.send("GET", path).body == BODY, f"{reply.status}")


def put_with_trailer(client: Client, path: str, checksum: bytes) -> int:
    framed = f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n"
    framed += b"x-amz-checksum-crc32c:" + checksum + b"\r\n\r\n"
    headers = {
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(BODY)),
        "x-amz-trailer": "x-amz-checksum-crc32c",
    }
    payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    return client.send("PUT", path, framed, headers=headers, payload=payload).status


ROW = "trailing checksums"


@cell(ROW, "a body with a checksum behind it (aws-chunked) is stored without its framing")
def test_trailer(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    path = path_of(bucket, folder)
    status = put_with_trailer(client, path, crc32c(BODY))
    stored = client.send("GET", path)
    what = "the framing is stored with the body" if stored.body != BODY else "stored"
    answer(status == 200 and stored.body == BODY, f"{status}" if status != 200 else what)


@cell(ROW, "a body with a wrong checksum behind it is refused")
def test_wrong_trailer(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    path = path_of(bucket, folder)
    status = put_with_trailer(client, path, crc32c(b"something else"))
    stored = client.send("GET", path).status == 200
    answer(status >= 400 and not stored, f"{status}" + (", stored" if stored else ""))
