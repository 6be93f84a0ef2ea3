"""The demo's command line: copy, then compare in a new process, then one verdict."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import arraymorph


def main() -> int:
    """Exit status 0 when nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m arraymorph.demo", description=__doc__)
    parser.add_argument("file", type=Path, help="an HDF5 file on this disk (.h5, .h5ad, ...)")
    parser.add_argument(
        "--store",
        choices=("local", "s3"),
        default="local",
        help="local: a directory, no server needed (default); s3: the bucket that BUCKET_NAME, "
        "AWS_ENDPOINT_URL_S3 and the AWS_ variables name",
    )
    parser.add_argument(
        "--root", type=Path, help="directory of the local store; default: temporary"
    )
    parser.add_argument("--compare-only", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compare_only:
        return compare(options.file, options.compare_only)
    if not options.file.is_file():
        parser.error(f"{options.file} is not a file")
    if options.store == "s3":
        if not os.environ.get("BUCKET_NAME"):
            parser.error("--store s3 needs BUCKET_NAME in the environment")
        os.environ["STORAGE_PLATFORM"] = "S3"
        return demonstrate(options.file, f"s3://{os.environ['BUCKET_NAME']}")
    with tempfile.TemporaryDirectory() as temporary:
        root = options.root or Path(temporary)
        arraymorph.configure_local(root)
        return demonstrate(options.file, f"directory {root}")


def demonstrate(path: Path, place: str) -> int:
    """Copy `path` into the store, then compare it there from a process that knows nothing yet."""
    name = f"arraymorph-demo/{path.name}"
    size = path.stat().st_size
    print(f"ArrayMorph {arraymorph.__version__}: {path.name} ({size:,} bytes) -> {place}/{name}")
    try:
        copy(path, name)
    except Exception as error:  # the verdict line must come whatever happens
        print(f"copy failed: {type(error).__name__}: {error}")
        print("VERDICT: FAILED")
        return 1
    sys.stdout.flush()
    command = [sys.executable, "-m", "arraymorph.demo", str(path), "--compare-only", name]
    return subprocess.run(command, check=False).returncode


def copy(path: Path, name: str) -> None:
    """Write every object of the local file `path` into the stored file `name`."""
    source, stored = _open(path, name, "w")
    from .copy import Copier

    started = time.perf_counter()
    with source, stored:
        objects = Copier(source, stored).run()
    print(f"\nwrite: {objects} objects {_spent(started)}")


def compare(path: Path, name: str) -> int:
    """Print the stored file as a tree, compare it with `path`, print the verdict."""
    source, stored = _open(path, name, "r")
    from ..copy.compare import differences

    with source, stored:
        print(f"open:  {_spent()}")
        print(f"\n{name}")
        objects = _tree(stored, "")
        arraymorph.stats_reset()
        started = time.perf_counter()
        found = list(differences(source, stored, ignore=_chosen_anew))
        print(f"\nread:  everything {_spent(started)}")
    _partial_read(name)
    for line in found:
        print(f"  DIFFERENT {line}")
    if found:
        print(f"VERDICT: FAILED, {len(found)} differences")
        return 1
    print(f"VERDICT: OK, {objects} objects read back from the store equal the original")
    return 0


def _chosen_anew(path: str, what: str) -> bool:
    """What a plain h5py program that writes the same values does not take over."""
    taken = (
        "chunks",
        "filters",
        "alloc_time",
        "layout",
        "fill_time",
        "fill_value_defined",
        "external_count",
    )
    return what in ("stored chunks", "encoding") or (path == "the file" or what not in taken)


def _open(path: Path, name: str, mode: str) -> tuple[Any, Any]:
    arraymorph.enable()
    import h5py

    # The original must be read by HDF5 alone, so it comes in as a Python file object.
    source = h5py.File(path.open("rb"), "r")
    arraymorph.stats_reset()
    return source, h5py.File(name, mode)


def _tree(group: Any, indent: str) -> int:
    import h5py

    count = 1
    for name in group:
        item = group.get(name)
        if isinstance(item, h5py.Group):
            print(f"{indent}  {name}/")
            count += _tree(item, indent + "  ")
        elif isinstance(item, h5py.Dataset):
            kind = str(item.dtype) if item.dtype.names is None else f"{len(item.dtype)} fields"
            layout = f" chunks {item.chunks} {item.compression or 'plain'}" if item.chunks else ""
            print(f"{indent}  {name}  {item.shape} {kind}{layout}")
            count += 1
        else:
            print(f"{indent}  {name}  {type(item).__name__}")
            count += item is not None
    return count


def _partial_read(name: str) -> None:
    """Show that a few rows of the largest dataset cost only the chunks that hold them."""
    import h5py

    with h5py.File(name) as f:
        found: list[Any] = []
        f.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
        ranked = [item for item in found if item.shape and item.chunks]
        if not ranked:
            return
        largest = max(ranked, key=lambda item: item.nbytes)
        arraymorph.stats_reset()
        started = time.perf_counter()
        rows = largest[: largest.chunks[0]]
        print(
            f"read:  first {len(rows)} of {len(largest)} rows of {largest.name} {_spent(started)}\n"
        )


def _spent(started: float | None = None) -> str:
    count = arraymorph.stats()
    parts = [] if started is None else [f"{time.perf_counter() - started:.2f} s"]
    for verb in ("get", "put", "head", "list"):
        requests = count.get(f"{verb}_requests", 0)
        if requests:
            parts.append(f"{requests} {verb.upper()}")
    for direction in ("read", "written"):
        size = count.get(f"bytes_{direction}", 0)
        if size:
            parts.append(f"{size:,} bytes {direction}")
    return ", ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
