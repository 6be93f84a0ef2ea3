"""Fixtures: a scenario is run without ArrayMorph once and with it N times (--runs)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "scenarios"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import seaweed
from repeat import Outcome, Repeat


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--runs", type=int, default=2, help="how often each scenario runs")
    parser.addoption("--jobs", type=int, default=2, help="how many runs at a time")


@dataclass
class Store:
    """Where plain file names go: `environment` for ArrayMorph, `switched_on` with the plugin."""

    kind: str
    base: str
    environment: dict[str, str]
    switched_on: dict[str, str]

    def url(self, name: str) -> str:
        return f"{self.base}/{name}"


@pytest.fixture(scope="session")
def native() -> dict[str, str]:
    """The environment of the same program without ArrayMorph."""
    return seaweed.surroundings()


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, str]]:
    """Settings of a running server, usually SeaweedFS."""
    with seaweed.given_or_running() as settings:
        yield settings


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The same test on both kinds of store. This process can read it too (arraymorph.File)."""
    import arraymorph

    if request.param == "local":
        root = tmp_path / "store"
        root.mkdir()
        settings = {"STORAGE_PLATFORM": "Local", "ARRAYMORPH_ROOT": str(root)}
        base = f"file://{root}"
    else:
        settings = dict(request.getfixturevalue("server"))
        base = f"s3://{settings['BUCKET_NAME']}"
    plugin = {
        "HDF5_PLUGIN_PATH": arraymorph.get_plugin_path(),
        "HDF5_VOL_CONNECTOR": "arraymorph",
    }
    for name in [name for name in os.environ if name.startswith(seaweed.SETTINGS)]:
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    environment = {**seaweed.surroundings(), **settings}
    return Store(request.param, base, environment, {**environment, **plugin})


@pytest.fixture(scope="session")
def expected() -> dict[str, Outcome]:
    """How programs end without ArrayMorph, by their names: run once for all stores."""
    return {}


@pytest.fixture
def repeat(request: pytest.FixtureRequest, tmp_path: Path) -> Repeat:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None

    def progress(line: str) -> None:
        if count > 10:
            with capture.global_and_fixture_disabled():
                print(f"{request.node.name}: {line}", file=sys.stderr, flush=True)

    count = request.config.getoption("--runs")
    return Repeat(count, request.config.getoption("--jobs"), tmp_path, progress)
