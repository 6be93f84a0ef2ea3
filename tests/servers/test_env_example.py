"""`.env.example` with a Garage's endpoint and keys in it, read by `just` as the project does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import seaweed
from servers.garage import Garage

ROOT = Path(__file__).resolve().parents[2]
CHANGED = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
PROGRAM = """
import arraymorph
arraymorph.enable()
import h5py
with h5py.File("run42.h5", "w") as f:
    f.create_dataset("x", data=range(100_000), chunks=(10_000,))
with h5py.File("run42.h5") as f:
    print(int(f["x"][...].sum()), f.filename)
"""


def test_only_endpoint_and_keys_are_changed(tmp_path: Path) -> None:
    garage = Garage()
    if absent := garage.absent():
        pytest.skip(absent)
    just = shutil.which("just", path=str(Path(sys.executable).parent)) or shutil.which("just")
    assert just is not None, "no just in the environment"
    text = (ROOT / ".env.example").read_text()
    bucket = re.findall(r"^BUCKET_NAME=(\S+)$", text, re.MULTILINE)
    assert len(bucket) == 1
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "justfile").write_text(
        f"set dotenv-load\n\ntry:\n    @{sys.executable} program.py\n"
    )
    clean = seaweed.surroundings()
    with garage.running(bucket[0]) as settings:
        for name in CHANGED:
            text, count = re.subn(rf"(?m)^{name}=.*$", f"{name}={settings[name]}", text)
            assert count == 1, f"{name} stands {count} times in .env.example"
        (tmp_path / ".env").write_text(text)
        environment = {**clean, "XDG_CACHE_HOME": settings["XDG_CACHE_HOME"]}
        done = subprocess.run(
            [just, "try"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["4999950000", "run42.h5"], done.stdout + done.stderr
