"""`arraymorph doctor`."""

from __future__ import annotations

import contextlib
import math
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Annotated, Any

import typer

from .. import __version__, _core, _h5py, build_info
from .doctor_programs import programs
from .output import escaped, message_of, plural, print_json, size_text

_PREFIXES = ("ARRAYMORPH_", "AWS_", "HDF5_", "STORAGE_PLATFORM", "BUCKET_NAME", "XDG_CACHE_HOME")
# Of the AWS variables, the ones that are safe to show.
_SHOWN = re.compile(
    r"AWS_(ENDPOINT_URL(_S3)?|IGNORE_CONFIGURED_ENDPOINT_URLS|(DEFAULT_)?REGION|PROFILE"
    r"|S3_ADDRESSING_STYLE|USE_TLS|SIGNED_PAYLOADS|CA_BUNDLE|CONFIG_FILE|SHARED_CREDENTIALS_FILE)$"
)
_SECRET = re.compile(r"ARRAYMORPH_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$")
_STYLES = {"ok": "green", "note": "", "warn": "yellow", "FAIL": "bold red"}
_MOST_SKEW = 300  # seconds; servers refuse requests from 900 on
_LATENCY_REQUESTS = 5
_THROUGHPUT = 16  # MiB
_NAME = "arraymorph-doctor"


@dataclass
class Finding:
    """One line: how it is, and what to do about it when it is not well."""

    state: str  # "ok", "note", "warn", "FAIL"
    about: str
    what: str
    fix: str = ""


def doctor(
    url: Annotated[
        str | None,
        typer.Argument(
            help="a stored file (it need not exist) or s3://bucket; without it the store that "
            "BUCKET_NAME or ARRAYMORPH_ROOT name"
        ),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="write nothing: leaves out what needs writing")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="leave out what takes seconds: others' HDF5, throughput")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Say whether ArrayMorph works here, and what to do where it does not.

    Looks at the environment, the plugin, the other HDF5 libraries that find it (netCDF4, PyTables,
    the HDF5 tools), and, with a store, at the server: reachable, clock, credentials, answers,
    latency, whether conditional writes are honoured, and throughput; for the last two it writes
    small objects and a temporary file of 16 MiB, which are removed again. Secrets are never shown.

    Exit status 1 when something is broken.

    \b
    arraymorph doctor
    arraymorph doctor s3://bucket
    arraymorph doctor s3://bucket/run42.h5 --read-only
    """
    findings: list[Finding] = []
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for each in [*_environment(), *_plugin(), *([] if quick else programs())]:
        findings.append(each)
        _print(console, each, json)
    for each in _store(url, read_only, quick):
        findings.append(each)
        _print(console, each, json)
    if json:
        print_json([asdict(each) for each in findings])
    if any(each.state == "FAIL" for each in findings):
        raise typer.Exit(1)


def _print(console: Any, each: Finding, json: bool) -> None:
    from rich.text import Text

    if json:
        return
    line = Text(f"{each.state:<5}", style=_STYLES[each.state])
    console.print(line.append(escaped(f"{each.about}: {each.what}"), style="not bold default"))
    if each.fix:
        console.print(escaped(f"       -> {each.fix}"), markup=False)


def _environment() -> Iterator[Finding]:
    info = build_info()
    python = sys.version.split()[0]
    engine = f"{info['s3_engine']} engine, aws-c-s3 {info['aws_c_s3']}"
    yield Finding("ok", "version", f"ArrayMorph {__version__} ({engine}), Python {python}")
    for name in sorted(os.environ):
        if name.startswith(_PREFIXES):
            yield Finding("note", name, _shown(name, os.environ[name]))


def _shown(name: str, value: str) -> str:
    """The value, or only that there is one."""
    if _SECRET.match(name) or (name.startswith("AWS_") and not _SHOWN.match(name)):
        return "set" if value else "empty"
    return re.sub(r"//[^/@]*@", "//***@", value)


def _plugin() -> Iterator[Finding]:
    path = _h5py.get_plugin_path()
    searched = os.environ.get("HDF5_PLUGIN_PATH", "").split(os.pathsep)
    if os.environ.get("HDF5_VOL_CONNECTOR", "").split(" ")[0] == "arraymorph" and not any(
        each and os.path.realpath(each) == path for each in searched
    ):
        what = f"HDF5_VOL_CONNECTOR is set, HDF5_PLUGIN_PATH does not lead to {path}"
        yield Finding("FAIL", "plugin path", what, 'eval "$(arraymorph env)"')
    try:
        internals = _h5py.Internals()
        library = f"h5py {internals.h5py.__version__} (HDF5 {internals.h5py.version.hdf5_version})"
        internals.load_plugin()
        yield Finding("ok", "plugin", f"{path}, loaded by {library}")
        on = internals.default_is_ours()
    except RuntimeError as error:
        fix = "pip install --force-reinstall arraymorph h5py"
        yield Finding("FAIL", "plugin", f"{path}: {error}", fix)
        return
    if on:
        yield Finding("ok", "switched on", "for every HDF5 program of this environment")
    else:
        fix = 'eval "$(arraymorph env)" in the shell, or arraymorph.enable() in Python'
        yield Finding("note", "switched on", "no, not for programs started from here", fix)


def _store(url: str | None, read_only: bool, quick: bool) -> Iterator[Finding]:
    name = _NAME if url is None else url
    if re.fullmatch(r"s3://[^/]+/?", name):
        name = f"{name.rstrip('/')}/{_NAME}"
    try:
        place = _core.describe(name)
    except OSError as error:
        if url is None and "is not in an object store" in message_of(error):
            fix = "name one: arraymorph doctor s3://bucket, or set BUCKET_NAME"
            yield Finding("note", "store", "none is configured, none was looked at", fix)
        else:
            yield Finding("FAIL", "store", message_of(error), "correct what is named here")
        return
    if place["kind"] == "s3":
        yield from _server(place)
    else:
        yield Finding("ok", "store", f"{place['kind']}, {place['url']}")
    yield _speed(place)
    reachable = True
    for each in _requests(name):
        reachable = reachable and each.state != "FAIL"
        yield each
    if not reachable:
        return
    if read_only:
        yield Finding("note", "conditional writes", "not tried (--read-only)")
    else:
        yield _conditions(name)
        if not quick:
            yield _throughput(place)


def _server(place: dict[str, Any]) -> Iterator[Finding]:
    style = "path" if place["path_style"] else "virtual-hosted"
    said = place["sources"]
    what = (
        f"{place['endpoint']} ({said['endpoint']}), region {place['region']} ({said['region']}), "
        f"bucket {place['bucket']}, {style} style ({said['path_style']})"
    )
    yield Finding("ok", "store", what)
    yield _credentials(place)
    from .clock import clock_difference

    try:
        difference = clock_difference(place["endpoint"], place["ca_bundle"] or None)
    except OSError as error:
        fix = "is the server running, is AWS_ENDPOINT_URL_S3 right, is AWS_CA_BUNDLE needed?"
        yield Finding("FAIL", "endpoint", f"{place['endpoint']}: {message_of(error)}", fix)
        return
    if difference is None:
        yield Finding("note", "clock", "the server does not tell its time")
    elif abs(difference) > _MOST_SKEW:
        side = "behind" if difference > 0 else "ahead of"
        what = f"this machine is {abs(difference):.0f} s {side} the server"
        yield Finding("FAIL", "clock", what, "set the clock; servers refuse requests from 900 s on")
    else:
        yield Finding("ok", "clock", f"within {math.ceil(abs(difference))} s of the server's")


def _speed(place: dict[str, Any]) -> Finding:
    """How many of what work, and who has said so."""
    said = place["sources"]
    names = {"codec_threads": "codec thread"}
    if place["kind"] in ("s3", "http"):
        names = {"connections": "connection", "event_loops": "event loop", **names}
    what = ", ".join(f"{plural(place[name], noun)} ({said[name]})" for name, noun in names.items())
    if any("lowered for" in said[name] for name in names):
        return Finding("warn", "limits", what, "raise the limit: ulimit -n 4096, ulimit -u 4096")
    return Finding("ok", "limits", what)


def _credentials(place: dict[str, Any]) -> Finding:
    """Where they come from, never what they are: the first of the chain that is set."""
    source = place["sources"]["credentials"]
    if source == "ARRAYMORPH_ANONYMOUS":
        return Finding("ok", "credentials", "none: requests are not signed (ARRAYMORPH_ANONYMOUS)")
    if source in ("ARRAYMORPH_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"):
        token = " with a session token" if place["session_token"] else ""
        what = f"an access key of the environment{token} ({source})"
        return Finding("ok", "credentials", what)
    if source != "provider chain":
        return Finding("ok", "credentials", source)
    if os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return Finding("ok", "credentials", "a web identity token (AWS_WEB_IDENTITY_TOKEN_FILE)")
    if any(name.startswith("AWS_CONTAINER_CREDENTIALS_") for name in os.environ):
        return Finding("ok", "credentials", "the container's role")
    return Finding(
        "note",
        "credentials",
        f"none are set here, nor in profile {place['profile']}: left is the role of the machine",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for public buckets "
        "ARRAYMORPH_ANONYMOUS=true",
    )


def _requests(name: str) -> Iterator[Finding]:
    """The metadata object is asked for; that it is not there is an answer as well."""
    try:
        started = time.perf_counter()
        found = _core.inventory(name)
        first = time.perf_counter() - started
    except OSError as error:
        yield Finding("FAIL", "reading", *_what_and_fix(error))
        return
    if found["state"] == "missing" and "bucket" in found["error"]:
        yield Finding("FAIL", "reading", found["error"], "create the bucket or name another")
        return
    if found["state"] == "damaged":
        fix = "arraymorph verify says more"
        yield Finding("FAIL", "file", found["error"], fix)
    elif found["state"] == "committed":
        count = len(found["datasets"])
        yield Finding("ok", "file", f"{found['url']} is there, {count} datasets in chunk objects")
    else:
        yield Finding("note", "file", f"there is no {found['url']}; the server answers that")
    yield Finding(
        "ok",
        "latency",
        f"first GET {first * 1e3:.1f} ms (connection and credentials included), then GET "
        f"{_milliseconds(name, _core.inventory):.1f} ms, HEAD "
        f"{_milliseconds(name, _core.head):.1f} ms",
    )


def _milliseconds(name: str, ask: Any) -> float:
    """The median of a few requests."""
    times = []
    for _ in range(_LATENCY_REQUESTS):
        started = time.perf_counter()
        with contextlib.suppress(FileNotFoundError):
            ask(name)
        times.append(time.perf_counter() - started)
    return median(times) * 1e3


def _what_and_fix(error: OSError) -> tuple[str, str]:
    """What failed, and the advice that the message has in brackets at its end."""
    message = message_of(error)
    depth = 0
    for at in range(len(message) - 1, 0, -1):
        depth += {")": 1, "(": -1}.get(message[at], 0)
        if depth == 0:
            break
    if message.endswith(")") and message[at - 1] == " ":
        return message[: at - 1], message[at + 1 : -1]
    if isinstance(error, PermissionError):
        return message, "check the credentials and the bucket's policy"
    return message, "check the endpoint, the network and the server"


def _throughput(place: dict[str, Any]) -> Finding:
    """A temporary file beside the one that was named."""
    from . import bench

    folder = place["url"].rpartition("/")[0] + "/"
    settings = f"{place['connections']} connections, {place['codec_threads']} codec threads"
    try:
        with bench.temporary(folder) as name:
            values = bench.noise(_THROUGHPUT)
            written = bench.write(name, "write", "raw", values, {})
            back = bench.read(name, "read", "raw", values)
    except OSError as error:
        what, fix = _what_and_fix(error)
        return Finding("warn", "throughput", what, "fine for reading; " + fix)
    return Finding(
        "ok",
        "throughput",
        f"{_THROUGHPUT} chunks of 1 MiB written at {size_text(round(written.rate))}/s, read at "
        f"{size_text(round(back.rate))}/s ({settings}); `arraymorph bench` measures more",
    )


def _conditions(name: str) -> Finding:
    about = "conditional writes"
    try:
        answer = _core.probe(name)
    except OSError as error:
        return Finding("FAIL", about, *_what_and_fix(error))
    what = f"{answer['verdict']} ({answer['words']})"
    if answer["verdict"] == "honoured":
        return Finding("ok", about, what)
    if answer["verdict"] == "unknown":
        fix = "fine for reading; for writing, allow PUT and DELETE below the file's name"
        return Finding("warn", about, what, fix)
    return Finding(
        "warn",
        about,
        what,
        "let one process at a time change the structure of a file on this server: two commits of "
        "one file at the same moment may both succeed there",
    )
