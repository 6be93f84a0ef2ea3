"""`arraymorph bench` on real stores: figures, and nothing left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from arraymorph import _core
from arraymorph.cli import bench
from conftest import Command, Store


def left(store: Store) -> list[str]:
    return [each[0] for each in _core.list(store.base, '{"recursive": true}')["objects"]]


def test_it_measures_and_cleans_up(store: Store, command: Command) -> None:
    done = command("bench", store.base + "/", "--size", "4", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    steps = {each["what"]: each for each in found["steps"]}
    assert found["connections"] == 64
    for what in "write, raw", "write, gzip", "read, raw", "read, gzip":
        assert steps[what]["bytes"] == 4 << 20
        assert steps[what]["bytes_per_second"] > 0
    assert steps["read, raw"]["requests"] == 4
    assert steps["4 KiB of each chunk"]["requests"] == 4
    assert steps["list"]["extra"] == steps["remove"]["extra"] == "9 objects"
    assert left(store) == []


def test_a_person_reads_it(s3_store: Store, arraymorph_program: Command) -> None:
    done = arraymorph_program("bench", s3_store.base, "--size", "1", ARRAYMORPH_CONNECTIONS="7")
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert first.startswith(f"{s3_store.base}/: 7 connections, ")
    assert "ARRAYMORPH_CONNECTIONS" in first
    assert any(line.startswith("latency") and "median" in line for line in rest)
    assert any(line.startswith("read, raw") and "B/s" in line for line in rest)


def test_tune(local_store: Store, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_TUNED", (8, 32))
    done = command("bench", local_store.base, "--size", "1", "--tune")
    assert done.returncode == 0, done.stderr
    assert "best here: ARRAYMORPH_CONNECTIONS=" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["8", "32"]
    assert left(local_store) == []


def test_an_interrupted_one_cleans_up(s3_store: Store) -> None:
    """Ctrl-C while it writes."""
    words = [sys.executable, "-m", "arraymorph", "bench", s3_store.base, "--size", "96"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        end = time.monotonic() + 600
        while not left(s3_store) and program.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=600)
    assert program.returncode not in (0, None)
    assert b"Traceback" not in said
    assert left(s3_store) == []


def test_a_store_that_cannot_be_written(arraymorph_program: Command) -> None:
    done = arraymorph_program("bench", "file:///proc/nothing", "--size", "1")
    assert done.returncode == 1
    assert "arraymorph: " in done.stderr
