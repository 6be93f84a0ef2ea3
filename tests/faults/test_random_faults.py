"""Random operations while random requests fail: the same results as native HDF5.

The machine of tests/reference on S3, through a relay in a process of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, ClassVar

import arraymorph
import fault_relay
import h5py
import pytest
from fault_relay import Rule
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import Pair

CHANCE = 0.05
TRANSIENT = ["500", "502", "503", "lose-answer", "reset", "truncate"]
SEQUENCES = 5  # of at most 25 steps, with one seed
REPEATS = 4


def rules() -> list[Rule]:
    """Together `CHANCE`, about evenly."""
    mixed = []
    left = 1.0
    for fault in TRANSIENT:
        share = CHANCE / len(TRANSIENT)
        mixed.append(Rule(fault, probability=share / left))
        left -= share
    return mixed


class FaultyPair(Pair):
    """What ArrayMorph could not do is repeated: an error must be clear, and leave all as it was."""

    base: ClassVar[str]
    operations: ClassVar[int] = 0
    raised: ClassVar[int] = 0

    def open_ours(self, name: str, mode: str, **more: Any) -> h5py.File:
        url = f"{self.base}/{self.directory.name}/{name}"
        return self._repeat(lambda: arraymorph.File(url, mode, **more))

    def perform(self, operation: Callable[[h5py.File], Any], file: h5py.File) -> Any:
        if file is not self.ours:
            return operation(file)
        FaultyPair.operations += 1
        return self._repeat(lambda: operation(file))

    def _repeat(self, action: Callable[[], Any]) -> Any:
        for attempt in range(REPEATS):
            try:
                return action()
            except (OSError, RuntimeError, ValueError, KeyError) as error:
                store_failed = re.search("s3://.*(no answer|failing|50[023])", str(error))
                if store_failed is None or attempt == REPEATS - 1:
                    raise
                FaultyPair.raised += 1
        raise AssertionError("unreachable")


@pytest.mark.filterwarnings("ignore")
def test_random_faults(
    server: dict[str, str], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    option = request.config.getoption
    first = option("--seed")
    started = time.monotonic()
    with fault_relay.started(server["AWS_ENDPOINT_URL_S3"]) as relay:
        behind = {
            **server,
            "AWS_ENDPOINT_URL_S3": relay.endpoint,
            "ARRAYMORPH_PROBE": "off",
        }
        for name, value in behind.items():
            monkeypatch.setenv(name, value)
        FaultyPair.base = f"s3://{server['BUCKET_NAME']}"
        FaultyPair.operations = FaultyPair.raised = 0
        relay.set_rules(rules(), first)
        run = 0
        while FaultyPair.operations < option("--operations"):
            one_run(first + run)
            run += 1
        report = relay.report()
    print(
        f"\nrandom faults: seeds {first} to {first + run - 1}, {FaultyPair.operations} operations, "
        f"{report['requests']} requests, faults {report['injected']}, "
        f"{FaultyPair.raised} operations raised and were repeated, "
        f"{time.monotonic() - started:.0f} s; {relay_summary(report)}"
    )
    assert sum(report["injected"].values()) > 0.02 * report["requests"]


def relay_summary(report: dict[str, Any]) -> str:
    return f"{100 * sum(report['injected'].values()) / report['requests']:.1f} % of requests failed"


def one_run(number: int) -> None:
    profile = settings(
        max_examples=SEQUENCES,
        stateful_step_count=25,
        deadline=None,
        database=None,
        print_blob=False,
        phases=[Phase.generate],  # a smaller example would meet other faults
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(FaultyPair), settings=profile)
    except BaseException:
        print(f"random faults: failed with seed {number}")
        raise
