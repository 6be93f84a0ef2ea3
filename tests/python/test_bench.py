"""The benchmark still runs, counts, and notices wrong values. Nothing is timed here."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import seaweed
from case import Case
from environments import PLACE, ROOT
from layout import square, values
from plain_files import friendly
from questions import plain
from raw_loop import PART_BYTES, PROGRAMS
from results import Results, Row
from stage import CaseError, Stage, relayed

pytestmark = pytest.mark.skipif(
    not (PROGRAMS / "raw_loop").exists(),
    reason="bench/raw_loop is not built: ./just build makes it, where aws-c-s3 is of 2026 or later",
)
LAYOUT = square(256, 64)  # 16 chunks


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with seaweed.running() as server:
        yield Stage(server, tmp_path_factory.mktemp("data"))


def test_smoke_run_reports_every_program() -> None:
    questions = ["whole_read", "rows", "catalog", "small_chunks", "growth"]
    command = [sys.executable, "bench/run.py", "--smoke", "--delays", "5", "--only", *questions]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "support")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| target | measured | met |" in done.stdout
    stored = json.loads((PLACE / "smoke" / "results.json").read_text())
    asked = {(run["question"], run["peer"]) for run in stored["runs"]}
    assert asked == {(each, "arraymorph") for each in questions} | {
        ("whole_read", "raw_loop"),
        ("small_chunks", "raw_loop"),
    }


def test_relay_counts_requests(stage: Stage) -> None:
    case = Case("whole_read", "raw", "arraymorph", 1, LAYOUT, stored="array")
    stage.prepare(case)
    result = stage.measure(case)
    # Opening asks for both layouts.
    assert result["traffic"]["requests"] == {"GET": 2 + LAYOUT.chunk_count}
    assert result["traffic"]["bytes_from_server"] > LAYOUT.nbytes
    assert result["stats"]["get_requests"] == 2 + LAYOUT.chunk_count


def test_relay_reads_requests_whatever_their_bodies_say() -> None:
    trap = b"DELETE / HTTP/1.1\r\n\r\n"
    sent = b"PUT /a HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(trap), trap)
    sent += b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
    sent += b"PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent += b"%x\r\n%s\r\n0\r\n\r\nHEAD /d HTTP/1.1\r\n\r\n" % (len(trap), trap)
    with (
        socket.create_server((seaweed.HOST, 0)) as listener,
        relayed(listener.getsockname()[1], 0) as (port, traffic),
        socket.create_connection((seaweed.HOST, port)) as client,
        listener.accept()[0] as server,
    ):
        for byte in sent:  # heads and bodies come in any pieces
            client.sendall(bytes([byte]))
        while len(server.recv(len(sent), socket.MSG_PEEK)) < len(sent):
            pass
        server.sendall(b"answer")
        assert client.recv(100) == b"answer"
    assert traffic["requests"] == {"GET": 1, "HEAD": 1, "PUT": 2}
    assert (traffic["bytes_to_server"], traffic["bytes_from_server"]) == (len(sent), 6)


def test_limit_asks_for_every_object(stage: Stage) -> None:
    case = Case("whole_read", "raw", "raw_loop", 1, LAYOUT, stored="array")
    stage.prepare(case)
    result = stage.measure(case)
    assert result["traffic"]["requests"] == {"GET": 1 + LAYOUT.chunk_count}
    written = stage.measure(Case("whole_write", "raw", "raw_loop", 1, LAYOUT, {"round": 0}))
    assert written["traffic"]["requests"] == {"PUT": 1 + LAYOUT.chunk_count}


def test_limit_of_a_plain_file_asks_for_its_parts(stage: Stage) -> None:
    file = friendly(1024, gzip=False)  # a little more than one part, with its metadata
    options = {"datasets": file.datasets, "round": 0}
    case = Case("plain_open_read", "raw", "raw_loop", 1, file.layout, options)
    stored = plain.local(case, stage.data).read_bytes()
    path = f"/{seaweed.BUCKET}/{file.key}"
    assert stage.server.request("PUT", path, stored) == 200
    traffic = stage.measure(case)["traffic"]
    assert PART_BYTES < len(stored) < 2 * PART_BYTES
    assert traffic["requests"] == {"GET": 2}
    assert len(stored) < traffic["bytes_from_server"] < len(stored) + 4096
    assert stage.server.request("PUT", path, stored[:-1] + b"\0") == 200
    with pytest.raises(CaseError):
        stage.measure(case)


def test_answers_come_late_by_the_added_latency(stage: Stage) -> None:
    case = Case("whole_read", "raw", "raw_loop", 250, LAYOUT, stored="array")
    stage.prepare(case)
    assert stage.measure(case)["wall"] >= 0.25  # what the relay is for; it may well be more


def test_connections_have_the_given_bandwidth(stage: Stage) -> None:
    options = {"megabytes_per_second": 0.05}
    case = Case("whole_read", "raw", "arraymorph", 1, LAYOUT, options, stored="array")
    stage.prepare(case)
    largest = max(LAYOUT.chunk_bytes, LAYOUT.nbytes // 64)  # over as many connections
    assert stage.measure(case)["wall"] >= largest / 5e4


def test_wrong_values_fail(stage: Stage, tmp_path: Path) -> None:
    case = Case("whole_read", "raw", "arraymorph", 0, LAYOUT, stored="array")
    stage.prepare(case)
    changed = np.array(values(stage.data, LAYOUT.shape))
    changed[7, 9] += 1
    np.save(tmp_path / "256x256.npy", changed)
    other = Stage(stage.server, tmp_path)
    with pytest.raises(CaseError, match="not the values written"):
        other.measure(case)
    stage.measure(case)


def test_ratio_is_the_median_of_pairs() -> None:
    runs = [
        {"question": "q", "label": "l", "delay_ms": 0, "peer": peer, "round": turn, "wall": wall}
        for peer, walls in {"arraymorph": [1.0, 4.0, 9.0], "zarr": [2.0, 2.0, 3.0]}.items()
        for turn, wall in enumerate(walls)
    ]
    results = Results(runs)
    row = Row("q", "l", 0)
    assert results.median(row, "arraymorph") == 4.0
    assert results.ratio(row, "arraymorph", "zarr") == 2.0
    assert results.best_peer(row) == "zarr"
    assert results.best_peer(row._replace(label="nothing was measured")) is None
