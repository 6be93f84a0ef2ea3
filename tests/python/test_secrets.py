"""No secret leaves: not in logs, errors, representations, nor in what is stored."""

from __future__ import annotations

import os
from pathlib import Path

from conftest import Runner, Store

TOKEN = "session-token-nobody-may-see"
SECRET = "secret-key-nobody-may-see"
PASSWORD = "password-nobody-may-see"

# Everything that a session prints about itself.
SESSION = """
import os, sys, traceback
import arraymorph, h5py, numpy as np
arraymorph.enable()
url = sys.argv[1] if len(sys.argv) > 1 else os.environ["FILE_URL"]
print(arraymorph.build_info(), arraymorph.stats())
try:
    with arraymorph.File(url, "w") as file:
        print(repr(file), file.filename, repr(file.id), file.driver)
        file.create_dataset("x", data=np.arange(1000.0), chunks=(100,))
        file["x"].attrs["a"] = 1
        print(repr(file["x"]))
    with arraymorph.File(url) as file:
        print(file["x"][...].sum())
    arraymorph.pointer(url, "here.h5")
    print(open("here.h5", "rb").read())
except OSError:
    traceback.print_exc()
print(arraymorph.stats())
"""


def printed(python: Runner, code: str, **environment: str) -> str:
    result = python(code, check=False, ARRAYMORPH_LOG="debug", **environment)
    return result.stdout + result.stderr


def test_a_session_that_goes_well(python: Runner, s3_store: Store) -> None:
    output = printed(python, SESSION, FILE_URL=s3_store.url("s.h5"))
    assert "499500.0" in output
    assert "arraymorph: debug: PUT " in output
    assert s3_store.environment["AWS_SECRET_ACCESS_KEY"] not in output
    assert "Signature=" not in output
    assert "uthorization" not in output


def test_a_session_that_is_refused(python: Runner, s3_store: Store) -> None:
    output = printed(
        python,
        SESSION,
        FILE_URL=s3_store.url("s.h5"),
        AWS_SECRET_ACCESS_KEY=SECRET,
        AWS_SESSION_TOKEN=TOKEN,
    )
    assert "PermissionError" in output
    assert SECRET not in output
    assert TOKEN not in output


def test_a_session_without_a_server(python: Runner) -> None:
    output = printed(
        python,
        SESSION,
        FILE_URL="s3://b/s.h5",
        AWS_ENDPOINT_URL_S3="http://127.0.0.1:1",
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY=SECRET,
        AWS_SESSION_TOKEN=TOKEN,
    )
    assert "refuses connections" in output
    assert SECRET not in output
    assert TOKEN not in output


def test_endpoints_with_a_password(python: Runner) -> None:
    for endpoint in (
        f"https://me:{PASSWORD}@host",
        f"me:{PASSWORD}@host",
        f"https://host/?X-Amz-Signature={PASSWORD}",
    ):
        output = printed(python, SESSION, FILE_URL="s3://b/s.h5", AWS_ENDPOINT_URL_S3=endpoint)
        assert "AWS_ENDPOINT_URL_S3" in output
        assert PASSWORD not in output
    code = f"""
import arraymorph
try:
    arraymorph.configure_s3("b", endpoint="me:{PASSWORD}@host", secret_key="{SECRET}")
except ValueError as error:
    print(error)
try:
    arraymorph.configure_s3("b", endpoint="me:{PASSWORD}@host")
except ValueError as error:
    print(error)
try:
    arraymorph.File("s3://me:{PASSWORD}@bucket/x.h5")
except OSError as error:
    print(error)
"""
    output = printed(python, code)
    assert "go together" in output
    assert "http://" in output
    assert "bucket" in output
    assert PASSWORD not in output
    assert SECRET not in output


def test_what_is_stored(python: Runner, local_store: Store) -> None:
    secrets = {"AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    settings = {"FILE_URL": local_store.url("s.h5"), "ARRAYMORPH_INLINE_BYTES": "0"}
    output = printed(python, SESSION, **settings, **secrets)
    assert "499500.0" in output
    assert local_store.root is not None
    files = [path for path in local_store.root.rglob("*") if path.is_file()]
    assert len(files) > 1
    for path in files:
        content = path.read_bytes()
        for attribute in attributes(path):
            content += attribute
        for secret in (SECRET, TOKEN):
            assert secret.encode() not in content, path


def attributes(path: Path) -> list[bytes]:
    return [os.getxattr(path, name) for name in os.listxattr(path)]
