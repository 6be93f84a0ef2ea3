"""Where the compared programs live: virtual environments under build/bench, made on first use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "build" / "bench"
# h5py-s3 is h5py with a libhdf5 that has the ros3 driver; it cannot stand beside h5py.
PACKAGES = {
    "peers": ["numpy", "tensorstore", "zarr", "obstore", "tiledb", "matplotlib"],
    "files": ["numpy", "h5py", "s3fs", "remfile", "pyfive"],
    "ros3": ["numpy", "h5py-s3"],
}
OURS = ("arraymorph", "raw_loop", "hdf5")
FILE_READERS = ("s3fs", "remfile", "pyfive")


def environment_of(peer: str) -> str | None:
    """Name of the environment that `peer` runs in; None: the project's own."""
    if peer in OURS:
        return None
    if peer == "ros3":
        return "ros3"
    return "files" if peer in FILE_READERS else "peers"


def python(peer: str) -> Path:
    name = environment_of(peer)
    return Path(sys.executable) if name is None else PLACE / name / "bin" / "python"


def install(name: str) -> None:
    """Make environment `name` unless it is there; needs PyPI."""
    stamp = PLACE / name / "installed.json"
    if stamp.exists() and json.loads(stamp.read_text()) == PACKAGES[name]:
        return
    print(f"bench: installing {', '.join(PACKAGES[name])} into build/bench/{name}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(PLACE / name)], check=True)
    pip = [str(PLACE / name / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    pip += ["--disable-pip-version-check", "--only-binary", ":all:"]
    subprocess.run([*pip, *PACKAGES[name]], check=True)
    stamp.write_text(json.dumps(PACKAGES[name]))


def versions(peers: list[str]) -> dict[str, str]:
    """Versions of what the environments of `peers` hold, ours first."""
    code = (
        "import importlib.metadata as m, json, sys\n"
        "print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    )
    found: dict[str, str] = {}
    wanted = {python("arraymorph"): ["arraymorph", "h5py", "numpy"]}
    for peer in peers:
        name = environment_of(peer)
        if name is not None:
            wanted[python(peer)] = [each for each in PACKAGES[name] if each != "matplotlib"]
    for where, packages in wanted.items():
        said = subprocess.run([str(where), "-c", code, *packages], capture_output=True, check=True)
        found = {**json.loads(said.stdout), **found}
    return found


def machine() -> dict[str, object]:
    """What was measured on, without names."""
    import os
    import platform

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "memory_gib": round(memory / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }
