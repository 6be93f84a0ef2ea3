"""What the project set out to reach, and whether this session shows it."""

from __future__ import annotations

from dataclasses import dataclass

import peers
import report
from results import OURS, Results

NEAR = (0.0, 20.0)  # the distances that the targets name
IN_FLIGHT_BYTES = 256 << 20  # ARRAYMORPH_IN_FLIGHT_BYTES
CACHE_BYTES = 256 << 20  # ARRAYMORPH_CACHE_BYTES
ALLOWANCE_BYTES = 64 << 20  # libraries, threads, connections


@dataclass(frozen=True)
class Verdict:
    target: str
    measured: str
    met: bool


def judge(results: Results) -> list[Verdict]:
    """One for each target that the session measured."""
    found: list[Verdict] = []
    for delay in NEAR:
        found += _against(results, "whole_read", "raw", delay, peers.LIMIT, 1.25)
        found += _against(results, "whole_read", "raw", delay, "tensorstore", 0.9)
        found += _against(results, "whole_read", "gzip", delay, "tensorstore", 1.0)
        found += _against(results, "whole_read", "gzip", delay, "tensorstore", 1.0, "cpu")
    for label, delay in results.rows("rows"):
        if delay == 20:
            found += _against_best(results, "rows", label, delay, 0.5)
    found += _windows(results)
    for label, delay in results.rows("whole_write"):
        if delay in NEAR:
            found += _against_best(results, "whole_write", label, delay, 0.8)
    for label, delay in results.rows("catalog"):
        if delay in NEAR:
            found += _against(results, "catalog", label, delay, "zarr", 0.3)
    found += _memory(results)
    found += _growth(results)
    for label, delay in results.rows("small_chunks"):
        if delay == 0:
            found += _small_chunks(results, label)
    return found


def table(verdicts: list[Verdict]) -> str:
    rows = [[each.target, each.measured, "yes" if each.met else "**no**"] for each in verdicts]
    return report.table(["target", "measured", "met"], rows)


def _name(question: str, label: str, delay: float) -> str:
    return f"{question.replace('_', ' ')}, {label}, {report.distance(delay)}"


def _against(
    results: Results,
    question: str,
    label: str,
    delay: float,
    other: str,
    most: float,
    field: str = "wall",
) -> list[Verdict]:
    ratio = results.ratio(question, label, delay, OURS, other, field)
    if ratio is None:
        return []
    what = "CPU, " if field == "cpu" else ""
    target = f"{_name(question, label, delay)}: {what}at most {most} x {report.NAMES[other]}"
    return [Verdict(target, f"{ratio:.2f} x", ratio <= most)]


def _against_best(
    results: Results, question: str, label: str, delay: float, most: float
) -> list[Verdict]:
    best = results.best_peer(question, label, delay)
    ratio = results.ratio(question, label, delay, OURS, best) if best else None
    if best is None or ratio is None:
        return []
    target = f"{_name(question, label, delay)}: at most {most} x the best peer"
    return [Verdict(target, f"{ratio:.2f} x {report.NAMES[best]}", ratio <= most)]


def _windows(results: Results) -> list[Verdict]:
    found: list[Verdict] = []
    for label, delay in results.rows("windows"):
        wall = results.median("windows", label, delay, OURS)
        if delay != 20 or wall is None:
            continue
        calls = results.of("windows", label, delay, OURS)[0]["calls"]
        ratio = wall / (calls * delay / 1000)
        target = f"{_name('windows', label, delay)}: at most 1.3 x one round trip for each call"
        found.append(Verdict(target, f"{ratio:.2f} x", ratio <= 1.3))
        found += _against_best(results, "windows", label, delay, 1.0)
    return found


def _memory(results: Results) -> list[Verdict]:
    found = []
    for label, delay in results.rows("memory"):
        peak = results.median("memory", label, delay, OURS, "peak_bytes")
        if peak is not None:
            most = IN_FLIGHT_BYTES + CACHE_BYTES + ALLOWANCE_BYTES
            target = f"memory, {label}: at most the limits of cache and bytes in flight + 64 MiB"
            found.append(Verdict(target, f"{peak / 2**20:.0f} MiB", peak <= most))
    return found


def _growth(results: Results) -> list[Verdict]:
    """Flat: from the second size on (the first pays for the start), CPU time for each chunk at the
    largest at most 1.5 times that of the smallest."""
    found = []
    labels = [label for label, _ in results.rows("growth")]
    for way in ("read", "write"):
        times = [
            results.median("growth", each, 0, OURS, f"{way}_cpu_us_per_chunk") for each in labels
        ]
        known = [time for time in times if time is not None]
        if len(known) >= 2:
            ratio = known[-1] / min(known[:-1])
            target = (
                f"growth, {way}: CPU for each chunk of {labels[-1]} at most 1.5 x the least before"
            )
            found.append(Verdict(target, f"{ratio:.2f} x", ratio <= 1.5))
    return found


def _small_chunks(results: Results, label: str) -> list[Verdict]:
    ratio = results.ratio("small_chunks", label, 0, OURS, peers.LIMIT, "requests_per_second")
    if ratio is None:
        return []
    target = f"chunks of 4 KiB, {label}: requests each second at least 0.6 x {report.NAMES[peers.LIMIT]}'s"
    return [Verdict(target, f"{ratio:.2f} x", ratio >= 0.6)]
