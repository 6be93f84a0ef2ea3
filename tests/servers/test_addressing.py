"""Regions, and buckets in host names."""

from __future__ import annotations

import dataclasses

import arraymorph
import pytest
from cells import Answer, cell
from s3_request import Client, path_of

BODY = b"by host name"


@cell(
    "a wrong region", "what the server does; ArrayMorph's error names AWS_REGION, if there is one"
)
def test_wrong_region(
    answer: Answer, client: Client, bucket: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = dataclasses.replace(client, region="mars-north-1")
    reply = elsewhere.send("PUT", path_of(bucket, folder), BODY)
    refused = reply.status >= 400
    answer.says("refused" if refused else "accepted", f"{reply.status} {reply.code}".strip())
    monkeypatch.setenv("AWS_REGION", elsewhere.region)
    error = ""
    try:
        with arraymorph.File(f"s3://{bucket}/{folder}.h5", "w") as file:
            file["x"] = [1]
    except OSError as refusal:
        error = str(refusal)
    assert not error or (refused and "AWS_REGION" in error)


ROW = "buckets in host names"


@cell(ROW, "`http://bucket.localhost:port/key`")
def test_virtual_hosted(
    answer: Answer, client: Client, server: dict[str, str], bucket: str, folder: str
) -> None:
    if "SERVER_VIRTUAL_ENDPOINT" not in server:
        answer.not_tried("it takes no domain here")
    host = f"{bucket}." + server["SERVER_VIRTUAL_ENDPOINT"].removeprefix("http://")
    put = client.send("PUT", f"/{folder}", BODY, host=host)
    same = client.send("GET", path_of(bucket, folder)).body == BODY
    answer(put.status == 200 and same, f"{put.status} {put.code}".strip())


@cell(ROW, "`AWS_S3_ADDRESSING_STYLE=virtual`, by ArrayMorph")
def test_virtual_hosted_file(
    answer: Answer,
    server: dict[str, str],
    bucket: str,
    folder: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "SERVER_VIRTUAL_ENDPOINT" not in server:
        answer.not_tried("it takes no domain here")
    endpoint = server["SERVER_VIRTUAL_ENDPOINT"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_S3_ADDRESSING_STYLE", "virtual")
    with arraymorph.File(f"s3://{bucket}/{folder}.h5", "w") as file:
        file["x"] = [1, 2, 3]
    with arraymorph.File(f"s3://{bucket}/{folder}.h5") as file:
        answer(list(file["x"]) == [1, 2, 3], "other values")
