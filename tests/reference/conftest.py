"""Options of the random comparison: how many sequences, which seed."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sequences", type=int, default=150, help="random sequences to run")
    parser.addoption("--steps", type=int, default=25, help="operations in a sequence, at most")
    parser.addoption("--seed", type=int, default=20250301, help="same seed, same sequences")


def pytest_report_header(config: pytest.Config) -> str:
    option = config.getoption
    return f"reference: {option('--sequences')} sequences, --seed={option('--seed')}"
