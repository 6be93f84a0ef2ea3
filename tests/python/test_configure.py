"""configure_s3() and configure_local() set the documented variables and refuse nonsense."""

from __future__ import annotations

import os
from pathlib import Path

import arraymorph
import pytest
from arraymorph import _core


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
        profile="lab",
        preset="local",
    )
    expected = {
        "STORAGE_PLATFORM": "S3",
        "BUCKET_NAME": "data",
        "ARRAYMORPH_ENDPOINT_URL": "https://s3.example.org",
        "ARRAYMORPH_REGION": "garage",
        "ARRAYMORPH_ACCESS_KEY_ID": "id",
        "ARRAYMORPH_SECRET_ACCESS_KEY": "key",
        "ARRAYMORPH_SESSION_TOKEN": "token",
        "ARRAYMORPH_ADDRESSING_STYLE": "path",
        "ARRAYMORPH_USE_TLS": "true",
        "ARRAYMORPH_SIGNED_PAYLOADS": "false",
        "ARRAYMORPH_CA_BUNDLE": "/etc/ca.pem",
        "ARRAYMORPH_PROFILE": "lab",
        "ARRAYMORPH_PRESET": "local",
    }
    assert {name: os.environ.get(name) for name in expected} == expected
    assert not any(name.startswith("AWS_") for name in os.environ)


def test_none_leaves_variables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_REGION", "eu-central-1")
    monkeypatch.setenv("ARRAYMORPH_ACCESS_KEY_ID", "id")
    arraymorph.configure_s3("data")
    assert os.environ["ARRAYMORPH_REGION"] == "eu-central-1"
    assert os.environ["ARRAYMORPH_ACCESS_KEY_ID"] == "id"
    assert "ARRAYMORPH_ENDPOINT_URL" not in os.environ


def who() -> dict[str, str]:
    names = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "ANONYMOUS")
    found = {name: os.environ.get(f"ARRAYMORPH_{name}") for name in names}
    return {name: value for name, value in found.items() if value is not None}


def test_credentials_are_replaced_whole() -> None:
    arraymorph.configure_s3("data", access_key="a", secret_key="b", session_token="c")
    assert who() == {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "SESSION_TOKEN": "c"}
    arraymorph.configure_s3("data", access_key="d", secret_key="e")
    assert who() == {"ACCESS_KEY_ID": "d", "SECRET_ACCESS_KEY": "e"}
    arraymorph.configure_s3("data", profile="lab")
    assert who() == {"PROFILE": "lab"}
    arraymorph.configure_s3("data", access_key="a", secret_key="b")
    arraymorph.configure_s3("data", anonymous=True)
    assert who() == {"PROFILE": "lab", "ANONYMOUS": "true"}
    arraymorph.configure_s3("data", access_key="a", secret_key="b")
    assert who() == {"PROFILE": "lab", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}


def test_arguments_win_over_every_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile lab]\nregion = of-the-profile\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://theirs")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "theirs")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")
    arraymorph.configure_s3("data", endpoint="http://ours", profile="lab")
    place = _core.describe("x.h5")
    assert (place["endpoint"], place["region"]) == ("http://ours", "of-the-profile")
    assert place["sources"]["endpoint"] == "ARRAYMORPH_ENDPOINT_URL"
    assert place["sources"]["region"] == f"profile lab in {tmp_path / 'config'}"
    assert place["sources"]["credentials"] == "provider chain"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bucket": ""}, "bucket"),
        ({"bucket": "s3://data"}, "bare name"),
        ({"bucket": "data", "addressing_style": "dns"}, "addressing_style"),
        ({"bucket": "data", "access_key": "id"}, "go together"),
        ({"bucket": "data", "session_token": "t"}, "goes together"),
        ({"bucket": "data", "preset": "fast"}, "production"),
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
