"""Several processes at one file: writers of disjoint chunks, creators, readers during commits."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from zygote import Child, Zygote

MODULE = "parallel_programs"


@dataclass(frozen=True)
class Place:
    """A new file in a store."""

    url: str
    environment: dict[str, str]
    gate: Path

    def open_gate(self) -> None:
        self.gate.touch()


@pytest.fixture(params=["local", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    name = f"{uuid.uuid4().hex}.h5"
    if request.param == "local":
        (tmp_path / "store").mkdir()
        return Place(f"file://{tmp_path}/store/{name}", {}, tmp_path / "gate")
    settings = dict(request.getfixturevalue("server"))
    return Place(f"s3://{settings['BUCKET_NAME']}/{name}", settings, tmp_path / "gate")


def in_objects(place: Place) -> dict[str, str]:
    return {**place.environment, "ARRAYMORPH_INLINE_BYTES": "100"}


def all_right(children: list[Child]) -> None:
    outcomes = [child.wait() for child in children]
    for outcome in outcomes:
        assert outcome.status == 0, outcome
        assert outcome.stderr == ""


def test_writers_of_disjoint_chunks(
    place: Place, zygote: Zygote, request: pytest.FixtureRequest
) -> None:
    runs = request.config.getoption("--writer-runs")
    writers, each = (16, 200) if runs else (4, 25)
    environment = in_objects(place)
    for run in range(max(runs, 1)):
        started = time.monotonic()
        url = f"{place.url}-{run}"
        assert (
            zygote.run(f"{MODULE}:make_rows", url, str(writers * each), **environment).status == 0
        )
        gate = f"{place.gate}-{run}"
        children = [
            zygote.start(
                f"{MODULE}:write_rows", url, gate, *map(str, (n, writers, each)), **environment
            )
            for n in range(writers)
        ]
        Path(gate).touch()
        all_right(children)
        wrong = zygote.run(f"{MODULE}:count_wrong_rows", url, **environment).result()
        took = time.monotonic() - started
        print(
            f"\n{place.url.partition(':')[0]}, run {run + 1}: {writers} processes x {each} chunks, "
            f"{writers * each - wrong} right, {wrong} wrong, {took:.1f} s"
        )
        assert wrong == 0


def test_creators_of_different_datasets(
    place: Place, zygote: Zygote, request: pytest.FixtureRequest
) -> None:
    environment = in_objects(place)
    creators = 16 if request.config.getoption("--writer-runs") else 5
    for run in range(max(1, request.config.getoption("--writer-runs"))):
        url, gate = f"{place.url}-{run}", f"{place.gate}-{run}"
        # An empty file: what is in it afterwards was created by somebody who said so.
        assert zygote.run("parallel_programs:make_empty", url, **environment).status == 0
        children = [
            zygote.start(f"{MODULE}:create_own", url, gate, str(n), **environment)
            for n in range(creators)
        ]
        Path(gate).touch()
        results = [child.wait().result() for child in children]
        stored = zygote.run(f"{MODULE}:list_created", url, **environment).result()
        assert set(stored) == {f"w{n}" for n, error in enumerate(results) if not error}
        assert stored, "nobody has won"
        for error in results:
            if error:
                assert "somebody else has committed" in error
                assert url in error


def test_readers_see_one_committed_state(
    place: Place, zygote: Zygote, request: pytest.FixtureRequest
) -> None:
    commits = "200" if request.config.getoption("--writer-runs") else "15"
    environment = {**place.environment, "ARRAYMORPH_INLINE_BYTES": "200"}
    assert zygote.run(f"{MODULE}:make_table", place.url, **environment).status == 0
    gate = str(place.gate)
    readers = [
        zygote.start(f"{MODULE}:read_often", place.url, commits, **environment) for _ in range(2)
    ]
    writer = zygote.start(f"{MODULE}:commit_often", place.url, gate, commits, **environment)
    for reader in readers:
        reader.wait_for_output("ready")
    place.open_gate()
    all_right([writer])
    seen = [reader.wait().result() for reader in readers]
    print(f"\n{place.url.partition(':')[0]}: {commits} commits, readers saw {seen} states")
    assert max(seen) > 1


def test_append_and_poll(place: Place, zygote: Zygote, request: pytest.FixtureRequest) -> None:
    appends = "500" if request.config.getoption("--writer-runs") else "40"
    arguments = (place.url, str(place.gate), appends)
    writer = zygote.start(f"{MODULE}:append", *arguments, **place.environment)
    writer.wait_for_output("ready")
    readers = [zygote.start(f"{MODULE}:poll", *arguments, **place.environment) for _ in range(2)]
    place.open_gate()
    outcome = writer.wait()
    assert outcome.status == 0, outcome
    seen = [reader.wait().result() for reader in readers]
    print(f"\n{place.url.partition(':')[0]}: {appends} appends, readers saw {seen} lengths")
    assert max(seen) > 2
