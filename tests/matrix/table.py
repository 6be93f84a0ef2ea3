"""The table in README.md."""

from __future__ import annotations

from pathlib import Path

from steps import Result

BEGIN = "<!-- matrix -->\n"
END = "<!-- end of matrix -->"
NAMES = {"debian-trixie": "Debian 13: h5dump, h5ls, h5repack, h5diff, a C program"}


def render(results: list[Result], wheel: Path) -> str:
    """Markdown; one line a row."""
    pythons = sorted({result.python for result in results if result.python})
    lines = [
        f"One wheel (`{wheel.name}`, {wheel.stat().st_size / 1e6:.1f} MB), Python "
        f"{', '.join(pythons)}; written by `./just test-matrix`.",
        "",
        "| program | its HDF5 | install | h5py's own tests passed, ArrayMorph / native "
        "| round trip on SeaweedFS |",
        "|---|---|---|---|---|",
    ]
    results = sorted(results, key=lambda result: result.name in NAMES)  # Python packages first
    return "\n".join([*lines, *map(line, results)]) + "\n"


def line(result: Result) -> str:
    if result.skipped:
        return f"| {title(result)} | | not run: {result.skipped} | | |"
    suite = "" if result.ours is None else f"{result.ours} / {result.native}"
    state = "**failed**" if result.problems else result.round_trip
    cells = [title(result), result.hdf5, "ok" if result.installed else "**failed**", suite, state]
    return f"| {' | '.join(cells)} |"


def title(result: Result) -> str:
    package, _, version = result.name.rpartition("-")
    name = {"tables": "PyTables"}.get(package, package)
    return NAMES.get(result.name, f"{name} {version}")


def write_into(readme: Path, table: str) -> None:
    """Replace what stands between the markers."""
    text = readme.read_text()
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{readme} has no {BEGIN.strip()} ... {END}")
    readme.write_text(before + BEGIN + table + end + after)
