"""More keys than one page of a list holds."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest
from arraymorph import _core
from cells import Answer, cell
from s3_request import Client, path_of

COUNT = 1100
ROW = "lists of more than 1000 keys"


@pytest.fixture(scope="module")
def many(client: Client, bucket: str) -> str:
    """A folder of COUNT small objects, half of them in folders of their own."""
    folder = f"many-{uuid.uuid4().hex[:8]}"

    def put(number: int) -> int:
        middle = f"d{number:04}/x" if number % 2 else f"k{number:04}"
        return client.send("PUT", path_of(bucket, f"{folder}/{middle}"), b"x").status

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(put, range(COUNT))) == {200}
    return folder


def pages(client: Client, bucket: str, **query: str) -> list[dict[str, list[str]]]:
    """Keys and common prefixes of each page."""
    found, token = [], ""
    while True:
        asked = {"list-type": "2", **{name.replace("_", "-"): text for name, text in query.items()}}
        if token:
            asked["continuation-token"] = token
        reply = client.send("GET", path_of(bucket), query=asked)
        assert reply.status == 200, reply.body
        root = ElementTree.fromstring(reply.body)
        space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
        keys = [each.text or "" for each in root.iter(f"{space}Key")]
        within = [each.text or "" for each in root.findall(f"{space}CommonPrefixes/{space}Prefix")]
        found.append({"keys": keys, "folders": within})
        token = root.findtext(f"{space}NextContinuationToken") or ""
        if not token:
            return found


@cell(ROW, "continuation tokens lead through all pages")
def test_pages(answer: Answer, client: Client, bucket: str, many: str) -> None:
    got = pages(client, bucket, prefix=f"{many}/")
    keys = [key for page in got for key in page["keys"]]
    answer(len(set(keys)) == len(keys) == COUNT and len(got) > 1, f"{len(keys)} in {len(got)}")


@cell(ROW, "in the order of their bytes")
def test_order(answer: Answer, client: Client, bucket: str, many: str) -> None:
    keys = [key for page in pages(client, bucket, prefix=f"{many}/") for key in page["keys"]]
    answer(keys == sorted(keys), "another order")


@cell(ROW, "folders by a delimiter, page after page")
def test_delimiter(answer: Answer, client: Client, bucket: str, many: str) -> None:
    got = pages(client, bucket, prefix=f"{many}/", delimiter="/", max_keys="100")
    keys = [key for page in got for key in page["keys"]]
    folders = [each for page in got for each in page["folders"]]
    right = len(keys) == len(set(folders)) == len(folders) == COUNT // 2
    answer(right, f"{len(keys)} keys, {len(folders)} folders in {len(got)} pages")


@cell(ROW, "`start-after`")
def test_start_after(answer: Answer, client: Client, bucket: str, many: str) -> None:
    after = f"{many}/k1000"
    got = pages(client, bucket, prefix=f"{many}/", start_after=after)
    keys = [key for page in got for key in page["keys"]]
    answer(keys == [f"{many}/k{number}" for number in range(1002, COUNT, 2)], f"{len(keys)}")


@cell(ROW, "`arraymorph ls` sees all", needed=True)
def test_by_arraymorph(answer: Answer, bucket: str, many: str) -> None:
    count, after = 0, ""
    while True:
        options = f'{{"recursive": true, "after": "{after}"}}'
        page = _core.list(f"s3://{bucket}/{many}/", options)
        count += len(page["objects"])
        after = page["next"]
        if not after:
            break
    answer(count == COUNT, f"{count} of {COUNT}")
