"""A server that goes away while files are dirty: the program ends all the same, with its own exit
status, in bounded time, and says on stderr what was not stored."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import arraymorph
import common
import pytest
from conftest import Store
from fault_relay import Relay, Rule, relaying
from repeat import TIMEOUT, scenario


def vanish(relay: Relay) -> None:
    relay.refuse()


def fall_silent(relay: Relay) -> None:
    relay.set_rules([Rule("stall")])


@pytest.mark.parametrize("how", [vanish, fall_silent])
@pytest.mark.parametrize("name", ["server_gone", "server_gone_enabled"])
@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_server_goes_away(
    name: str, how: Callable[[Relay], None], store: Store, tmp_path: Path
) -> None:
    tag = f"{time.monotonic_ns()}-{name}-{how.__name__}"
    environment = store.switched_on if name == "server_gone" else store.environment
    with relaying(environment["AWS_ENDPOINT_URL_S3"]) as relay:
        patience = {"ARRAYMORPH_TIMEOUT": "2", "ARRAYMORPH_RETRIES": "1"}
        process = subprocess.Popen(
            scenario("exits", name)(tag),
            env={**environment, **patience, "AWS_ENDPOINT_URL_S3": relay.endpoint},
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        how(relay)
        _, stderr = process.communicate("go\n", timeout=TIMEOUT)
    assert process.returncode == 0
    assert tag in stderr, "which object could not be stored"
    with arraymorph.File(store.url(f"{tag}.h5")) as file:  # what was flushed before
        assert file["y"][()] == 5
        assert "z" not in file
        assert file["x"].shape == common.SHAPE
