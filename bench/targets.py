"""What the project set out to reach, and whether this session shows it."""

from __future__ import annotations

from dataclasses import dataclass

import peers
import report
from results import OURS, Results, Row

NEAR = (0.0, 20.0)  # the distances that the targets name
MIB = 1 << 20
MEMORY_BYTES = (256 + 256 + 64) * MIB  # cache, bytes in flight, libraries with threads


@dataclass(frozen=True)
class Verdict:
    target: str
    measured: str
    met: bool


def judge(results: Results) -> list[Verdict]:
    """One for each target that the session measured."""
    found: list[Verdict | None] = []
    for row in _near(results, "whole_read"):
        if row.label == "raw":
            found.append(_against(results, row, peers.LIMIT, 1.25))
            found.append(_against(results, row, "tensorstore", 0.9))
        else:
            found.append(_against(results, row, "tensorstore", 1.0))
            found.append(_against(results, row, "tensorstore", 1.0, "cpu"))
    found += [_against_best(results, row, 0.5) for row in _near(results, "rows") if row.delay]
    for row in _near(results, "windows"):
        if row.delay:
            found += [_round_trips(results, row), _against_best(results, row, 1.0)]
    for question in ("plain_open_read", "plain_windows"):
        for row in _near(results, question):
            if row.delay:
                most = 0.25 if "scattered" in row.label else 0.4
                found.append(_against_best(results, row, most))
    real = [row for row in results.rows("listing") if row.label.startswith("h5ad")]
    found += [_requests(results, row, 4) for row in real]
    found += [_against_best(results, row, 0.8) for row in _near(results, "whole_write")]
    found += [_against(results, row, peers.LIMIT, 1.2) for row in _near(results, "transfer")]
    found += [_against(results, row, "zarr", 0.3) for row in _near(results, "catalog")]
    found += [_memory(results, row) for row in results.rows("memory")]
    found += [_growth(results, way) for way in ("read", "write")]
    found += [_small_chunks(results, row) for row in results.rows("small_chunks") if not row.delay]
    return [verdict for verdict in found if verdict is not None]


def table(verdicts: list[Verdict]) -> str:
    rows = [[each.target, each.measured, "yes" if each.met else "**no**"] for each in verdicts]
    return report.table(["target", "measured", "met"], rows)


def _near(results: Results, question: str) -> list[Row]:
    return [row for row in results.rows(question) if row.delay in NEAR]


def _name(row: Row) -> str:
    return f"{row.question.replace('_', ' ')}, {row.label}, {report.distance(row.delay)}"


def _against(
    results: Results, row: Row, other: str, most: float, field: str = "wall"
) -> Verdict | None:
    ratio = results.ratio(row, OURS, other, field)
    if ratio is None:
        return None
    what = "CPU " if field == "cpu" else ""
    target = f"{_name(row)}: {what}at most {most} x {report.NAMES[other]}"
    return Verdict(target, f"{ratio:.2f} x", ratio <= most)


def _against_best(results: Results, row: Row, most: float) -> Verdict | None:
    best = results.best_peer(row)
    ratio = results.ratio(row, OURS, best) if best else None
    if best is None or ratio is None:
        return None
    target = f"{_name(row)}: at most {most} x the best peer"
    measured = f"{ratio:.2f} x {report.NAMES[best]}"
    limit = results.ratio(row, peers.LIMIT, best)
    if limit is not None:
        measured += f" ({report.NAMES[peers.LIMIT]}: {limit:.2f} x)"
    return Verdict(target, measured, ratio <= most)


def _requests(results: Results, row: Row, most: int) -> Verdict | None:
    counted = [run["traffic"] for run in results.of(row, OURS) if "traffic" in run]
    if not counted:
        return None
    number = max(sum(traffic["requests"].values()) for traffic in counted)
    target = f"{_name(row)}: at most {most} requests"
    return Verdict(target, f"{number}", number <= most)


def _round_trips(results: Results, row: Row) -> Verdict | None:
    wall = results.median(row, OURS)
    if wall is None:
        return None
    ratio = wall / (results.of(row, OURS)[0]["calls"] * row.delay / 1000)
    target = f"{_name(row)}: at most 1.3 x one round trip for each call"
    return Verdict(target, f"{ratio:.2f} x", ratio <= 1.3)


def _memory(results: Results, row: Row) -> Verdict | None:
    peak = results.median(row, OURS, "peak_bytes")
    if peak is None:
        return None
    target = f"memory, {row.label}: at most {MEMORY_BYTES // MIB} MiB (cache, in flight, libraries)"
    return Verdict(target, f"{peak / MIB:.0f} MiB", peak <= MEMORY_BYTES)


def _growth(results: Results, way: str) -> Verdict | None:
    """CPU time, for each chunk, of the largest number against the least of the smaller ones."""
    rows = results.rows("growth")
    times = [results.median(row, OURS, f"{way}_cpu_us_per_chunk") for row in rows]
    known = [time for time in times if time is not None]
    if len(known) < 2:
        return None
    ratio = known[-1] / min(known[:-1])
    target = f"growth, {way}: CPU for each of {rows[-1].label} at most 1.5 x that of fewer"
    return Verdict(target, f"{ratio:.2f} x", ratio <= 1.5)


def _small_chunks(results: Results, row: Row) -> Verdict | None:
    ratio = results.ratio(row, OURS, peers.LIMIT, "requests_per_second")
    if ratio is None:
        return None
    target = f"{_name(row)}: requests each second at least 0.6 x {report.NAMES[peers.LIMIT]}"
    return Verdict(target, f"{ratio:.2f} x", ratio >= 0.6)
