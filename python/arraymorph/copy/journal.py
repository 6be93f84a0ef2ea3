"""What an interrupted copy needs to go on: kept beside a local destination, else in the cache."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import _core
from .plan import Plan

_VERSION = 1


def folder_of(url: str) -> Path:
    """Where the journal of a copy to this destination lies."""
    if url.startswith("file://"):
        path = Path(url.removeprefix("file://"))
        return path.parent / f".~arraymorph-copy-{path.name}"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    server = str(_core.describe(url)["server"])
    name = hashlib.sha256(f"{server} {url}".encode()).hexdigest()[:32]
    return cache / "arraymorph" / "copy" / name


class Journal:
    """The journal of one destination. Nobody else copies there while it is open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, identity: dict[str, Any]) -> Plan | None:
        """The plan of an interrupted copy, where that was the same one."""
        try:
            kept = json.loads((self.folder / "copy.json").read_text(encoding="utf-8"))
            if kept != {"version": _VERSION, **identity}:
                return None
            return Plan.load(self.folder)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def stale_plan(self) -> Plan | None:
        """The plan of an interrupted copy, whichever it was."""
        try:
            return Plan.load(self.folder)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def begin(self, identity: dict[str, Any], plan: Plan) -> None:
        """From now on the copy can be resumed."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "copy.json").unlink()
        plan.save(self.folder)
        draft = self.folder / "copy.json.new"
        draft.write_text(json.dumps({"version": _VERSION, **identity}), encoding="utf-8")
        draft.replace(self.folder / "copy.json")

    def end(self) -> None:
        """Nothing is left to resume."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def locked(url: str) -> Iterator[Journal]:
    """The journal of the destination, for one process at a time. An empty one is removed."""
    folder = folder_of(url)
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(
                error.errno, f"another process is copying to {url} at this moment"
            ) from error
        try:
            yield journal
        finally:
            if not (folder / "copy.json").exists():
                journal.end()
