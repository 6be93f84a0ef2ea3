"""The results as Markdown tables."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import peers
from results import OURS, Results, Row

NAMES = {peers.LIMIT: "aws-c-s3 alone", **peers.ALL, "hdf5": "HDF5 in memory"}


PLAIN = ("plain_open_read", "plain_windows", "listing")


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def distance(delay: float) -> str:
    return f"+{delay:g} ms"


def number(value: float | None, digits: int = 3) -> str:
    if value is None:
        return ""
    if value >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}".rstrip(".")


def seconds(results: Results, question: str) -> str:
    """Median wall seconds, programs side by side, and ours over the fastest of the others."""
    programs = results.peers_of(question)
    rows = []
    for row in results.rows(question):
        rows.append([row.label, distance(row.delay), *_seconds(results, row, programs)])
    header = ["", "latency", *(NAMES[peer] for peer in programs), "ours / best peer"]
    return table(header, rows)


def _seconds(results: Results, row: Row, programs: list[str]) -> list[str]:
    best = results.best_peer(row)
    ratio = results.ratio(row, OURS, best) if best else None
    return [*(number(results.median(row, peer)) for peer in programs), number(ratio, 2)]


def cpu(results: Results, question: str) -> str:
    """Median CPU seconds of the client for each GiB of values."""
    return _plain(results, question, lambda row, peer: number(results.per_gib(row, peer, "cpu")))


def traffic(results: Results, question: str) -> str:
    """HTTP requests and MB moved by a whole process, opening included."""

    def cell(row: Row, peer: str) -> str:
        seen = results.traffic(row, peer)
        if seen is None:
            return ""
        moved = seen["bytes_to_server"] + seen["bytes_from_server"]
        return f"{sum(seen['requests'].values())}, {number(moved / 1e6)} MB"

    return _plain(results, question, cell, lambda delay: delay > 0)


def memory(results: Results) -> str:
    def cell(row: Row, peer: str) -> str:
        peak = results.median(row, peer, "peak_bytes")
        return "" if peak is None else f"{peak / 2**20:.0f} MiB"

    return _plain(results, "memory", cell)


def growth(results: Results) -> str:
    fields = {
        "read": "read_us_per_chunk",
        "read, CPU": "read_cpu_us_per_chunk",
        "write": "write_us_per_chunk",
        "write, CPU": "write_cpu_us_per_chunk",
    }
    rows = [
        [row.label, *(number(results.median(row, OURS, field)) for field in fields.values())]
        for row in results.rows("growth")
    ]
    return table(["microseconds for each chunk", *fields], rows)


def _plain(
    results: Results,
    question: str,
    cell: Callable[[Row, str], str],
    wanted: Callable[[float], bool] = lambda delay: True,
) -> str:
    programs = results.peers_of(question)
    rows = [
        [row.label, distance(row.delay), *(cell(row, peer) for peer in programs)]
        for row in results.rows(question)
        if wanted(row.delay)
    ]
    return table(["", "latency", *(NAMES[peer] for peer in programs)], rows)


def whole(results: Results) -> str:
    """Everything, one section for each question."""
    parts = []
    asked = results.questions()
    for question in asked:
        title = importlib.import_module(f"questions.{question}").TITLE
        if question == "memory":
            parts.append(f"### {title}\n\n{memory(results)}")
        elif question == "growth":
            parts.append(f"### {title}\n\n{growth(results)}")
        else:
            parts.append(f"### {title}: seconds\n\n{seconds(results, question)}")
    for question, title in (("whole_read", "Whole read"), ("whole_write", "Whole write")):
        if question in asked:
            parts.append(f"### {title}: CPU seconds for each GiB\n\n{cpu(results, question)}")
    for question in ("whole_read", "rows", "windows", "whole_write", "catalog", *PLAIN):
        if question in asked and any(row.delay > 0 for row in results.rows(question)):
            title = importlib.import_module(f"questions.{question}").TITLE
            parts.append(f"### {title}: requests and bytes\n\n{traffic(results, question)}")
    return "\n\n".join(parts)


SUMMARY = (
    ("whole_read", "whole read"),
    ("rows", "64 rows,"),
    ("windows", "100 windows of 64 x 64,"),
    ("whole_write", "write"),
    ("catalog", "open and read"),
)
PLAIN_SUMMARY = (
    ("plain_open_read", "all read,"),
    ("plain_windows", "100 windows,"),
    ("listing", "listed,"),
)


def summary(results: Results) -> str:
    """The few lines that the README shows."""
    return _summary(results, SUMMARY, [peers.LIMIT, *peers.PEERS])


def plain_summary(results: Results) -> str:
    """The same of plain files, with numbers of requests, and what moving one takes."""
    read = _summary(results, PLAIN_SUMMARY, list(peers.PLAIN), requests=True)
    ratios = {
        row.label: number(results.ratio(row, OURS, peers.LIMIT), 3)
        for row in results.rows("transfer")
        if row.delay == 0
    }
    if len(ratios) < 2:
        return read
    moved = (
        f"Import of a plain file in chunks with gzip takes {ratios['import']} times the upload of "
        f"as many bytes with aws-c-s3 alone, export {ratios['export']} times the download."
    )
    return f"{read}\n\n{moved}"


def _summary(
    results: Results,
    questions: tuple[tuple[str, str], ...],
    programs: list[str],
    requests: bool = False,
) -> str:
    rows = []
    for question, name in questions:
        for row in results.rows(question):
            if row.delay > 20 or (requests and row.delay == 0):
                continue
            cells = _seconds(results, row, programs)
            if requests:
                numbers = [_requests(results, row, peer) for peer in programs]
                cells[:-1] = [a + b for a, b in zip(cells[:-1], numbers, strict=True)]
            rows.append([f"{name} {row.label}, {distance(row.delay)}", *cells])
    return table(["", *(NAMES[peer] for peer in programs), "ours / best peer"], rows)


def _requests(results: Results, row: Row, peer: str) -> str:
    """In brackets, of the last run."""
    seen = results.traffic(row, peer)
    return "" if seen is None else f" ({sum(seen['requests'].values())})"
