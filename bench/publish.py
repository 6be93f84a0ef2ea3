"""The results for readers: JSON and plots beside it, and on request the README's own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environments
import report
import targets
from questions import QUESTIONS
from results import Results
from scale import SCALES
from targets import Verdict

DOCS = environments.ROOT / "docs" / "benchmarks"
README = environments.ROOT / "README.md"


@dataclass(frozen=True)
class Part:
    """What is published together: a page of the documentation, and a section of the README."""

    questions: tuple[str, ...]
    page: str
    title: str
    how: str  # of the page
    plots: bool
    mark: str  # of the README's section
    summary: Callable[[Results], str]

    @property
    def marks(self) -> tuple[str, str]:
        return f"<!-- {self.mark} -->", f"<!-- end of {self.mark} -->"


def write(
    directory: Path, about: dict[str, Any], results: Results, verdicts: list[Verdict]
) -> None:
    """results.json, and plots where matplotlib is installed."""
    directory.mkdir(parents=True, exist_ok=True)
    met = [{"target": v.target, "measured": v.measured, "met": v.met} for v in verdicts]
    stored = {"about": about, "targets": met, "runs": results.runs}
    path = directory / "results.json"
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    python = environments.python("tensorstore")
    if python.exists():
        plots = Path(__file__).resolve().parent / "plots.py"
        subprocess.run([str(python), str(plots), str(path), str(directory)], check=True)


def read(directory: Path) -> dict[str, Any]:
    """results.json of the last run."""
    stored: dict[str, Any] = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    return stored


def publish(about: dict[str, Any], results: Results) -> list[str]:
    """The pages, plots and sections of the README whose questions were all measured; those names
    that have to be measured too before their page can be written."""
    left = []
    for part in PARTS:
        lacking = [name for name in part.questions if name not in results.questions()]
        if not lacking:
            _publish(part, about, results.only(part.questions))
        elif len(lacking) < len(part.questions):
            left += lacking
    return left


def _publish(part: Part, about: dict[str, Any], results: Results) -> None:
    verdicts = targets.judge(results)
    how_much = "" if about["size"] == "full" else f" --{about['size']}"
    if part.plots:
        write(DOCS, about, results, verdicts)
        (DOCS / "results.json").unlink()  # large; the tables say the same
    begin, end = part.marks
    text = [
        f"# {part.title}",
        f"Written by `./just bench{how_much} --publish`. {_about(about)}",
        part.how.format(side=about["side"], memory=_memory(about)),
        f"## What was to be reached\n\n{targets.table(verdicts)}",
        f"## Tables\n\n{report.whole(results)}",
    ]
    section = [f"{begin}\n{_about(about)}", part.summary(results)]
    if part.plots:
        text.append(f"## Plots\n\n{_images('benchmarks/')}")
        section.append(_images("docs/benchmarks/"))
    (DOCS.parent / part.page).write_text("\n\n".join(text) + "\n", encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    before, rest = readme.split(begin)
    after = rest.split(end)[1]
    published = before + "\n\n".join(section) + f"\n{end}" + after
    README.write_text(published, encoding="utf-8")


def _images(folder: str) -> str:
    found = sorted(DOCS.glob("*.png"))
    return "\n".join(f"![{path.stem.replace('_', ' ')}]({folder}{path.name})" for path in found)


def _about(about: dict[str, Any]) -> str:
    machine = about["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return (
        f"Median wall seconds on {machine['cores']} cores ({machine['processor']}), "
        f"{machine['memory_gib']:.0f} GiB, shared with the server (SeaweedFS); "
        f"Python {machine['python']}, {versions}."
    )


def _memory(about: dict[str, Any]) -> str:
    touched = SCALES[about["size"]].touched_bytes / 2**30
    return (
        f"Before each clock the measured program writes to {touched:g} GiB of memory and gives it "
        "back: a virtual\nmachine may have handed to its host what nobody used for a second, and "
        "gets it back slowly."
    )


_ARRAYS = """\
Every program stores the same float32 array ({side} x {side}, chunks of 1 MiB) on the same SeaweedFS
server on the same machine, and takes its turn in every round, in both orders. A measurement is a
process of its own with cold caches. Imports and start-up lie outside the clock, and so does opening
the array, which leaves everybody with one connection (the raw loop sends one request before its
clock). Writes are timed from creating the array to having closed it, small datasets with the
opening. What was read and written is compared after the clock has stopped. Latency is added by a
relay that holds every byte of the server's answers back; connecting through it takes no time, and
its bandwidth is not limited. Ratios are medians of pairs from the same round. Everybody has 64
connections. "Caches on" gives the other programs what they leave to the user: a chunk cache, page
buffer or block cache of 256 MiB; ArrayMorph's is as it comes. gzip has level 4, in HDF5 and TileDB
with shuffle. HDF5 files for ros3 and s3fs have pages of 4 MiB, which
those two read as a whole; they cannot be written in place, so writing is a local file and its
upload. Requests and bytes are those of a whole process, opening (and after a write, reading it
again) included. {memory} *aws-c-s3 alone* is `bench/raw_loop.cc`: the limit. Plain files have
[a page of their own](benchmarks-plain.md)."""

_PLAIN = """\
A plain HDF5 file is one object that everybody reads where it lies, on the same SeaweedFS server
on the same machine, opening inside the clock: an array of {side} x {side} float32 with h5py's
defaults, raw and with gzip and shuffle, and a file of many datasets in chunks of 8 KiB that grew
side by side, so that their metadata lies all over it. Everybody takes turns, each measurement in
a process of its own with cold caches; imports lie outside the clock, and what was read is
compared after it. Latency is added by a relay that holds every byte of the server's answers back.
s3fs and pyfive send one request for the whole file (cache "all", the fastest of the settings
tried). Where nothing limits the bandwidth of a connection, that costs no more than the server's own
work, and the two cores that all share set the pace; in the rows with 90 MB/s the relay gives each
connection so much, as S3 does by Amazon's "Performance design patterns", and any number of
connections. remfile reads a presigned URL, with its defaults.
Ratios are medians of pairs from the same round. Requests and bytes are those of a whole process.
*aws-c-s3 alone* is `bench/raw_loop.cc`, the limit: it gets the bytes of the file in parts of 4 MiB,
all at once, without having to ask how many there are, without opening the file or decoding a chunk.
Where that alone takes longer than a target allows, nobody could reach it here.
Import and export move a file of chunks with gzip into chunk objects and back; there the limit moves
as many objects of the same size from memory, or into a file.
{memory}
`./just bench --only plain_open_read plain_windows listing transfer --publish` writes this page
alone."""

_ABOUT_PLAIN = (*report.PLAIN, "transfer")

PARTS = (
    Part(
        tuple(name for name in QUESTIONS if name not in _ABOUT_PLAIN),
        "benchmarks.md",
        "Benchmarks",
        _ARRAYS,
        plots=True,
        mark="bench",
        summary=report.summary,
    ),
    Part(
        _ABOUT_PLAIN,
        "benchmarks-plain.md",
        "Benchmarks of plain files",
        _PLAIN,
        plots=False,
        mark="bench of plain files",
        summary=report.plain_summary,
    ),
)
