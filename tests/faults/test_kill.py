"""SIGKILL of a writer at every k-th request (S3) or system call (directory): what was reported as
stored is there, exactly, and the file can be used on."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fault_relay import Relay, Rule, relaying
from zygote import Child, Outcome, Zygote

HERE = Path(__file__).resolve().parent
MODES = ["in-place", "new-objects"]
# In objects, also the small ones; little memory, so that chunks are stored before the flush too.
SETTINGS = {
    "ARRAYMORPH_INLINE_BYTES": "64",
    "ARRAYMORPH_PIECE_BYTES": "1K",
    "ARRAYMORPH_PROBE": "off",  # requests are counted before they are killed at
}


@pytest.fixture(scope="session")
def preloaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler for the library that kills at a system call")
    library = tmp_path_factory.mktemp("kill") / "kill_at.so"
    source = str(HERE / "kill_at.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), source, "-ldl"], check=True
    )
    with Zygote(library) as zygote:
        yield zygote


@pytest.fixture(scope="session")
def states(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> str:
    target = str(tmp_path_factory.mktemp("states") / "states")
    assert zygote.run("kill_program:make_states", target).result() > 10
    return target


@dataclass(frozen=True)
class Point:
    """The k-th request or system call; `how` the writer ends there."""

    k: int
    how: str


class Local:
    """Kills at a system call."""

    hows = ("before", "half", "after")

    def __init__(self, zygote: Zygote, root: Path) -> None:
        self._zygote, self._root = zygote, root

    def url(self, name: str) -> str:
        return f"file://{self._root}/{name}"

    def environment(self) -> dict[str, str]:
        return SETTINGS

    def count(self, url: str, log: str, **settings: str) -> int:
        counting = {"KILL_AT": "0", "KILL_HOW": "count"}
        program = self._zygote.run("kill_program:write", url, log, **settings, **counting)
        count: int = program.result()
        return count

    def kill(self, point: Point, url: str, log: str, **settings: str) -> Outcome:
        killing = {"KILL_AT": str(point.k), "KILL_HOW": point.how}
        return self._zygote.run("kill_program:write", url, log, **settings, **killing)


class S3:
    """Kills at a request, before it is passed on or before it is answered."""

    hows = ("before", "after")

    def __init__(self, zygote: Zygote, relay: Relay, server: dict[str, str], name: str) -> None:
        self._zygote, self._relay, self._server, self._name = zygote, relay, server, name

    def url(self, name: str) -> str:
        return f"s3://{self._server['BUCKET_NAME']}/{self._name}/{name}"

    def environment(self) -> dict[str, str]:
        return {**self._server, **SETTINGS}

    def _start(self, url: str, log: str, settings: dict[str, str]) -> Child:
        behind = {**settings, "AWS_ENDPOINT_URL_S3": self._relay.endpoint}
        return self._zygote.start("kill_program:write", url, log, **behind)

    def count(self, url: str, log: str, **settings: str) -> int:
        self._relay.set_rules([])
        self._start(url, log, settings).wait().result()
        count: int = self._relay.report()["requests"]
        return count

    def kill(self, point: Point, url: str, log: str, **settings: str) -> Outcome:
        writer: Future[Child] = Future()
        rule = Rule(point.how, first=point.k, count=1, hook=lambda _: writer.result().kill())
        self._relay.set_rules([rule])
        writer.set_result(self._start(url, log, settings))
        outcome = writer.result().wait()
        self._relay.wait_until_idle()  # what was under way may still be stored
        self._relay.set_rules([])
        return outcome


@pytest.fixture
def target(request: pytest.FixtureRequest, tmp_path: Path, zygote: Zygote) -> Iterator[Local | S3]:
    if request.param == "local":
        (tmp_path / "store").mkdir()
        yield Local(request.getfixturevalue("preloaded"), tmp_path / "store")
    else:
        server = request.getfixturevalue("server")
        with relaying(server["AWS_ENDPOINT_URL_S3"]) as relay:
            yield S3(zygote, relay, server, tmp_path.name)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("target", ["local", "s3"], indirect=True)
def test_killed_writer(
    target: Local | S3,
    mode: str,
    zygote: Zygote,
    states: str,
    request: pytest.FixtureRequest,
) -> None:
    option = request.config.getoption
    tmp_path = request.getfixturevalue("tmp_path")
    settings = {**target.environment(), "ARRAYMORPH_WRITE": mode}
    last = target.count(target.url("counted.h5"), str(tmp_path / "counted"), **settings)
    points = [Point(k, how) for k in range(1, last + 1) for how in target.hows]
    wanted = min(len(points), option("--kills") // (2 * len(MODES)))
    chosen = sorted(
        random.Random(option("--seed")).sample(points, wanted), key=lambda point: point.k
    )
    killed = unreadable = 0
    failures: list[str] = []
    seen: dict[int, int] = {}
    for number, point in enumerate(chosen):
        url, log = target.url(f"{number}.h5"), str(tmp_path / f"log-{number}")
        outcome = target.kill(point, url, log, **settings)
        assert not outcome.hung
        if outcome.status != -9:  # fewer requests than when they were counted
            assert outcome.status == 0, outcome
            continue
        killed += 1
        then = "grow" if number % 2 else "go on"
        result: dict[str, Any] = {"state": -1}
        checked = zygote.run("kill_program:verify", url, log, states, mode, then, **settings)
        if checked.status == 0:
            result = checked.result()
        else:
            unreadable += 1
            result["wrong"] = checked.stderr[-2000:]
        seen[result["state"]] = seen.get(result["state"], 0) + 1
        if result["wrong"]:
            failures.append(f"{point}, then {then}: {result['wrong']}")
    print(
        f"\n{type(target).__name__}, {mode}: {last} places, {killed} killed at distinct points, "
        f"{unreadable} unreadable, {len(failures)} wrong; states found {dict(sorted(seen.items()))}"
    )
    assert killed >= wanted * 0.9
    assert not failures, f"{len(failures)} of {killed}:\n" + "\n".join(failures)
