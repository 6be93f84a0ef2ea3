"""Fixtures and options: faults are injected from outside, programs are plain h5py."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))

import seaweed
from zygote import Zygote


def pytest_addoption(parser: pytest.Parser) -> None:
    option = parser.addoption
    option("--kills", type=int, default=16, help="writers to kill, over all stores and modes")
    option("--matrix", choices=["some", "all"], default="some", help="cases of the fault matrix")
    option("--publish", action="store_true", help="write docs/fault-matrix.md")
    option("--operations", type=int, default=120, help="operations under random faults")
    option("--writer-runs", type=int, default=0, help="runs of 16 writers; 0: one of 4 writers")
    option("--soak-minutes", type=float, default=0.05, help="how long the soak lasts")
    option("--seed", type=int, default=20251125, help="same seed, same choices")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    slow = collection_path.name == "test_server_restart.py"
    return True if slow and config.getoption("--matrix") != "all" else None


def pytest_report_header(config: pytest.Config) -> str:
    return f"faults: --seed={config.getoption('--seed')}"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(seaweed.SETTINGS):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, str]]:
    """Settings of a running server, usually SeaweedFS."""
    with seaweed.given_or_running() as settings:
        yield settings


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Starts h5py programs quickly; see zygote.py."""
    with Zygote() as started:
        yield started
