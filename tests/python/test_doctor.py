"""`arraymorph doctor` on what works and on what does not."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import arraymorph
import pytest
from arraymorph import _core
from arraymorph.cli.clock import clock_difference
from conftest import Command, Store


def findings(command: Command, *words: str, status: int = 0, **environment: str) -> dict[str, Any]:
    """By what they are about; the last one of each."""
    full = [] if "--full" in words else ["--quick"]
    words = tuple(word for word in words if word != "--full")
    done = command("doctor", *words, *full, "--json", **environment)
    assert done.returncode == status, (done.stdout, done.stderr)
    return {each["about"]: each for each in json.loads(done.stdout)}


def test_a_server_that_works(s3_store: Store, command: Command, tmp_path: Path) -> None:
    found = findings(command, s3_store.url("d.h5"), "--full")
    for about in (
        *("version", "plugin", "netCDF4", "tables", "store", "credentials", "clock", "latency"),
        "throughput",
    ):
        assert found[about]["state"] == "ok", found[about]
    key = "an access key of the environment (AWS_ACCESS_KEY_ID)"
    assert found["credentials"]["what"] == key
    assert "(AWS_ENDPOINT_URL_S3), region" in found["store"]["what"]
    assert "path style (default)" in found["store"]["what"]
    assert found["limits"]["what"].startswith("64 connections (automatic), ")
    assert found["file"]["state"] == "note"
    assert found["conditional writes"]["state"] == "ok"
    assert (
        "honoured (If-None-Match: in 4 of 4 rounds exactly one of 8 writers"
        in (found["conditional writes"]["what"])
    )
    assert re.search(r"written at .*B/s, read at .*B/s \(64 conn", found["throughput"]["what"])
    # Nothing stays behind.
    assert _core.list(s3_store.base, '{"recursive": true}')["objects"] == []
    assert _core.inventory(s3_store.url("d.h5"), "{}")["objects"] == []
    with arraymorph.File(s3_store.url("d.h5"), "w") as f:
        f["x"] = 1
    found = findings(command, s3_store.url("d.h5"), "--read-only")
    assert found["file"]["state"] == "ok"
    assert found["conditional writes"]["state"] == "note"


def test_the_verdict_is_kept_for_later_processes(
    s3_store: Store, arraymorph_program: Command, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    findings(arraymorph_program, XDG_CACHE_HOME=str(cache))
    (kept,) = (cache / "arraymorph").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    content = json.loads(kept.read_text())
    assert content["verdict"] == "honoured"
    assert content["server"] == (
        f"{s3_store.environment['AWS_ENDPOINT_URL_S3']} {s3_store.environment['BUCKET_NAME']}"
    )


def test_secrets_are_not_shown(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    for name in "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN":
        for prefix in "AWS_", "ARRAYMORPH_":
            monkeypatch.setenv(prefix + name, f"hidden-{name}")
    for options in ["--quick"], ["--quick", "--json"]:
        done = command("doctor", "s3://bucket/x.h5", *options)
        assert done.returncode == 1
        assert "hidden" not in done.stdout + done.stderr
    words = command("doctor", "s3://bucket/x.h5", "--quick").stdout
    assert "note AWS_SECRET_ACCESS_KEY: set\n" in words
    assert "note ARRAYMORPH_SECRET_ACCESS_KEY: set\n" in words
    assert "credentials: an access key of the environment with a session token (ARRAYM" in words


def test_wrong_credentials(
    s3_store: Store, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    found = findings(command, status=1)
    assert found["reading"]["state"] == "FAIL"
    assert "SignatureDoesNotMatch" in found["reading"]["what"]
    assert found["reading"]["fix"] == "check the credentials and the bucket's policy"
    assert "conditional writes" not in found


def test_a_missing_bucket(s3_store: Store, command: Command) -> None:
    found = findings(command, "s3://arraymorph-no-such-bucket", status=1)
    assert found["reading"]["state"] == "FAIL"
    assert "arraymorph-no-such-bucket" in found["reading"]["what"]


def test_nobody_listens(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    found = findings(command, "s3://bucket/x.h5", status=1)
    assert found["endpoint"]["state"] == "FAIL"
    assert "AWS_ENDPOINT_URL_S3" in found["endpoint"]["fix"]
    assert "refuses connections" in found["reading"]["what"]


def test_local_and_nothing(local_store: Store, command: Command) -> None:
    found = findings(command, local_store.url("d.h5"))
    assert found["store"]["what"] == f"local, {local_store.url('d.h5')}"
    assert found["conditional writes"]["what"].startswith("honoured (kept by construction")


def test_no_store(command: Command) -> None:
    found = findings(command)
    assert found["store"]["state"] == "note"
    assert "arraymorph doctor s3://bucket" in found["store"]["fix"]
    assert findings(command, "plain.h5", status=1)["store"]["state"] == "FAIL"


def test_settings_that_are_wrong(
    local_store: Store, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARRAYMORPH_PROBE", "maybe")
    found = findings(command, status=1)
    assert (
        "ARRAYMORPH_PROBE=maybe is not understood; allowed: auto, always, off"
        in (found["store"]["what"])
    )


def test_damaged_metadata(local_store: Store, command: Command) -> None:
    local_store.objects("d.h5").write(".arraymorph/metadata.h5", b"no metadata object at all")
    found = findings(command, local_store.url("d.h5"), status=1)
    assert found["file"]["state"] == "FAIL"
    assert "arraymorph verify" in found["file"]["fix"]


@contextmanager
def answering(date: str | None) -> Iterator[str]:
    """A real HTTP server whose clock says `date`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(403)
            if date is not None:
                self.send_header("Date", date)
            self.end_headers()

        do_GET = do_HEAD  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_clocks_that_differ(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with answering("Wed, 25 Nov 2020 22:10:11 GMT") as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        found = findings(command, "s3://bucket/x.h5", status=1)
        assert found["clock"]["state"] == "FAIL"
        assert "s ahead of the server" in found["clock"]["what"]
        assert "set the clock" in found["clock"]["fix"]
        assert found["reading"]["state"] == "FAIL"  # the server answers 403


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_servers_without_a_clock(date: str | None) -> None:
    with answering(date) as endpoint:
        assert clock_difference(endpoint, None) is None


def test_where_credentials_come_from(
    s3_store: Store, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def said(about: str = "credentials") -> str:
        (found,) = (
            each["what"]
            for each in json.loads(command("doctor", "--quick", "--read-only", "--json").stdout)
            if each["about"] == about
        )
        return str(found)

    monkeypatch.setenv("ARRAYMORPH_ANONYMOUS", "true")
    assert "not signed" in said()
    monkeypatch.delenv("ARRAYMORPH_ANONYMOUS")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    assert said() == "an access key of the environment (AWS_ACCESS_KEY_ID)"
    file = tmp_path / "credentials"
    file.write_text("[lab]\naws_access_key_id = a\naws_secret_access_key = b\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("ARRAYMORPH_PROFILE", "lab")
    assert said() == f"a key of profile lab in {file}"
    monkeypatch.setenv("ARRAYMORPH_PROFILE", "other")
    assert "there is no such profile" in said("store")
    assert said("store").endswith("there are: lab")
    monkeypatch.delenv("ARRAYMORPH_PROFILE")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY" in said("store")


def test_settings_of_a_profile(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile lab]\nendpoint_url = http://127.0.0.1:1\nregion = eu-central-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_PROFILE", "lab")
    found = findings(command, "s3://bucket/x.h5", status=1)
    where = f"(profile lab in {config})"
    assert found["store"]["what"].startswith(
        f"http://127.0.0.1:1 {where}, region eu-central-1 {where}, bucket bucket"
    )


def test_a_connector_without_its_path(
    local_store: Store, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HDF5_VOL_CONNECTOR", "arraymorph")
    found = findings(command, status=1)
    assert found["plugin path"]["state"] == "FAIL"
    assert found["plugin path"]["fix"] == 'eval "$(arraymorph env)"'
    monkeypatch.setenv("HDF5_PLUGIN_PATH", arraymorph.get_plugin_path())
    assert "plugin path" not in findings(command)
