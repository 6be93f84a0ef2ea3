"""Other S3 clients in the same process, each with engines of its own: imported before or after
h5py, used one after the other and at the same time, with or without their own clean-up.

SCENARIO NAME NEIGHBOUR[,NEIGHBOUR...]; settings are those of ArrayMorph (environment).
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

BUCKET = os.environ.get("BUCKET_NAME", "")
ENDPOINT = os.environ.get("AWS_ENDPOINT_URL_S3", "")
KEY = os.environ.get("AWS_ACCESS_KEY_ID", "")
SECRET = os.environ.get("AWS_SECRET_ACCESS_KEY", "")
REGION = os.environ.get("AWS_REGION", "")
ROUNDS = 5
PAYLOAD = bytes(range(256)) * 400


def pyarrow(key: str) -> None:
    fs: Any = importlib.import_module("pyarrow.fs")
    store = fs.S3FileSystem(
        access_key=KEY,
        secret_key=SECRET,
        region=REGION,
        endpoint_override=ENDPOINT.removeprefix("http://"),
        scheme="http",
    )
    with store.open_output_stream(f"{BUCKET}/{key}") as out:
        out.write(PAYLOAD)
    with store.open_input_stream(f"{BUCKET}/{key}") as stream:
        assert stream.read() == PAYLOAD


def tiledb(key: str) -> None:
    library: Any = importlib.import_module("tiledb")
    settings = {
        "vfs.s3.endpoint_override": ENDPOINT.removeprefix("http://"),
        "vfs.s3.scheme": "http",
        "vfs.s3.region": REGION,
        "vfs.s3.use_virtual_addressing": "false",
        "vfs.s3.aws_access_key_id": KEY,
        "vfs.s3.aws_secret_access_key": SECRET,
    }
    vfs = library.VFS(ctx=library.Ctx(settings))
    name = f"s3://{BUCKET}/{key}"
    with vfs.open(name, "wb") as out:
        out.write(PAYLOAD)
    with vfs.open(name, "rb") as stream:
        assert stream.read() == PAYLOAD


def boto3(key: str) -> None:
    session: Any = importlib.import_module("boto3").session.Session()  # the default one is shared
    client = session.client(
        "s3",
        endpoint_url=ENDPOINT,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name=REGION,
    )
    client.put_object(Bucket=BUCKET, Key=key, Body=PAYLOAD)
    assert client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == PAYLOAD


def awscrt(_key: str) -> None:
    """The very engine that ArrayMorph contains, in another copy: event loops, TLS, HTTP."""
    io: Any = importlib.import_module("awscrt.io")
    http: Any = importlib.import_module("awscrt.http")
    loops = io.EventLoopGroup(1)
    bootstrap = io.ClientBootstrap(loops, io.DefaultHostResolver(loops))
    io.ClientTlsContext(io.TlsContextOptions())
    parts = urlsplit(ENDPOINT)
    connection = http.HttpClientConnection.new(
        host_name=parts.hostname, port=parts.port, bootstrap=bootstrap
    ).result(30)
    request = http.HttpRequest("GET", f"/{BUCKET}")
    request.headers.add("Host", parts.netloc)
    statuses: list[int] = []
    stream = connection.request(request, lambda status_code, **_: statuses.append(status_code))
    stream.activate()
    stream.completion_future.result(30)
    assert statuses == [403]  # nothing is signed
    connection.close().result(30)


NEIGHBOURS: dict[str, Callable[[str], None]] = {
    each.__name__: each for each in (pyarrow, tiledb, boto3, awscrt)
}


def load(names: list[str]) -> None:
    for name in names:
        importlib.import_module(name)


def ours(name: str) -> None:
    common: Any = importlib.import_module("common")
    h5py: Any = importlib.import_module("h5py")
    common.write_closed(name)
    with h5py.File(name) as file:
        common.check(file)


def before(name: str, names: list[str]) -> None:
    load(names)
    for each in names:
        NEIGHBOURS[each](f"{name}-{each}")
    ours(name)
    for each in names:
        NEIGHBOURS[each](f"{name}-{each}")


def after(name: str, names: list[str]) -> None:
    ours(name)
    load(names)
    for each in names:
        NEIGHBOURS[each](f"{name}-{each}")
    ours(name)


def shared_symbols(name: str, names: list[str]) -> None:
    """As programs do that load their libraries for everybody (RTLD_GLOBAL)."""
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
    load(names)
    before(name, names)


def together(name: str, names: list[str]) -> None:
    """All at the same time, with a file left open at the end and nobody cleaning up."""
    load(names)
    errors: list[str] = []

    def guarded(work: Callable[[str], None], key: str) -> None:
        try:
            for _ in range(ROUNDS):
                work(key)
        except BaseException:
            errors.append(traceback.format_exc())

    works = [(NEIGHBOURS[each], f"{name}-{each}") for each in names]
    works += [(ours, f"{name}.1"), (ours, f"{name}.2")]
    threads = [threading.Thread(target=guarded, args=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, "".join(errors)
    common: Any = importlib.import_module("common")
    kept.append(common.write(name))


def cleaned_up(name: str, names: list[str]) -> None:
    """As together, and the neighbours clean up before ArrayMorph does."""
    together(name, names)
    if "pyarrow" in names:
        fs: Any = importlib.import_module("pyarrow.fs")
        fs.finalize_s3()


kept: list[Any] = []
SCENARIOS = {each.__name__: each for each in (before, after, shared_symbols, together, cleaned_up)}

if __name__ == "__main__":
    SCENARIOS[sys.argv[1]](sys.argv[2], sys.argv[3].split(","))
