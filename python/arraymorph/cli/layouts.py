"""What an entry of a store is: a file of chunk objects, a plain HDF5 file, or something else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .. import _core
from .names import parent_and_entry

METADATA = ".arraymorph/metadata.h5"  # of a file of chunk objects, below its name

# As _core.layout and _core.look_at call them, in words.
LAYOUTS = {"chunks": "chunk objects", "plain": "a plain HDF5 file", "missing": "missing"}


@dataclass(frozen=True)
class Layout:
    """`size`, `etag`, `modified`: of the metadata object, or of the plain file."""

    kind: str  # "chunks", "plain", "other", "missing"
    size: int = 0
    etag: str = ""
    modified: int = 0  # seconds since 1970; 0: not told

    @property
    def words(self) -> str:
        return LAYOUTS.get(self.kind, self.kind)


def layout_of(url: str) -> Layout:
    """Both questions at once; where both are there, the chunk objects go first, as in opening.

    Raises OSError when the store cannot be asked.
    """
    parent, entry = parent_and_entry(url)
    chunks, plain = (as_layout(each) for each in look_at(parent, [entry + "/", entry]))
    return chunks if chunks.kind != "missing" else plain


def look_at(folder: str, entries: list[str]) -> list[dict[str, Any]]:
    """_core.look_at, with the first entry that could not be asked as OSError."""
    found: list[dict[str, Any]] = _core.look_at(folder, json.dumps(entries))
    for each in found:
        if "error" in each:
            raise OSError(each["error"])
    return found


def as_layout(answer: dict[str, Any]) -> Layout:
    """An answer of _core.look_at."""
    return Layout(
        answer["layout"], answer.get("size", 0), answer.get("etag", ""), answer.get("modified", 0)
    )
