"""The clock around what is measured, and the comparison after it."""

from __future__ import annotations

import mmap
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
TOUCHED = "BENCH_TOUCHED_BYTES"  # variable of a measurement's environment


class DifferentError(Exception):
    """A program returned other values than were stored."""


def measured(call: Callable[[], T]) -> tuple[T, dict[str, Any]]:
    """What `call` returns; seconds of wall and CPU (user and system, all threads of this process),
    and by how much the memory in use grew at most, bytes."""
    touch_memory()
    before = _status("VmRSS")
    _reset_peak()
    cpu, start = _cpu(), time.perf_counter()
    result = call()
    wall = time.perf_counter() - start
    used = _cpu() - cpu
    return result, {"wall": wall, "cpu": used, "peak_bytes": _status("VmHWM") - before}


def touch_memory() -> None:
    """Write to memory and give it back, as much as the environment says. A virtual machine may have
    given to its host what nobody used for a second, and to get it back takes many times as long as
    what is measured here."""
    step = 2 << 20
    size = int(os.environ.get(TOUCHED, "0")) // step * step
    if size == 0:
        return
    ones = b"\1" * step
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        if hasattr(mmap, "MADV_HUGEPAGE"):
            memory.madvise(mmap.MADV_HUGEPAGE)
        for begin in range(0, size, step):
            memory[begin : begin + step] = ones


def check(got: Any, expected: Any) -> None:
    """DifferentError unless both hold the same values in the same shape."""
    import numpy as np

    if not np.array_equal(np.asarray(got), expected):
        raise DifferentError("the values read are not the values written")


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _status(name: str) -> int:
    path = Path("/proc/self/status")
    if not path.exists():  # not Linux
        return 0
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) << 10
    raise KeyError(name)


def _reset_peak() -> None:
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5", encoding="ascii")
