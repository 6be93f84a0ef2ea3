"""configure_s3() and configure_local() set the documented variables and refuse nonsense."""

from __future__ import annotations

import os
from pathlib import Path

import arraymorph
import pytest


def test_s3_variables() -> None:
    arraymorph.configure_s3(
        "data",
        endpoint="https://s3.example.org",
        region="garage",
        access_key="id",
        secret_key="key",
        session_token="token",
        addressing_style="path",
        use_tls=True,
        signed_payloads=False,
        ca_bundle=Path("/etc/ca.pem"),
    )
    expected = {
        "STORAGE_PLATFORM": "S3",
        "BUCKET_NAME": "data",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.org",
        "AWS_REGION": "garage",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_SESSION_TOKEN": "token",
        "AWS_S3_ADDRESSING_STYLE": "path",
        "AWS_USE_TLS": "true",
        "AWS_SIGNED_PAYLOADS": "false",
        "AWS_CA_BUNDLE": "/etc/ca.pem",
    }
    assert {name: os.environ.get(name) for name in expected} == expected


def test_none_leaves_variables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    arraymorph.configure_s3("data")
    assert os.environ["AWS_REGION"] == "eu-central-1"
    assert "AWS_ENDPOINT_URL_S3" not in os.environ


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bucket": ""}, "bucket"),
        ({"bucket": "s3://data"}, "bare name"),
        ({"bucket": "data", "addressing_style": "dns"}, "addressing_style"),
        ({"bucket": "data", "access_key": "id"}, "go together"),
        ({"bucket": "data", "endpoint": "localhost:3900"}, "http://"),
    ],
)
def test_values_that_cannot_work(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        arraymorph.configure_s3(**arguments)  # type: ignore[arg-type]
    assert "STORAGE_PLATFORM" not in os.environ


def test_local_creates_the_directory(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "store"
    arraymorph.configure_local(root)
    assert root.is_dir()
    with arraymorph.File("x.h5", "w") as f:
        f["x"] = 1
    assert (root / "x.h5" / ".arraymorph" / "metadata.h5").is_file()


@pytest.fixture(autouse=True)
def restore_environment(clean_environment: None) -> object:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
