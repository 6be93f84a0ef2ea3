"""Who is let in: profiles, containers, expired tokens and nobody at all, on a real server."""

from __future__ import annotations

import uuid
from pathlib import Path

import arraymorph
import numpy as np
import pytest
from conftest import Runner

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
VALUES = np.arange(40_000.0)


@pytest.fixture
def url(tls_server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A file that was written with credentials, which are gone from the environment."""
    for name, value in tls_server.items():
        monkeypatch.setenv(name, value)
    name = f"s3://{tls_server['BUCKET_NAME']}/{uuid.uuid4().hex}.h5"
    with arraymorph.File(name, "w") as file:
        file.create_dataset("x", data=VALUES, chunks=(10_000,))
    for key in KEYS:
        monkeypatch.delenv(key)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    return name


def test_no_credentials_are_an_error(url: str) -> None:
    with pytest.raises(PermissionError, match="AWS_ACCESS_KEY_ID"):
        arraymorph.File(url)


def test_profiles(
    url: str, tls_server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    lines = [f"{name.lower()} = {tls_server[name]}" for name in KEYS]
    file.write_text("[default]\naws_access_key_id = nobody\naws_secret_access_key = x\n")
    with file.open("a") as out:
        out.write("\n".join(["[special]", *lines, ""]))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "special")
    with arraymorph.File(url) as opened:
        np.testing.assert_array_equal(opened["x"][...], VALUES)
    monkeypatch.delenv("AWS_PROFILE")
    with pytest.raises(PermissionError, match="InvalidAccessKeyId"):
        arraymorph.File(url)


def test_nobody_reads_what_everybody_may(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_ANONYMOUS", "true")
    with arraymorph.File(url) as opened:
        np.testing.assert_array_equal(opened["x"][...], VALUES)


def test_nobody_writes(url: str, python: Runner) -> None:
    code = f"""
import arraymorph
with arraymorph.File({url!r}, "r+") as file:
    file["y"] = 1
"""
    result = python(code, check=False, ARRAYMORPH_ANONYMOUS="true")
    assert result.returncode != 0
    assert "403 AccessDenied" in result.stderr
    assert "ARRAYMORPH_ANONYMOUS" in result.stderr


def test_nobody_wins_over_credentials(
    url: str, tls_server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARRAYMORPH_ANONYMOUS", "true")
    for key in KEYS:
        monkeypatch.setenv(key, "wrong")
    with arraymorph.File(url) as opened:
        assert opened["x"][1] == 1


def test_an_anonymous_setting_that_is_none(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_ANONYMOUS", "perhaps")
    with pytest.raises(OSError, match="ARRAYMORPH_ANONYMOUS=perhaps"):
        arraymorph.File(url)
