"""The results for readers: JSON and plots beside it, and on request the README's own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import environments
import report
import targets
from results import Results
from targets import Verdict

DOCS = environments.ROOT / "docs" / "benchmarks"
README = environments.ROOT / "README.md"
BEGIN, END = "<!-- bench -->", "<!-- end of bench -->"


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


def publish(about: dict[str, Any], results: Results, verdicts: list[Verdict]) -> None:
    """docs/benchmarks.md with every table, docs/benchmarks/*.png, and the README's section."""
    write(DOCS, about, results, verdicts)
    (DOCS / "results.json").unlink()  # large; the tables say the same
    what, how = _about(about), _HOW.format(side=about["side"])
    text = (
        f"# Benchmarks\n\nWritten by `./just bench --publish`. {what}\n\n{how}\n\n"
        f"## What was to be reached\n\n{targets.table(verdicts)}\n\n"
        f"## Tables\n\n{report.whole(results)}\n\n## Plots\n\n{_images('benchmarks/')}\n"
    )
    (DOCS.parent / "benchmarks.md").write_text(text, encoding="utf-8")
    table = report.summary(results)
    section = f"{BEGIN}\n{what}\n\n{table}\n\n{_images('docs/benchmarks/')}\n{END}"
    readme = README.read_text(encoding="utf-8")
    before, rest = readme.split(BEGIN)
    README.write_text(before + section + rest.split(END)[1], encoding="utf-8")


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


_HOW = """\
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
again) included. A plain file is one object that everybody reads where it lies, opening inside the
clock: the same array with h5py's defaults, and a file of many datasets in chunks of 8 KiB that grew
side by side, so that their metadata lies all over it. s3fs and pyfive keep all of the file (cache
"all"), the fastest of the settings tried on windows of the raw file; remfile reads a presigned URL,
with its defaults.
*aws-c-s3 alone* is `bench/raw_loop.cc`: the limit."""
