"""Conditional writes: what the server does with them, and whether ArrayMorph knows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from arraymorph import _core
from cells import Answer, cell
from s3_request import Answer as Reply
from s3_request import Client, path_of

ROUNDS = 10
WRITERS = 8
WRONG = '"00000000000000000000000000000000"'
WON = 200


@dataclass
class Held:
    """Whether a condition held, and what the server said."""

    yes: bool
    said: str


def alone(client: Client, path: str, headers: Callable[[str], dict[str, str]]) -> Held:
    """A condition that does not hold must be refused and change nothing."""
    tag = client.send("PUT", path, b"first").headers["etag"]
    refused = client.send("PUT", path, b"second", headers=headers(tag))
    kept = client.send("GET", path).body == b"first"
    return Held(refused.status == 412 and kept, f"{refused.status} {refused.code}".strip())


def together(send: Callable[[int, int], Reply], prepare: Callable[[int], None]) -> Held:
    """Of writers at the same moment exactly one must succeed, round after round."""
    winners = []
    with ThreadPoolExecutor(WRITERS) as pool:
        for number in range(ROUNDS):
            prepare(number)
            replies = pool.map(lambda writer, n=number: send(n, writer), range(WRITERS))
            winners.append(sum(reply.status == WON for reply in replies))
    return Held(set(winners) == {1}, f"{WRITERS} writers, of which succeeded: {winners}")


@pytest.fixture(scope="module")
def conditions(client: Client, bucket: str) -> dict[str, Held]:
    def path(name: str) -> str:
        return path_of(bucket, f"conditions/{name}")

    def create(number: int, writer: int) -> Reply:
        body = f"writer {writer}".encode()
        return client.send("PUT", path(f"new{number}"), body, headers={"If-None-Match": "*"})

    tags: dict[int, str] = {}

    def store(number: int) -> None:
        tags[number] = client.send("PUT", path(f"old{number}"), b"old").headers["etag"]

    def replace(number: int, writer: int) -> Reply:
        body = f"writer {writer}".encode()
        headers = {"If-Match": tags[number]}
        return client.send("PUT", path(f"old{number}"), body, headers=headers)

    client.send("PUT", path("right"), b"first")
    right = client.send("HEAD", path("right")).headers["etag"]
    accepted = client.send("PUT", path("right"), b"next", headers={"If-Match": right})
    return {
        "create": alone(client, path("create"), lambda _: {"If-None-Match": "*"}),
        "replace": alone(client, path("replace"), lambda _: {"If-Match": WRONG}),
        "right": Held(accepted.status == WON, f"{accepted.status} {accepted.code}".strip()),
        "creators": together(create, lambda _: None),
        "replacers": together(replace, store),
    }


ROW = "conditional writes"


@cell(ROW, "`If-None-Match: *` does not replace an object")
def test_create_only(answer: Answer, conditions: dict[str, Held]) -> None:
    answer(conditions["create"].yes, conditions["create"].said)


@cell(ROW, "`If-Match` with another entity tag replaces nothing")
def test_replace_only(answer: Answer, conditions: dict[str, Held]) -> None:
    answer(conditions["replace"].yes, conditions["replace"].said)


@cell(ROW, "`If-Match` with the right entity tag replaces")
def test_replace_accepted(answer: Answer, conditions: dict[str, Held]) -> None:
    answer(conditions["right"].yes, conditions["right"].said)


@cell(ROW, "one of 8 creators at the same moment succeeds")
def test_creators(answer: Answer, conditions: dict[str, Held]) -> None:
    answer(conditions["creators"].yes, conditions["creators"].said)


@cell(ROW, "one of 8 replacers at the same moment succeeds")
def test_replacers(answer: Answer, conditions: dict[str, Held]) -> None:
    answer(conditions["replacers"].yes, conditions["replacers"].said)


@cell("ArrayMorph knows whether they hold", "its probe agrees with the five above", needed=True)
def test_verdict(answer: Answer, conditions: dict[str, Held], bucket: str) -> None:
    verdict = _core.probe(f"s3://{bucket}/verdict.h5")
    honoured = all(each.yes for each in conditions.values())
    # Races are a matter of luck: a few rounds may see none where ArrayMorph's sees one.
    seen = verdict["verdict"] == "honoured"
    agrees = seen == honoured or verdict["verdict"] == "racy"
    answer(agrees, f"{verdict['verdict']} ({verdict['words']})")
