"""--endpoint-url, --region and --profile: before the command or behind it, before variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Command, Store


@pytest.mark.parametrize("behind", [False, True])
def test_the_endpoint(
    s3_store: Store, arraymorph_program: Command, monkeypatch: pytest.MonkeyPatch, behind: bool
) -> None:
    server = s3_store.environment["AWS_ENDPOINT_URL_S3"]
    for name in "AWS_ENDPOINT_URL_S3", "ARRAYMORPH_ENDPOINT_URL":
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    options = ["--endpoint-url", server]
    words = ["ls", *options] if behind else [*options, "ls"]
    done = arraymorph_program(*words, f"s3://{s3_store.environment['BUCKET_NAME']}/")
    assert done.returncode == 0, done.stderr


def test_the_profile_goes_before_keys(
    s3_store: Store, arraymorph_program: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = [
        f"{name.lower()} = {s3_store.environment[name]}"
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ]
    file = tmp_path / "credentials"
    file.write_text("\n".join(["[lab]", *lines, ""]))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    for prefix in "AWS_", "ARRAYMORPH_":
        monkeypatch.setenv(f"{prefix}ACCESS_KEY_ID", "nobody")
        monkeypatch.setenv(f"{prefix}SECRET_ACCESS_KEY", "wrong")
    bucket = f"s3://{s3_store.environment['BUCKET_NAME']}/"
    assert arraymorph_program("ls", bucket).returncode == 1
    done = arraymorph_program("--profile", "lab", "--region", "us-east-1", "ls", bucket)
    assert done.returncode == 0, done.stderr
    done = arraymorph_program("ls", "--profile", "other", bucket)
    assert done.returncode == 1
    assert "ARRAYMORPH_PROFILE=other: there is no such profile" in done.stderr
    assert "there are: lab" in done.stderr


def test_help_names_them(arraymorph_program: Command) -> None:
    for words in (("--help",), ("tree", "--help")):
        text = arraymorph_program(*words).stdout
        for option in "--endpoint-url", "--region", "--profile":
            assert option in text
