"""Random sequences of operations: native HDF5 is the reference, ours must not differ."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import Pair


@pytest.mark.filterwarnings("ignore")
def test_random_operations(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ARRAYMORPH_", "HDF5_", "BUCKET_NAME", "STORAGE_PLATFORM")):
            monkeypatch.delenv(name)
    option = request.config.getoption
    profile = settings(
        max_examples=option("--sequences"),
        stateful_step_count=option("--steps"),
        deadline=None,
        database=None,
        print_blob=False,
        verbosity=Verbosity.normal,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(option("--seed"))(Pair), settings=profile)
