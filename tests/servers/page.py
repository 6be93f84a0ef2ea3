"""The tables in README.md and docs/servers.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cells import ROWS
from servers import SERVERS

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- servers -->\n", "<!-- end of servers -->"
MARKS = {"yes": "yes", "no": "no", "not tried": "-", "failed": "**failed**"}
Report = dict[str, Any]
Cells = dict[str, dict[str, Any]]


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def present(report: Report) -> list[dict[str, Any]]:
    return [each for each in in_order(report) if "absent" not in each]


def in_order(report: Report) -> list[dict[str, Any]]:
    return [report[each.name] for each in SERVERS if each.name in report]


def cells_of(entry: dict[str, Any]) -> Cells:
    """By title."""
    found = entry["steps"].get("cells", {}).get("figures", {}).get("cells", [])
    return {each["title"]: each for each in found}


def heading(entry: dict[str, Any]) -> str:
    return f"{entry['title']} {entry['version'].split(' ')[0]}"


def together(cells: list[dict[str, Any]]) -> str:
    """One word for the cells of a row."""
    answers = [each["answer"] for each in cells if each["answer"] != "not tried"]
    if not answers:
        return "-"
    if len(set(answers)) == 1:
        return MARKS.get(str(answers[0]), str(answers[0]))
    if "failed" in answers:
        return MARKS["failed"]
    return f"{answers.count('yes')} of {len(answers)}"


def short(report: Report) -> str:
    """For the README: a row for each kind of request."""
    entries = present(report)
    rows = []
    for row in ROWS:
        line = [row]
        for entry in entries:
            line.append(together([c for c in cells_of(entry).values() if c["row"] == row]))
        rows.append(line)
    rows.append(["**all that HDF5 needs**", *(_needed(cells_of(entry)) for entry in entries)])
    rows += [[f"**{title}**", *(_counts(e, step) for e in entries)] for title, step in _SUITES]
    return table(["", *map(heading, entries)], rows)


_SUITES = (
    ("store contract (C++)", "conformance"),
    ("Python tests", "python"),
    ("h5py's own suite", "h5py"),
)


def _needed(cells: Cells) -> str:
    needed = [each for each in cells.values() if each["needed"]]
    if not needed:
        return "-"
    good = sum(each["answer"] == "yes" for each in needed)
    return "yes" if good == len(needed) else f"{good} of {len(needed)}"


def _counts(entry: dict[str, Any], step: str) -> str:
    ran = entry["steps"].get(step)
    if ran is None:
        return "-"
    text = f"{ran['passed']} passed"
    if ran["known"]:
        text += f", {ran['known']} known failures"
    failed = len(ran["problems"])
    return text + (f", **{failed} failed**" if failed else "")


def long(report: Report) -> str:
    """Every cell, and below them what is behind each that is not a yes."""
    entries = present(report)
    every: Cells = {}
    for entry in entries:
        every |= {title: each for title, each in cells_of(entry).items() if title not in every}
    rows, notes = [], []
    for row in ROWS:
        for title, cell in every.items():
            if cell["row"] != row:
                continue
            answers = [cells_of(entry).get(title, {}).get("answer", "") for entry in entries]
            needed = "needed" if cell["needed"] else ""
            rows.append([row, title, needed, *(MARKS.get(each, each) for each in answers)])
            notes += [_note(entry, row, title) for entry in entries]
    head = ["", "", "by HDF5", *(entry["title"] for entry in entries)]
    text = table(head, rows) + "\n## What is behind the answers\n\n"
    return text + "\n".join(note for note in notes if note) + "\n"


def _note(entry: dict[str, Any], row: str, title: str) -> str:
    cell = cells_of(entry).get(title, {})
    if not cell.get("note") or cell["answer"] == "yes":
        return ""
    words = cell["note"].replace("\n", " ").replace("|", "\\|").replace("<", "&lt;")
    return f"- **{entry['title']}**, {row}: {title}: *{cell['answer']}*. {words}"


def suites(report: Report) -> str:
    rows = []
    for entry in present(report):
        for title, step in _SUITES:
            ran = entry["steps"].get(step)
            if ran is None:
                continue
            counts = [ran["passed"], len(ran["problems"]), ran["known"], ran["skipped"]]
            seconds = f"{ran['seconds']:.0f} s"
            rows.append([entry["title"], title, *map(str, counts), seconds])
    return table(["", "", "passed", "failed", "failed as known", "skipped", "took"], rows)


def speed(report: Report) -> str:
    rows = []
    for entry in present(report):
        rates = entry["steps"].get("speed", {}).get("figures", {})
        rates = {name: rate for name, rate in rates.items() if name.startswith(("write", "read"))}
        if rates:
            rows.append([entry["title"], *(f"{rate / 1e6:.0f}" for rate in rates.values())])
            names = list(rates)
    return table(["MB/s", *names], rows) if rows else "Not run.\n"


def dates(report: Report) -> str:
    parts = [f"{e['title']} {e['version']} ({e['date']})" for e in present(report)]
    gone = [f"{e['title']}: {e['absent']}" for e in in_order(report) if "absent" in e]
    text = "; ".join(parts) + "."
    return text + (" Absent: " + "; ".join(gone) + "." if gone else "")


def summary(report: Report) -> str:
    return short(report) + f"\n{dates(report)}"


def publish(report: Report) -> None:
    readme = (ROOT / "README.md").read_text()
    before, _, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"README.md has no {BEGIN.strip()} ... {END}")
    (ROOT / "README.md").write_text(before + BEGIN + short(report) + END + after)
    (ROOT / "docs" / "servers.md").write_text(_page(report))


def _page(report: Report) -> str:
    return f"""# Servers

Written by `./just test-servers --publish`: the same tests on each S3 server, all on one machine.
{dates(report)}

`./just servers --install` installs them, `./just test-servers --large` repeats this. *needed*: a
server that cannot do it cannot hold HDF5 files; a "no" in the other rows is something that
ArrayMorph copes with or does not use. "-": not tried. Every answer is a test that fails when the
server answers otherwise one day.

{long(report)}
## Test suites

The contract of a store and the requests to a real server (C++), the Python tests on S3, and the
test suite of h5py 3.16.0. "Failed as known": tests of something that the server cannot do, listed
with reasons in [tests/servers/known.py](../tests/servers/known.py). moto is an imitation for
tests; the suites do not run on it.

{suites(report)}
## Speed

`arraymorph bench --size 32` with the server on the same two cores, once: it shows that nothing is
grossly slow, and does not compare the servers.

{speed(report)}"""
