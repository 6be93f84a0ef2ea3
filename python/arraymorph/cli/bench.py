"""`arraymorph bench`."""

from __future__ import annotations

import contextlib
import json as json_
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import typer

from .. import _core
from ..file import File
from .names import folder_name
from .output import message_of, one_line_errors, print_json, print_rows, say, size_text

_CHUNK = 1 << 20
_NAME = "arraymorph-bench"
_SMALL = 64  # requests of the latency test
_ROWS = 128  # MiB in one call, twice the default number of connections
_VERBS = ("get", "put", "head", "list", "remove", "copy")
_TUNED = (8, 16, 32, 64, 128)
_SETTINGS = ("ARRAYMORPH_CONNECTIONS", "ARRAYMORPH_CODEC_THREADS")


@dataclass
class Step:
    """One line of the result."""

    what: str
    seconds: float
    bytes: int = 0  # of values
    requests: int = 0
    extra: str = ""

    @property
    def rate(self) -> float:
        return self.bytes / self.seconds


@dataclass
class Result:
    """All of one run."""

    url: str
    connections: int
    codec_threads: int
    steps: list[Step] = field(default_factory=list)


@one_line_errors
def bench(
    url: Annotated[
        str,
        typer.Argument(
            help="bucket or folder for a temporary file; without it the store that BUCKET_NAME or "
            "ARRAYMORPH_ROOT name"
        ),
    ] = "",
    size: Annotated[
        int, typer.Option(min=1, max=65536, help="MiB of values, raw and compressible each")
    ] = 64,
    tune: Annotated[bool, typer.Option("--tune", help="compare numbers of connections")] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Measure a store from here: latency, throughput, requests per second.

    Writes a temporary file of chunks of 1 MiB (noise without a filter, and smooth values with
    gzip and shuffle), reads it back through the library, lists it and removes it, also when it is
    interrupted. It transfers about three times --size in each direction, twice that with --tune
    for each number of connections; mind what your provider charges.

    \b
    arraymorph bench s3://bucket/tmp/
    arraymorph bench s3://bucket/tmp/ --size 512
    arraymorph bench s3://bucket/tmp/ --tune
    """
    folder = _core.list(folder_name(url), '{"recursive": true, "after": "~"}')["url"]
    if tune:
        _tune(folder, size, json)
        return
    result = _run(folder, size)
    if json:
        print_json({**asdict(result), "steps": [_step_json(each) for each in result.steps]})
    else:
        _print(result)


def _step_json(step: Step) -> dict[str, Any]:
    return {**asdict(step), "bytes_per_second": step.rate if step.bytes else None}


def _run(folder: str, size: int) -> Result:
    settings = _core.describe(folder + _NAME)
    result = Result(folder, settings["connections"], settings["codec_threads"])
    with temporary(folder) as name:
        for step in _steps(name, size):
            result.steps.append(step)
    return result


class _Interrupts:
    """Ctrl-C ends the measurement between two calls: where it arrives in the callback of a weak
    reference, such as those of h5py's ids, Python prints it and goes on. The second acts at once.
    """

    noted = False

    def __enter__(self) -> None:
        _Interrupts.noted = False
        self._ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._ours:
            signal.signal(signal.SIGINT, self._note)

    def __exit__(self, *_: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    @staticmethod
    def _note(*_: object) -> None:
        _Interrupts.noted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    @staticmethod
    def check() -> None:
        if _Interrupts.noted:
            raise KeyboardInterrupt


@contextlib.contextmanager
def temporary(folder: str) -> Iterator[str]:
    """A name of a file, which is removed with everything below it, whatever happens."""
    name = f"{folder}{_NAME}-{uuid.uuid4().hex[:12]}.h5"
    try:
        with _Interrupts():
            yield name
    finally:
        try:
            _remove(name)
        except (OSError, KeyboardInterrupt) as error:
            say(
                f"arraymorph: {name} could not be removed ({message_of(error)}); "
                f"`arraymorph rm --recursive {name}` does",
                error=True,
            )
            raise


def _remove(name: str) -> int:
    """The number of objects that were there."""
    count, after = 0, ""
    while True:
        page = _core.list(name, json_.dumps({"recursive": True, "after": after}))
        keys = [each[0] for each in page["objects"]]
        if keys:
            _core.remove_from(name, json_.dumps(keys))
        count += len(keys)
        after = page["next"]
        if not after:
            return count


def noise(size: int) -> Any:
    """`size` MiB that no filter makes smaller, in rows of 1 MiB."""
    import numpy as np

    return np.random.default_rng(1).integers(0, 256, (size, _CHUNK), dtype="u1")


def _ramp(size: int) -> Any:
    """The same amount of values as detectors give them: smooth, with noise in the last bits."""
    import numpy as np

    shape = (size, _CHUNK // 4)
    values = np.random.default_rng(2).integers(0, 32, shape, dtype="i4")
    values += np.arange(shape[1], dtype="i4") // 7
    return values


def _steps(name: str, size: int) -> Iterator[Step]:
    with _measured("first request", 0) as first, contextlib.suppress(FileNotFoundError):
        _core.head(name)
    yield first
    yield _latency(name)
    values = noise(size)  # one of the two at a time: they may be large
    yield write(name, "write, raw", "raw", values, {})
    yield read(name, "read, raw", "raw", values)
    gzip = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
    values = _ramp(size)
    yield write(name, "write, gzip", "gzip", values, gzip)
    yield read(name, "read, gzip", "gzip", values)
    yield _windows(name)
    with _measured("list", 0) as step:
        step.extra = f"{len(_core.inventory(name, '{}')['objects']):,} objects"
    yield step
    with _measured("remove", 0) as step:
        step.extra = f"{_remove(name):,} objects"
    yield step


@contextlib.contextmanager
def _measured(what: str, size: int) -> Iterator[Step]:
    step = Step(what, 0.0, size)
    before = _requests()
    started = time.perf_counter()
    yield step
    step.seconds = time.perf_counter() - started
    step.requests = _requests() - before
    _Interrupts.check()


def _requests() -> int:
    counted = _core.stats()
    return sum(counted[f"{verb}_requests"] for verb in _VERBS)


def write(name: str, what: str, path: str, values: Any, options: dict[str, Any]) -> Step:
    """A new dataset, flushed; opening the file is not measured."""
    with File(name, "a") as file:
        dataset = file.create_dataset(
            path, shape=values.shape, dtype=values.dtype, chunks=(1, values.shape[1]), **options
        )
        with _measured(what, values.nbytes) as step:
            for part in _parts(len(values)):
                dataset[part] = values[part]
            file.flush()
    if options:
        with File(name) as file:
            ratio = values.nbytes / file[path].id.get_storage_size()
        step.extra = f"{ratio:.1f} : 1"
    return step


def _parts(rows: int) -> Iterator[slice]:
    """Few enough that an interrupt does not have to wait for long."""
    for start in range(0, rows, _ROWS):
        _Interrupts.check()
        yield slice(start, min(start + _ROWS, rows))


def _latency(name: str) -> Step:
    """One small request after the other."""
    times = []
    with _measured("latency", 0) as step:
        for _ in range(_SMALL):
            started = time.perf_counter()
            with contextlib.suppress(FileNotFoundError):  # the server has answered
                _core.head(name)
            times.append(time.perf_counter() - started)
    times.sort()
    step.extra = f"median {times[_SMALL // 2] * 1e3:.1f} ms, slowest {times[-1] * 1e3:.1f} ms"
    return step


def read(name: str, what: str, path: str, values: Any) -> Step:
    """All of it, and whether it is what was written."""
    import numpy as np

    result = np.empty_like(values)
    with File(name) as file:
        dataset = file[path]
        with _measured(what, values.nbytes) as step:
            for part in _parts(len(values)):
                dataset.read_direct(result, part, part)
    if not np.array_equal(result, values):
        raise OSError(f"{name}: what was read from {path} is not what was written")
    return step


def _windows(name: str) -> Step:
    """4 KiB of every chunk in one call: as many requests as fast as they go."""
    with File(name) as file:
        dataset = file["raw"]
        with _measured("4 KiB of each chunk", dataset.shape[0] * 4096) as step:
            dataset[:, :4096]
    step.extra = f"{step.requests / step.seconds:,.0f} requests/s"
    return step


def _print(result: Result) -> None:
    say(
        f"{result.url}: {result.connections} connections, {result.codec_threads} codec threads "
        f"({' and '.join(_SETTINGS)} change them)"
    )
    rows = [
        (
            each.what,
            f"{each.seconds * 1e3:,.1f} ms",
            f"{size_text(round(each.rate))}/s" if each.bytes else "",
            f"{each.requests:,} requests",
            each.extra,
        )
        for each in result.steps
    ]
    print_rows(rows, right=(1, 2, 3))


def _tune(folder: str, size: int, json: bool) -> None:
    """A process for each number: connections are made once in a process."""
    results = []
    for number in _TUNED:
        if sys.stderr.isatty():
            say(f"{number} connections ...", error=True)
        results.append(_child(folder, size, number))
    if json:
        print_json(results)
        return
    rows = [("connections", "write, raw", "read, raw", "read, gzip", "4 KiB of each chunk")]
    for each in results:
        steps = {step["what"]: step for step in each["steps"]}
        rates = [f"{size_text(round(steps[what]['bytes_per_second']))}/s" for what in rows[0][1:4]]
        rows.append((str(each["connections"]), *rates, steps[rows[0][4]]["extra"]))
    print_rows(rows, right=range(5))
    best = max(results, key=_worth)["connections"]
    say(f"best here: ARRAYMORPH_CONNECTIONS={best}; one run each, differences of 10 % say little")


def _worth(result: dict[str, Any]) -> float:
    """Reading and writing count the same."""
    rates = {step["what"]: step["bytes_per_second"] for step in result["steps"]}
    return float(rates["write, raw"] * rates["read, raw"])


def _child(folder: str, size: int, connections: int) -> dict[str, Any]:
    environment = {**os.environ, "ARRAYMORPH_CONNECTIONS": str(connections)}
    words = [sys.executable, "-m", "arraymorph", "bench", folder, "--size", str(size), "--json"]
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"the run with {connections} connections failed")
    answer: dict[str, Any] = json_.loads(done.stdout)
    return answer
