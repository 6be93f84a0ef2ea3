"""Keys that need care: by ArrayMorph's names of files and datasets, looked at from outside."""

from __future__ import annotations

import json

import arraymorph
import numpy as np
from arraymorph import _core
from cells import Answer, cell
from s3_request import Client, path_of

ROW = "special characters in keys"
VALUES = np.arange(40_000, dtype="i4")
LONGEST = 1024  # bytes of a key, S3's limit


def stored(answer: Answer, client: Client, bucket: str, file: str, dataset: str) -> None:
    """Written, listed, read and removed by ArrayMorph; seen from outside, the file's name is in the
    key as it is (the dataset's is percent-encoded and shortened)."""
    url = f"s3://{bucket}/{file}"
    try:
        with arraymorph.File(url, "w") as opened:
            opened.create_dataset(dataset, data=VALUES, chunks=VALUES.shape)
        with arraymorph.File(url) as opened:
            back = bool(np.array_equal(opened[dataset][...], VALUES))
    except OSError as error:
        answer(False, str(error)[-100:])
        return
    keys = [each[0] for each in _core.list(url, '{"recursive": true}')["objects"]]
    chunks = [path_of(bucket, f"{file}/{key}") for key in keys if key.endswith("/c/0")]
    outside = [client.send("GET", path).body == VALUES.tobytes() for path in chunks]
    _core.remove_from(url, json.dumps(keys))
    left = [client.send("HEAD", path).status for path in chunks]
    said = f"read: {back}, keys: {keys}, from outside: {outside}, after removal: {left}"
    answer(back and outside == [True] and left == [404], said)


@cell(ROW, "space", needed=True)
def test_space(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    stored(answer, client, bucket, f"{folder} a b.h5", "x y")


@cell(ROW, "`+`", needed=True)
def test_plus(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    stored(answer, client, bucket, f"{folder}+a+.h5", "x+y")


@cell(ROW, "`%`, also before digits", needed=True)
def test_percent(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    stored(answer, client, bucket, f"{folder}%20a%.h5", "x%2By")


@cell(ROW, "letters outside ASCII", needed=True)
def test_unicode(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    stored(answer, client, bucket, f"{folder}-größe-大小.h5", "Δx-\N{SNOWMAN}")


@cell(ROW, "`?#&=;:@!$'()*,<>~[]{}|^`", needed=True)
def test_punctuation(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    stored(answer, client, bucket, f"{folder}?#&=;:@.h5", "!$'()*,<>~[]{}|^")


@cell(ROW, "double quote", needed=True)
def test_quote(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    stored(answer, client, bucket, f'{folder}a"b.h5', 'x"y')


@cell(ROW, "backslash")
def test_backslash(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    stored(answer, client, bucket, f"{folder}a\\b.h5", "x\\y")


def long_path(length: int) -> str:
    """Names of at most 200 bytes with slashes between them."""
    names = []
    while length > 0:
        names.append("n" * min(200, length))
        length -= len(names[-1]) + 1
    return "/".join(names)


@cell("keys of 1024 bytes", "in names of up to 200 bytes", needed=True)
def test_long_key(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    file = f"{folder}.h5"
    dataset = long_path(LONGEST - len(f"{file}/") - len("/c/0"))
    assert len(f"{file}/{dataset}/c/0") == LONGEST
    stored(answer, client, bucket, file, dataset)


@cell("keys of 1024 bytes", "a name of 300 bytes between two slashes")
def test_long_name(answer: Answer, client: Client, bucket: str, folder: str) -> None:
    stored(answer, client, bucket, f"{folder}-{'n' * 280}.h5", "x")
