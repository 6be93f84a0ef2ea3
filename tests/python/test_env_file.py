"""`.env.example`: copied to .env, with only the endpoint and the keys changed, it is enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import arraymorph
import pytest
import seaweed
from conftest import Store

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import h5py, arraymorph
arraymorph.enable()
with h5py.File("NAME", "w") as file:
    file["x"] = range(100_000)
"""


def settings_of(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))


def with_values(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert count == 1, name
    return text


def just(directory: Path, name: str) -> subprocess.CompletedProcess[str]:
    """The project's own justfile with one more recipe, beside a .env, as in a clone."""
    program = shutil.which("just", path=f"{ROOT}/.venv/bin{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("just is not installed")
    (directory / "program.py").write_text(PROGRAM.replace("NAME", name))
    (directory / "justfile").write_text(
        (ROOT / "justfile").read_text() + f"\ntried:\n    @'{sys.executable}' program.py\n"
    )
    environment = seaweed.surroundings()
    return subprocess.run(
        [program, "tried"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_only_the_endpoint_and_the_keys_are_left_open() -> None:
    settings = settings_of((ROOT / ".env.example").read_text())
    assert settings["AWS_ACCESS_KEY_ID"] == settings["AWS_SECRET_ACCESS_KEY"] == ""
    del settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]
    assert settings == {
        "STORAGE_PLATFORM": "S3",
        "BUCKET_NAME": "arraymorph",
        "AWS_ENDPOINT_URL_S3": "http://localhost:3900",
        "AWS_REGION": "garage",
        "AWS_S3_ADDRESSING_STYLE": "path",
    }


def test_a_recipe_uses_it(s3_store: Store, tmp_path: Path) -> None:
    """SeaweedFS takes any region; the bucket is the test's."""
    environment = s3_store.environment
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BUCKET_NAME")
    text = (ROOT / ".env.example").read_text()
    (tmp_path / ".env").write_text(with_values(text, {name: environment[name] for name in names}))
    name = f"{uuid.uuid4().hex}.h5"
    done = just(tmp_path, name)
    assert done.returncode == 0, done.stderr
    with arraymorph.File(f"s3://{environment['BUCKET_NAME']}/{name}") as file:
        assert file["x"][99_999] == 99_999


def test_without_keys_the_file_says_nothing(s3_store: Store, tmp_path: Path) -> None:
    """Empty lines do not hide a profile."""
    environment = s3_store.environment
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = {environment['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {environment['AWS_SECRET_ACCESS_KEY']}\n"
    )
    names = ("AWS_ENDPOINT_URL_S3", "BUCKET_NAME")
    text = with_values(
        (ROOT / ".env.example").read_text(), {name: environment[name] for name in names}
    )
    credentials = f"AWS_SHARED_CREDENTIALS_FILE={tmp_path}/credentials\nAWS_PROFILE=\n"
    (tmp_path / ".env").write_text(text + credentials)
    done = just(tmp_path, f"{uuid.uuid4().hex}.h5")
    assert done.returncode == 0, done.stderr
