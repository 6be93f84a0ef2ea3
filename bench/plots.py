"""Draw the plots: plots.py RESULTS.json DIRECTORY. Needs matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib
import peers
from report import NAMES, distance
from results import OURS, Results

matplotlib.use("agg")
from matplotlib import pyplot

COLOURS = {
    peers.LIMIT: "#888888",
    OURS: "#d62728",
    "tensorstore": "#1f77b4",
    "zarr": "#2ca02c",
    "tiledb": "#9467bd",
    "ros3": "#ff7f0e",
    "s3fs": "#8c564b",
}


def line(axes: Any, peer: str, xs: list[float], ys: list[float | None]) -> None:
    points = [(x, y) for x, y in zip(xs, ys, strict=True) if y is not None]
    if points:
        style = "--" if peer == peers.LIMIT else "-"
        width = 2.5 if peer == OURS else 1.3
        axes.plot(*zip(*points, strict=True), style, marker="o", markersize=4, linewidth=width,
                  color=COLOURS[peer], label=NAMES[peer])  # fmt: skip


def save(figure: Any, panels: Any, path: Path) -> None:
    """With one legend below all panels."""
    known: dict[str, Any] = {}
    for axes in panels:
        axes.grid(alpha=0.3, which="both")
        shown, names = axes.get_legend_handles_labels()
        known.update(zip(names, shown, strict=True))
    figure.tight_layout(rect=(0, 0.1, 1, 1))
    figure.legend(known.values(), known, loc="lower center", ncols=len(known), fontsize=8)
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def throughput(results: Results, question: str, xlabel: str, path: Path) -> None:
    """MB/s against the number that each label begins with, one panel for each distance."""
    delays = sorted({row.delay for row in results.rows(question)})
    if not delays:
        return
    figure, panels = pyplot.subplots(
        1, len(delays), figsize=(4.2 * len(delays), 3.6), squeeze=False
    )
    for axes, delay in zip(panels[0], delays, strict=True):
        rows = [row for row in results.rows(question) if row.delay == delay]
        for peer in results.peers_of(question):
            times = [results.per_gib(row, peer, "wall") for row in rows]
            rates = [None if time is None else 2**30 / time / 1e6 for time in times]
            line(axes, peer, [float(row.label.split()[0]) for row in rows], rates)
        axes.set_xscale("log", base=2)
        axes.set_title(distance(delay))
        axes.set_xlabel(xlabel)
        axes.set_ylabel("MB/s")
        axes.set_ylim(bottom=0)
    save(figure, panels[0], path)


def latency(results: Results, path: Path) -> None:
    """Seconds against distance, one panel for each kind of read."""
    wanted = [
        (question, label)
        for question in ("whole_read", "rows", "windows")
        for label in dict.fromkeys(row.label for row in results.rows(question))
        if not label.endswith("caches on")
    ]
    if not wanted:
        return
    figure, panels = pyplot.subplots(
        1, len(wanted), figsize=(3.4 * len(wanted), 3.4), squeeze=False
    )
    for axes, (question, label) in zip(panels[0], wanted, strict=True):
        rows = [row for row in results.rows(question) if row.label == label]
        for peer in results.peers_of(question):
            times = [results.median(row, peer) for row in rows]
            line(axes, peer, [row.delay for row in rows], times)
        axes.set_title(f"{question.replace('_', ' ')}, {label}", fontsize=10)
        axes.set_xlabel("added latency, ms")
        axes.set_ylabel("seconds")
        axes.set_yscale("log")
        for ticks in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            ticks(lambda value, _: f"{value:g}")
    save(figure, panels[0], path)


def cpu(results: Results, path: Path) -> None:
    """CPU seconds of the client for each GiB, without added latency."""
    wanted = [
        row
        for question in ("whole_read", "whole_write")
        for row in results.rows(question)
        if row.delay == 0
    ]
    if not wanted:
        return
    figure, panels = pyplot.subplots(
        1, len(wanted), figsize=(3.2 * len(wanted), 3.2), squeeze=False
    )
    for axes, row in zip(panels[0], wanted, strict=True):
        costs = {p: results.per_gib(row, p, "cpu") for p in results.peers_of(row.question)}
        bars = {peer: cost for peer, cost in costs.items() if cost is not None}
        axes.barh([NAMES[p] for p in bars], bars.values(), color=[COLOURS[p] for p in bars])
        axes.invert_yaxis()
        axes.set_title(f"{row.question.replace('_', ' ')}, {row.label}", fontsize=10)
        axes.set_xlabel("CPU seconds / GiB")
        axes.tick_params(labelsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def main() -> None:
    results = Results(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["runs"])
    directory = Path(sys.argv[2])
    throughput(results, "chunk_size", "KiB each chunk", directory / "chunk_size.png")
    throughput(results, "chunk_number", "chunks read", directory / "chunk_number.png")
    latency(results, directory / "latency.png")
    cpu(results, directory / "cpu.png")


if __name__ == "__main__":
    main()
