"""`arraymorph gc`."""

from __future__ import annotations

import json as json_
import time
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from .. import _core
from .output import (
    age_text,
    message_of,
    one_line_errors,
    plural,
    print_json,
    progress,
    read_age,
    say,
    size_text,
)
from .stored import Object, Stored, stored

_REMOVABLE = ("superseded", "outside", "trash", "orphan", "scratch")
# A commit made them so, and readers of the state before may still need them: they are as young as
# the last commit. Nobody has ever read the others.
_LATELY_NEEDED = ("superseded", "outside", "trash")
_BATCH = 1000  # keys; the metadata object is looked at before each


@dataclass
class Plan:
    """What is to go, what is too young for it, and what is none of our business."""

    url: str
    state: str
    etag: str
    seconds: float  # the least age
    remove: list[Object] = field(default_factory=list)
    young: list[Object] = field(default_factory=list)
    foreign: list[Object] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)  # trash of which nothing is left afterwards

    @property
    def size(self) -> int:
        return sum(each.size for each in self.remove)


@one_line_errors
def gc(
    url: Annotated[str, typer.Argument(help="the stored file, as h5py.File is given it")],
    older_than: Annotated[
        str,
        typer.Option(
            help="leave younger objects alone: an unfinished writer's look like leftovers, and "
            "readers may need what the last commit gave up (30m, 12h, 1d, 2w; 0: any age)"
        ),
    ] = "1d",
    delete: Annotated[
        bool, typer.Option("--delete", help="really remove; without it nothing is changed")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Remove objects below a stored file that its committed state does not need.

    They are left by crashed writers, failed removals, and, with ARRAYMORPH_WRITE=new-objects, by
    every commit. Without --delete it only says what it would remove. Where there is no file any
    more, all chunks below its name are leftovers. Objects with names that ArrayMorph does not give,
    and files whose names start with this one's, are never touched.

    Nothing is removed from a file whose metadata object cannot be read. The metadata object is
    looked at again right before; when it has changed, gc stops.

    \b
    arraymorph gc s3://bucket/run42.h5
    arraymorph gc s3://bucket/run42.h5 --older-than 2w --delete
    """
    seconds = read_age(older_than)
    with stored(url) as file:
        found = plan(file, seconds)
    if delete:
        _refuse_foreign(found)
        _remove(found)
    if json:
        print_json(_as_json(found, delete))
    else:
        _print(found, delete)


def plan(file: Stored, seconds: float) -> Plan:
    """Sorts the objects; raises where what the file needs cannot be known."""
    if file.state == "damaged":
        raise OSError(
            f"nobody knows what {file.url} needs, nothing was removed: its metadata object cannot "
            f"be read ({file.error}); restore it, or delete the whole file"
        )
    if file.broken:
        raise OSError(
            f"nobody knows what {file.url} needs, nothing was removed: {file.broken[0]}; "
            "`arraymorph verify` says more"
        )
    if file.state == "missing" and not file.objects:
        if _core.layout(file.url)["layout"] == "plain":
            raise ValueError(
                f"{file.url} is a plain HDF5 file, one object: there is nothing to collect "
                "(arraymorph rm removes it)"
            )
        raise FileNotFoundError(
            f"there is no file {file.url}, and nothing lies under its name ({file.error})"
        )
    found = Plan(file.url, file.state, file.etag, seconds)
    now = time.time()
    for each in file.objects:
        if each.kind in ("unknown", "other_file"):
            found.foreign.append(each)
        elif each.kind in _REMOVABLE:
            since = max(each.modified, file.committed if each.kind in _LATELY_NEEDED else 0)
            old = seconds == 0 or (since > 0 and now - since >= seconds)
            (found.remove if old else found.young).append(each)
    left = [each.key for each in found.young if each.kind == "trash"]
    found.emptied = [
        prefix for prefix in file.trash if not any(key.startswith(prefix + "/") for key in left)
    ]
    return found


def _refuse_foreign(found: Plan) -> None:
    unknown = [each.key for each in found.foreign if each.kind == "unknown"]
    if found.state == "missing" and unknown and found.remove:
        raise OSError(
            f"there is no file {found.url}, and what lies there does not look like one's leftovers "
            f"alone ({unknown[0]}, for one, is not ArrayMorph's): nothing was removed; move "
            "those objects away first"
        )


def _remove(found: Plan) -> None:
    keys = [each.key for each in found.remove]
    done = 0
    with progress("objects", len(keys)) as advance:
        while done < len(keys):
            batch = keys[done : done + _BATCH]
            try:
                _core.remove(found.url, json_.dumps(batch), found.etag)
            except OSError as error:
                raise OSError(
                    error.errno,
                    f"stopped after {done} of {plural(len(keys), 'object')}: {message_of(error)}",
                ) from error
            done += len(batch)
            advance(len(batch))
    if found.emptied:
        _core.note_emptied(found.url, json_.dumps(found.emptied))


def _print(found: Plan, delete: bool) -> None:
    now = time.time()
    for each in found.remove:
        age = age_text(now - each.modified) + " old" if each.modified else "age unknown"
        say(f"{each.kind}: {each.key}: {size_text(each.size)}, {age}")
    if found.state == "missing":
        say("note: there is no file of this name; what lies under it is left over")
    if found.young:
        size = sum(each.size for each in found.young)
        say(
            f"note: {plural(len(found.young), 'object')}, {size_text(size)}, younger than "
            f"{age_text(found.seconds)}, or given up by a commit that is; left alone"
        )
    if found.foreign:
        say(f"note: {plural(len(found.foreign), 'object')} of others; left alone")
    what = f"{plural(len(found.remove), 'object')}, {size_text(found.size)}"
    if delete:
        say(f"{found.url}: removed {what}")
    else:
        say(f"{found.url}: would remove {what}" + ("; --delete does" if found.remove else ""))


def _as_json(found: Plan, delete: bool) -> dict[str, Any]:
    def listed(objects: list[Object]) -> list[dict[str, Any]]:
        return [
            {"key": each.key, "bytes": each.size, "modified": each.modified, "kind": each.kind}
            for each in objects
        ]

    return {
        "url": found.url,
        "state": found.state,
        "older_than": found.seconds,
        "deleted": delete,
        "bytes": found.size,
        "remove": listed(found.remove),
        "young": listed(found.young),
        "foreign": listed(found.foreign),
    }
