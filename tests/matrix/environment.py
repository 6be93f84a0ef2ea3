"""Where a row runs: a virtual environment, or a Debian release in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from rows import Row

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "matrix"
SETTINGS = ("HDF5_", "STORAGE_PLATFORM", "BUCKET_NAME", "AWS_", "ARRAYMORPH_", "PYTHON", "VIRTUAL_")


class RowError(Exception):
    """A step of a row failed; the text says which and how."""


def run(
    command: list[str], environment: dict[str, str] | None = None, cwd: Path = PLACE
) -> subprocess.CompletedProcess[str]:
    """Run it in a clean environment with `environment` added; RowError when it fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    result = subprocess.run(
        command,
        env={**clean, **(environment or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    if result.returncode != 0:
        said = "\n".join((result.stdout + result.stderr).strip().splitlines()[-15:])
        raise RowError(f"{' '.join(command)}: exit status {result.returncode}\n{said}")
    return result


def install(row: Row, wheel: Path) -> Path:
    """A virtual environment with the row's packages and the wheel; returns its Python."""
    python = PLACE / row.name / "bin" / "python"
    if not python.exists():
        run([sys.executable, "-m", "venv", "--clear", str(PLACE / row.name)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--only-binary", ":all:"]
    if row.dependencies:
        run([*pip, *row.requirements, str(wheel)])
    else:
        run([*pip, *row.requirements])
    run([*pip, "--no-deps", "--force-reinstall", str(wheel)])  # also when it has the same version
    return python


def connector(python: Path) -> dict[str, str]:
    """What switches ArrayMorph on for unchanged programs of this virtual environment."""
    # Not by the command line, whose packages rows without dependencies do not have.
    code = "import arraymorph; print(arraymorph.get_plugin_path())"
    said = run([str(python), "-c", code]).stdout.strip()
    return {"HDF5_PLUGIN_PATH": said, "HDF5_VOL_CONNECTOR": "arraymorph"}


class Debian:
    """A Debian release in a folder with its HDF5 programs, made by debootstrap."""

    RELEASE = "trixie"
    PACKAGES = "hdf5-tools,libhdf5-dev,libssl3t64,libdeflate0,libstdc++6,zlib1g"

    def __init__(self, wheel: Path) -> None:
        self.root = PLACE / f"debian-{self.RELEASE}"
        if not (self.root / "usr" / "bin" / "h5dump").exists():
            shutil.rmtree(self.root, ignore_errors=True)
            mirror = run([str(ROOT / "cmake" / "debian-mirror")]).stdout.strip()
            command = ["debootstrap", "--variant=minbase", f"--include={self.PACKAGES}"]
            run([*command, self.RELEASE, str(self.root), mirror])
        shutil.rmtree(self.root / "arraymorph", ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.root / "arraymorph")

    @staticmethod
    def reason_to_skip() -> str | None:
        if os.geteuid() != 0:
            return "needs root"
        if shutil.which("debootstrap") is None:
            return "needs debootstrap"
        return None

    def compile(self, source: Path) -> str:
        """Compile a C program against the folder's libhdf5; its name inside the folder."""
        (library,) = (self.root / "usr" / "lib").glob("*/libhdf5_serial.so")
        headers = self.root / "usr" / "include" / "hdf5" / "serial"
        command = [os.environ.get("CC", "cc"), "-std=c11", f"-I{headers}", str(source)]
        target = self.root / "tmp" / source.stem
        run([*command, "-o", str(target), str(library), "-Wl,--allow-shlib-undefined"])
        return f"/tmp/{source.stem}"

    def run(self, command: list[str], environment: dict[str, str]) -> str:
        on = {
            "PATH": "/usr/bin:/bin",
            "HDF5_PLUGIN_PATH": "/arraymorph/arraymorph/lib",
            "HDF5_VOL_CONNECTOR": "arraymorph",
        }
        chroot = shutil.which("chroot") or "/usr/sbin/chroot"
        return run([chroot, str(self.root), *command], {**environment, **on}).stdout
