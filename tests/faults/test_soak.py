"""A process that works for long: memory, threads, descriptors and sockets do not grow."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from zygote import TIMEOUT, Zygote

MAX_RSS_GROWTH_KIB = 8 * 1024
MAX_GROWTH = {"threads": 1, "descriptors": 2, "sockets": 2}
CONNECTIONS = 8


def test_soak(
    zygote: Zygote, server: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seconds = 60 * request.config.getoption("--soak-minutes")
    (tmp_path / "local").mkdir()
    bucket = f"s3://{server['BUCKET_NAME']}/{tmp_path.name}"
    bases = [bucket, bucket, bucket, f"file://{tmp_path}/local"]
    settings = {
        **server,
        # So small that it is full before the measurement begins.
        "ARRAYMORPH_CACHE_BYTES": "4M",
        "ARRAYMORPH_INLINE_BYTES": "1K",
        "ARRAYMORPH_CONNECTIONS": str(CONNECTIONS),
    }
    program = zygote.start(
        "parallel_programs:soak", str(seconds), str(seconds / 60), *bases, **settings
    )
    outcome = program.wait(seconds + TIMEOUT)
    assert outcome.status == 0, outcome.stderr
    assert outcome.stderr == ""
    samples = [json.loads(line) for line in outcome.stdout.splitlines()]
    measured = samples[len(samples) // 4 :]
    half = len(measured) // 2
    times = np.array([each["seconds"] for each in measured])
    growth = {}
    report = [f"soak: {seconds:.0f} s, {samples[-1]['rounds']} rounds, after warm-up:"]
    for name in ("rss_kib", *MAX_GROWTH):
        values = np.array([each[name] for each in measured], float)
        # The most, not the middle: idle connections come and go, up to their bound.
        growth[name] = float(values[half:].max() - values[:half].max())
        slope = 3600 * np.polyfit(times, values, 1)[0]
        report.append(
            f"{name} {values[0]:.0f} to {values[-1]:.0f}, most {values.max():.0f}, "
            f"slope {slope:+.1f} an hour, most of the halves {growth[name]:+.1f};"
        )
    print("\n" + "\n  ".join(report))
    assert growth.pop("rss_kib") < MAX_RSS_GROWTH_KIB
    # How many connections are open at a time is a matter of luck, up to their bound.
    most = max(each["sockets"] for each in samples)
    assert growth.pop("sockets") <= MAX_GROWTH["sockets"] or most <= CONNECTIONS
    for name, value in growth.items():
        assert value <= MAX_GROWTH[name], name
