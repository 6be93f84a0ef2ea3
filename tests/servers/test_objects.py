"""Copies, deletes, ranges, empty and large objects."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import arraymorph
import h5py
import numpy as np
import pytest
import servers
from arraymorph import _core
from cells import Answer, cell
from s3_request import Client, path_of

MIB = 1 << 20
GIB = 1 << 30
LARGE = 51 * GIB // 10
BODY = bytes(range(200))


@cell("server-side copy", "`arraymorph copy` from URL to URL copies on the server", needed=True)
def test_copy(answer: Answer, bucket: str, folder: str) -> None:
    url, values = f"s3://{bucket}/{folder} a+b", np.arange(100_000, dtype="i8")
    with arraymorph.File(f"{url}.h5", "w") as file:
        file.create_dataset("x%y", data=values, chunks=(20_000,))
    before = _core.stats()["copy_requests"]
    arraymorph.copy(f"{url}.h5", f"{url} copy.h5")
    copies = _core.stats()["copy_requests"] - before
    with arraymorph.File(f"{url} copy.h5") as file:
        same = np.array_equal(file["x%y"][...], values)
    answer(same and copies == 5, f"{copies} requests to copy, same: {same}")


@cell("batch delete", "DeleteObjects with Content-MD5")
def test_batch_delete(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    keys = [f"{folder}/{number}" for number in range(3)]
    for key in keys:
        assert client.send("PUT", path_of(bucket, key), b"x").status == 200
    objects = "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)
    body = f"<Delete>{objects}</Delete>".encode()
    headers = {"content-md5": base64.b64encode(hashlib.md5(body).digest()).decode()}
    reply = client.send("POST", path_of(bucket), body, query={"delete": ""}, headers=headers)
    left = [key for key in keys if client.send("HEAD", path_of(bucket, key)).status != 404]
    answer(reply.status == 200 and not left, f"{reply.status} {reply.code}, left: {len(left)}")


@cell("batch delete", "`arraymorph rm` (one DELETE each) leaves nothing", needed=True)
def test_remove(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    from arraymorph.cli import app

    url = f"s3://{bucket}/{folder}/x.h5"
    with arraymorph.File(url, "w") as file:
        file.create_dataset("x", data=np.zeros(100_000), chunks=(10_000,))
    with pytest.raises(SystemExit) as ended:
        app(["rm", "--yes", url], prog_name="arraymorph")
    left = client.send("GET", path_of(bucket), query={"list-type": "2", "prefix": folder})
    answer(not ended.value.code and b"<Key>" not in left.body, left.body.decode()[-300:])


@cell("ranges", "the middle and the cut end, by ArrayMorph", needed=True)
def test_ranges(answer: Answer, bucket: str, folder: str) -> None:
    url, values = f"s3://{bucket}/{folder}.h5", np.arange(1_000_000, dtype="u4")
    with arraymorph.File(url, "w") as file:
        file.create_dataset("x", data=values, chunks=(500_000,))
    with arraymorph.File(url) as file:
        before = _core.stats()["bytes_read"]
        part = file["x"][499_990:500_010]
        fetched = _core.stats()["bytes_read"] - before
    answer(list(part) == list(range(499_990, 500_010)) and fetched < MIB, f"{fetched} bytes")


def ranged(client: Client, path: str, text: str) -> tuple[int, bytes]:
    reply = client.send("GET", path, headers={"range": f"bytes={text}"})
    return reply.status, reply.body


@cell("ranges", "a range that reaches over the end is cut", needed=True)
def test_range_cut(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    client.send("PUT", path_of(bucket, folder), BODY)
    status, body = ranged(client, path_of(bucket, folder), "190-400")
    answer(status == 206 and body == BODY[190:], f"{status}, {len(body)} bytes")


@cell("ranges", "the last bytes (`bytes=-20`)")
def test_range_suffix(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    client.send("PUT", path_of(bucket, folder), BODY)
    status, body = ranged(client, path_of(bucket, folder), "-20")
    answer(status == 206 and body == BODY[-20:], f"{status}, {len(body)} bytes")


@cell("ranges", "a range behind the end is refused (416)", needed=True)
def test_range_behind(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    client.send("PUT", path_of(bucket, folder), BODY)
    status, _ = ranged(client, path_of(bucket, folder), "300-400")
    answer(status == 416, f"{status}")


@cell("empty objects", "stored, read, listed with size 0", needed=True)
def test_empty(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    path = path_of(bucket, folder)
    stored = client.send("PUT", path, b"").status
    read = client.send("GET", path)
    listed = _core.list(f"s3://{bucket}/{folder}", '{"recursive": true}')["objects"]
    shown = client.send("GET", path_of(bucket), query={"list-type": "2", "prefix": folder})
    empty = b"<Size>0</Size>" in shown.body
    answer((stored, read.status, read.body) == (200, 200, b"") and empty, f"{stored} {listed}")


def plain_file(path: Path, size: int) -> None:
    """Of zeros on disk that take no room, with marks at the begin and the end."""
    with h5py.File(path, "w", libver="latest") as file:
        dataset = file.create_dataset("x", (size,), "u1", fillvalue=None)
        dataset[:8] = np.arange(8)
        dataset[-8:] = np.arange(8)[::-1]


def upload(url: str, path: Path) -> bool:
    """Whether the marks are there when the stored copy is opened in place."""
    arraymorph.copy(str(path), url, layout="plain")
    with arraymorph.File(url) as file:
        dataset = file["x"]
        ends = [*dataset[:8].tolist(), *dataset[-8:].tolist()]
        return ends == [*range(8), *reversed(range(8))]


@cell("multipart uploads", "a plain file of 40 MiB, then opened in place", needed=True)
def test_multipart(answer: Answer, bucket: str, folder: str, tmp_path: Path) -> None:
    plain_file(tmp_path / "plain.h5", 40 * MIB)
    try:
        answer(upload(f"s3://{bucket}/{folder}.h5", tmp_path / "plain.h5"), "other bytes")
    except OSError as error:
        answer(False, str(error))


def available_memory() -> int:
    """Bytes."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 0


@cell("objects over 5 GiB", "a plain file of 5.1 GiB by multipart upload, then opened in place")
def test_large(
    answer: Answer,
    client: Client,
    bucket: str,
    folder: str,
    tmp_path: Path,
    *,
    kind: servers.Server,
    request: pytest.FixtureRequest,
) -> None:
    if kind.imitation:
        answer.not_tried("an imitation in memory")
    if not request.config.getoption("--large"):
        answer.not_tried("takes --large")
    if kind.in_memory and available_memory() < 2 * LARGE:
        answer.not_tried("it keeps its data in memory here, of which there is too little")
    path, key = tmp_path / "plain.h5", f"{folder}.h5"
    plain_file(path, LARGE)
    try:
        good = upload(f"s3://{bucket}/{key}", path)
        length = int(client.send("HEAD", path_of(bucket, key)).headers["content-length"])
    finally:
        path.unlink()
        client.send("DELETE", path_of(bucket, key))
    answer(good and length > 5 * GIB, f"{length} bytes")
