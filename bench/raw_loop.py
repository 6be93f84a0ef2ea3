"""aws-c-s3 alone (raw_loop.cc), in the settings that were fastest."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from measure import touch_memory

PROGRAMS = Path(__file__).resolve().parents[1] / "build" / "default" / "bench"
SMALL_BYTES = 64 << 10
PART_BYTES = 4 << 20  # the fastest of 1, 4, 8, 16 and more MiB


def get(
    count: int, size: int, prefix: str | None = None, file: Path | None = None
) -> dict[str, Any]:
    """`file`: what comes is written there, until it is on the disk."""
    # Receiving in place and a second event loop only pay for objects of some size.
    settings = ["in-flight=128"]
    if size < SMALL_BYTES:
        settings += ["in-place=0", "loops=1"]
    if file is not None:
        settings.append(f"file={file}")
    return _run("get", count, size, settings, prefix)


def get_parts(key: str, like: Path) -> dict[str, Any]:
    """All bytes of the object `key`, which are those of the file `like`, over new connections."""
    return _run("get", 0, PART_BYTES, ["in-flight=128", "warm=0", f"like={like}"], key)


def put(count: int, size: int, prefix: str | None = None) -> dict[str, Any]:
    return _run("put", count, size, ["loops=1"] if size < SMALL_BYTES else [], prefix)


def _run(
    verb: str, count: int, size: int, settings: list[str], prefix: str | None = None
) -> dict[str, Any]:
    command = [str(PROGRAMS / "raw_loop"), verb, f"count={count}", f"size={size}", *settings]
    command.append(f"prefix={prefix or f'raw/{count}x{size}'}")
    touch_memory()
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    result: dict[str, Any] = json.loads(said)
    return result
