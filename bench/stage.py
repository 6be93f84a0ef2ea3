"""The stage of a measurement: the server, the distance to it, and what lies in it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environments
import measure
import seaweed
from case import Case
from questions import prepare
from raw_loop import PROGRAMS

TIMEOUT_SECONDS = 900
VARIABLES = (*seaweed.SETTINGS, "PYTHON", "VIRTUAL_")


class CaseError(Exception):
    """A measurement failed; the text is the end of what it said."""


@contextlib.contextmanager
def relayed(
    port: int, delay_ms: float, megabytes: float | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """A port on 127.0.0.1 that leads to the server at `port`, `delay_ms` away; `megabytes`: what a
    connection brings each second. What went through is in the dictionary afterwards."""
    command = [str(PROGRAMS / "relay"), f"{seaweed.HOST}:{port}", str(delay_ms)]
    if megabytes is not None:
        command.append(str(megabytes))
    traffic: dict[str, Any] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as relay:
        assert relay.stdout is not None
        try:
            yield int(relay.stdout.readline()), traffic
        finally:
            relay.send_signal(signal.SIGTERM)
            traffic.update(json.loads(relay.stdout.read()))


class Stage:
    """A running server; remembers what was stored in it."""

    def __init__(self, server: seaweed.Server, data: Path, touched_bytes: int = 0) -> None:
        """`touched_bytes`: before each clock, see measure.touch_memory."""
        self.server = server
        self.data = data
        self.touched_bytes = touched_bytes
        self.stored: set[tuple[str, str]] = set()

    def prepare(self, case: Case) -> None:
        needed = prepare.needed(case)
        if needed is not None and (needed.label, needed.stored) not in self.stored:
            self._client(needed, self.server.port)
            self.stored.add((needed.label, needed.stored))

    def measure(self, case: Case) -> dict[str, Any]:
        """Run `case` in a process of its own. Requests and bytes are those of the whole process,
        opening included; without added latency they are not counted."""
        if case.delay_ms == 0:
            return self._client(case, self.server.port)
        bandwidth = case.options.get("megabytes_per_second")
        with relayed(self.server.port, case.delay_ms, bandwidth) as (port, traffic):
            result = self._client(case, port)
        return {**result, "traffic": traffic}

    def _client(self, case: Case, port: int) -> dict[str, Any]:
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(VARIABLES)
        }
        environment = {
            **clean,
            **self.server.environment(),
            "ARRAYMORPH_PROBE": "off",  # once in 30 days for a server, not what is asked here
            "AWS_ENDPOINT_URL_S3": f"http://{seaweed.HOST}:{port}",
            "AWS_ENDPOINT_URL": f"http://{seaweed.HOST}:{port}",
            measure.TOUCHED: str(self.touched_bytes),
            "PYTHONPATH": str(environments.ROOT / "tests" / "support"),
            "PYTHONWARNINGS": "ignore",
        }
        here = Path(__file__).resolve().parent
        try:
            done = subprocess.run(
                [str(environments.python(case.peer)), str(here / "client.py"), str(self.data)],
                input=json.dumps(case.to_json()),
                capture_output=True,
                text=True,
                env=environment,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CaseError(f"no result after {TIMEOUT_SECONDS} s") from error
        if done.returncode != 0:
            raise CaseError("\n".join(done.stderr.strip().splitlines()[-8:]))
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result
