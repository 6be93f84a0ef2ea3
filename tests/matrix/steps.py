"""What is done in each row, and what came of it."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environment import PLACE, ROOT, Debian, RowError, connector, install, run
from rows import Row

HERE = Path(__file__).resolve().parent
LOCAL_MODES = ROOT / "tests" / "support" / "local_modes.py"
SUITE = ROOT / "tests" / "h5py_suite"
OLD = "ArrayMorph needs HDF5 1.14 or later"  # what the plugin tells an older library's user


@dataclass
class Result:
    name: str
    python: str = ""
    hdf5: str = ""
    installed: bool = False
    native: int | None = None  # passed tests of h5py's suite without ArrayMorph
    ours: int | None = None  # and with it, on a local store
    listed: list[str] = field(default_factory=list)  # failed only with it, for a listed reason
    round_trip: str = ""
    skipped: str = ""  # why the whole row was not run
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def summary(self) -> str:
        if self.skipped:
            return f"{self.name}: skipped: {self.skipped}"
        suite = "" if self.ours is None else f", h5py suite {self.ours} (native {self.native})"
        state = "FAILED" if self.problems else self.round_trip
        return f"{self.name}: HDF5 {self.hdf5 or '?'}{suite}, {state}"


def run_row(row: Row, wheel: Path, server: dict[str, str], result: Result) -> None:
    """Fill `result`; RowError where a step fails."""
    with tempfile.TemporaryDirectory(prefix=f"{row.name}-", dir=PLACE) as directory:
        if row.package == "debian":
            programs(wheel, server, result)
            return
        python = install(row, wheel)
        result.installed = True
        result.python = run([str(python), "-V"]).stdout.split()[1]
        local_work(row, python, Path(directory), result)
        if not row.served:
            natively(row, python, Path(directory), result)
            return
        trip(row, python, server, Path(directory), result)
        if row.package == "h5py":
            suite(python, Path(directory), result)


def local_work(row: Row, python: Path, directory: Path, result: Result) -> None:
    """Opening local files is as without ArrayMorph: found only, chosen, switched on and off."""
    good = directory / "good.h5"
    make = "import h5py, sys; h5py.File(sys.argv[1], 'w', track_order=True)['x'] = range(100)"
    run([str(python), "-c", make, str(good)])
    step = [str(python), str(LOCAL_MODES), row.package, str(good)]
    chosen = connector(python)
    ways: dict[str, tuple[dict[str, str], list[str]]] = {
        "found": ({"HDF5_PLUGIN_PATH": chosen["HDF5_PLUGIN_PATH"]}, []),
        "chosen": (chosen, []),
        "on and off": ({}, ["enable", "import", "disable"]),
        "imported, on and off": ({}, ["import", "enable", "disable"]),
    }
    native = json.loads(run(step).stdout)
    for way, (environment, words) in ways.items():
        found = json.loads(run([*step, *words], environment).stdout)
        result.problems += [
            f"local files, {way}: {what}: {found[what]}, natively {said}"
            for what, said in native.items()
            if found[what] != said
        ]


def trip(row: Row, python: Path, server: dict[str, str], directory: Path, result: Result) -> None:
    """Each step in a process of its own, on S3; in the end h5py reads the file."""
    name = f"{row.name}.h5"
    url = f"s3://{server['BUCKET_NAME']}/matrix/{name}"
    environment = {**server, **connector(python)}
    if row.package == "h5py":
        name = url
    else:
        run([str(python), "-m", "arraymorph", "pointer", url, name], cwd=directory)
    step = [str(python), str(HERE / "round_trip.py")]
    for what in ("write", "change", "check"):
        said = run([*step, row.package, what, name], environment, directory)
        result.hdf5 = said.stdout.strip()
        if said.stderr:
            result.problems.append(f"{what} said: {said.stderr}")
    if row.package != "h5py":
        run([*step, "h5py", "check", url], environment, directory)
    result.round_trip = "ok"


def natively(row: Row, python: Path, directory: Path, result: Result) -> None:
    """An older HDF5 with ArrayMorph switched on: local files as ever, and one line on stderr."""
    step = [str(python), str(HERE / "round_trip.py"), row.package]
    for what in ("write", "change", "check"):
        said = run([*step, what, "local.h5"], connector(python), directory)
        result.hdf5 = said.stdout.strip()
        if len(said.stderr.splitlines()) != 1 or OLD not in said.stderr:
            result.problems.append(f"{what}: not the one line expected:\n{said.stderr}")
    if not (directory / "local.h5").is_file():
        result.problems.append("local.h5 is not a local file")
    result.round_trip = "local files only, says so"


def suite(python: Path, directory: Path, result: Result) -> None:
    """h5py's own tests, natively and on a local store: only listed ones may differ."""
    found: dict[str, dict[str, Any]] = {}
    for store in ("native", "local"):
        outcomes = directory / f"{store}.json"
        command = [str(python), str(SUITE / "run.py"), store, "--outcomes", str(outcomes)]
        run(command, cwd=directory)
        found[store] = json.loads(outcomes.read_text())
    native, ours = found["native"], found["local"]
    result.native, result.ours = len(native["passed"]), len(ours["passed"])
    listed = listed_tests()
    for test in sorted(set(native["passed"]) - set(ours["passed"])):
        if test in listed:
            result.listed.append(test)
        else:
            said = ours["failed"].get(test, "not run")
            result.problems.append(f"passes natively only: {test}: {said}")


def listed_tests() -> set[str]:
    """Tests that look at the file on disk from outside HDF5, in some version of h5py."""
    lines = [
        line.partition(" | ")[0].removeprefix("local: ").strip()
        for path in (SUITE / "expected_failures.txt", HERE / "expected_failures.txt")
        for line in path.read_text().splitlines()
        if line.strip() and not line.startswith(("#", "native: ", "seaweed: "))
    ]
    return set(lines)


def programs(wheel: Path, server: dict[str, str], result: Result) -> None:
    """h5dump, h5ls, h5repack, h5diff and a C program of a Debian release, on S3."""
    result.skipped = Debian.reason_to_skip() or ""
    if result.skipped:
        return
    debian = Debian(wheel)
    result.installed = True
    program = debian.compile(HERE / "write_file.c")
    name, copy = "matrix/c.h5", "matrix/c-copy.h5"
    debian.run([program, name], server)
    expect(debian.run(["h5ls", "-r", name], server), "/g/v                     Dataset {300, 200}")
    part = ["h5dump", "-d", "/g/v", "-s", "3,4", "-c", "1,3", name]
    expect(debian.run(part, server), "(3,4): 604, 605, 606")
    debian.run(["h5repack", "-f", "GZIP=9", name, copy], server)
    debian.run(["h5diff", name, copy], server)
    result.hdf5 = debian.run(["h5dump", "-V"], server).rpartition(" ")[2].strip()
    shutil.rmtree(debian.root / "arraymorph")
    result.round_trip = "ok"


def expect(said: str, wanted: str) -> None:
    if wanted not in said:
        raise RowError(f"expected {wanted!r} in:\n{said}")
