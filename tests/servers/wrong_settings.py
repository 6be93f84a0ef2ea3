"""Every setting got wrong on real servers: what ArrayMorph says, beside what boto3 says.

`./just wrong-settings` prints the table; with ``--publish`` it writes docs/failures.md instead. The
rows are tests too: tests/python/test_wrong_settings.py.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import places
import seaweed
import servers
from places import Place

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "failures.md"
INTRODUCTION = Path(__file__).with_name("failures.md")
SECONDS = 120  # within which every program ends

# What people run: nothing catches the error, so it is the program's last line.
PROGRAM = """
import arraymorph
with arraymorph.File("test.h5", "w") as file:
    file["x"] = [1.0, 2.0]
"""
BOTO3 = """
import os, sys
import boto3
from botocore.config import Config
style = os.environ.get("AWS_S3_ADDRESSING_STYLE", "path")
try:
    s3 = boto3.client("s3", config=Config(s3={"addressing_style": style}))
    s3.put_object(Bucket=os.environ["BUCKET_NAME"], Key="boto3.h5", Body=b"x")
except Exception as error:
    print(f"{type(error).__name__}: {error}")
else:
    print("works")
"""


@dataclass(frozen=True)
class Row:
    """One setting got wrong."""

    name: str
    title: str
    change: Callable[[Place], dict[str, str]]
    words: tuple[str, ...]  # what the message, or the warning where all goes well, must have
    works: bool = False
    command: tuple[str, ...] = ()  # in front of the program

    def absent(self) -> str:
        """Why it cannot be tried here; empty when it can."""
        missing = [each for each in self.command[:1] if shutil.which(each) is None]
        return f"no {missing[0]} (apt-get install {missing[0]})" if missing else ""


def _set(**variables: str) -> Callable[[Place], dict[str, str]]:
    return lambda _: variables


def _at(name: str) -> Callable[[Place], dict[str, str]]:
    return lambda place: {"AWS_ENDPOINT_URL_S3": place.other_endpoints[name]}


def _unused_port(_: Place) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}


def _other_scheme(place: Place) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL_S3": place.endpoint.replace("http://", "https://")}


def _http_at_https(place: Place) -> dict[str, str]:
    https = place.other_endpoints["https"]
    return {"AWS_ENDPOINT_URL_S3": https.replace("https://", "http://")}


def _virtual_name(place: Place) -> dict[str, str]:
    endpoint = place.endpoint.replace("127.0.0.1", "localhost")
    return {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_S3_ADDRESSING_STYLE": "virtual"}


def _stranger(place: Place) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": place.stranger[0], "AWS_SECRET_ACCESS_KEY": place.stranger[1]}


WRONG_SECRET = Row(
    "secret",
    "`AWS_SECRET_ACCESS_KEY` of another key",
    _set(AWS_SECRET_ACCESS_KEY="wrong-secret"),
    ("AWS_SECRET_ACCESS_KEY is not the secret of access key", "Ruled out", "the clock"),
)
WRONG_KEY = Row(
    "key",
    "`AWS_ACCESS_KEY_ID` that the server does not know",
    _set(AWS_ACCESS_KEY_ID="GK31c2f218a2e44f485b94239f"),
    ("the server does not know access key GK31...9f", "check AWS_ACCESS_KEY_ID"),
)
COMMON = (
    WRONG_SECRET,
    WRONG_KEY,
    Row(
        "bucket",
        "`BUCKET_NAME` that does not exist",
        _set(BUCKET_NAME="no-such-bucket"),
        ("the bucket 'no-such-bucket' does not exist at http://127.0.0.1", "check BUCKET_NAME"),
    ),
    Row(
        "style",
        "`AWS_S3_ADDRESSING_STYLE=virtual`, not known to the server",
        _virtual_name,
        (
            "took 'test.h5', the beginning of the file's name, for the bucket",
            "set AWS_S3_ADDRESSING_STYLE=path",
        ),
    ),
    Row(
        "style-address",
        "`AWS_S3_ADDRESSING_STYLE=virtual` with an address",
        _set(AWS_S3_ADDRESSING_STYLE="virtual"),
        ("AWS_S3_ADDRESSING_STYLE=path",),
    ),
    Row(
        "https-to-http",
        "`https://` to an http port",
        _other_scheme,
        ("if the server speaks plain http, set AWS_ENDPOINT_URL_S3=http://127.0.0.1",),
    ),
    Row(
        "port-unused",
        "A port where nobody listens",
        _unused_port,
        ("http://127.0.0.1:9 ", "refuses connections", "is AWS_ENDPOINT_URL_S3 right"),
    ),
    Row(
        "unsigned",
        "`AWS_SIGNED_PAYLOADS=false` over http",
        _set(AWS_SIGNED_PAYLOADS="false"),
        (),
        works=True,
    ),
)
SEAWEEDFS = (
    Row("region", "`AWS_REGION=eu-west-9`", _set(AWS_REGION="eu-west-9"), (), works=True),
    *COMMON,
    Row(
        "http-to-https",
        "`http://` to an https port",
        _http_at_https,
        ("if the server speaks https, set AWS_ENDPOINT_URL_S3=https://127.0.0.1",),
    ),
    Row(
        "bucket-twice",
        "The bucket in the host name, and path style",
        _at("bucket"),
        ("names the bucket already: take it out of AWS_ENDPOINT_URL_S3",),
    ),
    Row(
        "port-master",
        "The port of the master",
        _at("master"),
        ("answers, but not as an S3 server: it says '404 page not found", "Is the port"),
    ),
    Row(
        "port-grpc",
        "A port that speaks gRPC",
        _at("grpc"),
        ("no answer from http://127.0.0.1", "is its port that of the S3 service?"),
    ),
    Row(
        "clock",
        "A clock two hours behind",
        _set(),
        ("this machine's clock is 7", " s behind the server's", "set the clock"),
        command=("faketime", "-f", "-2h"),
    ),
)
GARAGE = (
    Row(
        "region",
        "`AWS_REGION=eu-west-9`",
        _set(AWS_REGION="eu-west-9"),
        ("is in region garage, not in eu-west-9: set AWS_REGION=garage",),
        works=True,
    ),
    *COMMON,
    Row(
        "rights",
        "A key without rights to the bucket",
        _stranger,
        ("has no such right on bucket 'arraymorph'", "garage bucket allow --read --write"),
    ),
    Row(
        "port-rpc",
        "The port of Garage's RPC",
        _at("rpc"),
        ("no answer from http://127.0.0.1", "is its port that of the S3 service?"),
    ),
    Row(
        "clock",
        "A clock 26 hours behind",
        _set(),
        ("this machine's clock is 93", " s behind the server's", "set the clock"),
        command=("faketime", "-f", "-26h"),
    ),
)
MINIO = (
    Row(
        "region",
        "`AWS_REGION=eu-west-9`",
        _set(AWS_REGION="eu-west-9"),
        ("is in region eu-central-1, not in eu-west-9: set AWS_REGION=eu-central-1",),
        works=True,
    ),
    *COMMON,
    Row(
        "clock",
        "A clock two hours behind",
        _set(),
        ("this machine's clock is 7", " s behind the server's", "set the clock"),
        command=("faketime", "-f", "-2h"),
    ),
)
NO_LAYOUT = (
    Row(
        "no-layout",
        "A Garage that was given no layout yet",
        _set(),
        ("a Garage without a layout knows no key: `garage layout show`",),
    ),
)
DEAD_NODE = (
    Row(
        "dead-node",
        "Two nodes that keep everything twice, one of them down",
        _set(),
        (
            "503 ServiceUnavailable: Internal error: Could not reach quorum of 2",
            "too few of the server's nodes answer: on the server, `garage status`",
        ),
    ),
)


@dataclass(frozen=True)
class Kind:
    """A server, and what is got wrong there."""

    name: str
    title: str
    server: str
    running: Callable[[], contextlib.AbstractContextManager[Place]]
    rows: tuple[Row, ...]


KINDS = (
    Kind("garage", "Garage", "garage", places.garage, GARAGE),
    Kind("garage-no-layout", "", "garage", places.garage_without_layout, NO_LAYOUT),
    Kind("garage-dead-node", "", "garage", places.garage_with_a_dead_node, DEAD_NODE),
    Kind("minio", "MinIO", "minio", places.minio, MINIO),
    Kind("seaweedfs", "SeaweedFS", "seaweedfs", places.seaweedfs, SEAWEEDFS),
)


@dataclass(frozen=True)
class Said:
    """How a program ended."""

    status: int
    text: str
    seconds: float


def environment_of(place: Place, row: Row) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(seaweed.SETTINGS) and not name.lower().endswith("_proxy")
    }
    return {**inherited, **place.environment, **row.change(place)}


def run(place: Place, row: Row, python: str, program: str) -> Said:
    """The program with this setting, in a process of its own; it may take SECONDS."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [*row.command, python, "-c", program],
            env=environment_of(place, row),
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    text = done.stdout + done.stderr
    return Said(done.returncode, text, time.monotonic() - started)


def message_of(said: Said) -> str:
    """The last line of a traceback, or the warning of a program that went well."""
    lines = said.text.strip().splitlines()
    if said.status == 0:
        warnings = [line for line in lines if line.startswith("arraymorph: warn: s3://")]
        return "works" + "".join(f"; {line}" for line in warnings)
    return lines[-1] if lines else f"exit status {said.status}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _table(kind: Kind, place: Place, boto3: str) -> list[str]:
    lines = []
    for row in kind.rows:
        if row.absent():
            print(f"{kind.name} {row.name}: not tried, {row.absent()}", file=sys.stderr)
            continue
        ours = run(place, row, sys.executable, PROGRAM)
        theirs = run(place, row, boto3, BOTO3)
        cells = [row.title]
        for each, said in ((message_of(ours), ours), (theirs.text.strip(), theirs)):
            cells.append(f"{_cell(place.shown(each))} *({said.seconds:.1f} s)*")
        print(f"{kind.name} {row.name}:", *cells[1:], sep="\n  ", file=sys.stderr)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _page(boto3: str) -> tuple[str, list[str]]:
    """The tables, and the servers that are not here."""
    parts: list[str] = []
    missing: list[str] = []
    for kind in KINDS:
        if why := places.absent(kind.server):
            missing.append(f"{kind.name}: {why}")
            continue
        if kind.title:
            parts.append(
                f"\n## {kind.title} {servers.named(kind.server).version()}\n\n"
                "| What is wrong | ArrayMorph says | boto3 says |\n|---|---|---|"
            )
        with kind.running() as place:
            parts += _table(kind, place, boto3)
    return "\n".join(parts) + "\n", missing


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--boto3", default=sys.executable, help="a Python that has boto3")
    parser.add_argument("--publish", action="store_true", help="write docs/failures.md")
    arguments = parser.parse_args()
    boto3 = os.path.abspath(arguments.boto3)
    page, missing = _page(boto3)
    for each in missing:
        print(f"left out: {each}", file=sys.stderr)
    if arguments.publish:
        if missing:
            print("not published: a server is missing", file=sys.stderr)
            return 1
        version = subprocess.run(
            [boto3, "-c", "import boto3; print(boto3.__version__)"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        introduction = INTRODUCTION.read_text().replace("BOTO3_VERSION", version)
        PAGE.write_text(introduction + page)
        print(f"written: {PAGE}", file=sys.stderr)
    else:
        print(re.sub(r"^\n", "", page), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
