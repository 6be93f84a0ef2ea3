"""`arraymorph rm`."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from .. import _core
from .layouts import METADATA, Layout, layout_of
from .names import file_url, folder_name
from .output import (
    escaped,
    message_of,
    one_line_errors,
    plural,
    print_json,
    progress,
    say,
    size_text,
)

_FOREIGN = ("unknown", "other_file")
_BATCH = 1000  # keys
_MOST_FILES = 20  # named in the question


@dataclass
class Plan:
    """What is to go."""

    url: str
    layout: Layout
    objects: int = 0
    bytes: int = 0
    foreign: int = 0  # objects below a file's name that are not its own
    files: list[str] = field(default_factory=list)  # of a folder: those of chunk objects

    def words(self) -> str:
        what = f"{plural(self.objects, 'object')}, {size_text(self.bytes)}"
        if self.layout.kind == "folder":
            return (
                f"the folder {self.url}, {plural(len(self.files), 'file')} of chunk objects, {what}"
            )
        if self.layout.kind == "missing":
            return f"what is left of {self.url}, {what}"
        return f"{self.url}, {self.layout.words}, {what}"


@one_line_errors
def rm(
    url: Annotated[str, typer.Argument(help="a stored file, or a folder with --recursive")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="only say what would be removed")
    ] = False,
    recursive: Annotated[
        bool,
        typer.Option("--recursive", "-r", help="a folder with everything in it, HDF5 or not"),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Remove a stored file, after asking: a plain one, or one of chunk objects.

    Of a file of chunk objects the metadata object goes first: the file is gone at once, and what a
    run that is cut off leaves behind, a second one removes. Objects below its name that are not
    its own stay. There is no way back.

    \b
    arraymorph rm s3://bucket/run42.h5 --dry-run
    arraymorph rm s3://bucket/run42.h5
    arraymorph rm --recursive s3://bucket/scratch/
    """
    plan = _plan_folder(folder_name(url)) if recursive else _plan_file(url)
    if plan.foreign and not json:
        say(f"note: {plural(plan.foreign, 'object')} below the name are not the file's and stay")
    for each in plan.files[:_MOST_FILES]:
        say(f"  {each}", error=True)
    if len(plan.files) > _MOST_FILES:
        say(f"  and {len(plan.files) - _MOST_FILES:,} more", error=True)
    if not dry_run and not yes:
        if not sys.stdin.isatty():
            raise OSError(f"would remove {plan.words()}; say --yes where nobody can be asked")
        typer.confirm(escaped(f"Remove {plan.words()}?"), abort=True, err=True)
    if not dry_run:
        _remove(plan)
    if json:
        print_json(
            {
                "url": plan.url,
                "layout": plan.layout.kind,
                "objects": plan.objects,
                "bytes": plan.bytes,
                "removed": not dry_run,
            }
        )
    else:
        say(f"{'would remove' if dry_run else 'removed'} {plan.words()}")


def _plan_file(name: str) -> Plan:
    if name.rstrip("/") != name or (name.count("/") < 3 and "://" in name):
        raise typer.BadParameter(f"{name!r} is a folder; --recursive removes one with all it holds")
    url = file_url(name)
    layout = layout_of(url)
    if layout.kind == "other":
        raise ValueError(
            f"{url} is no HDF5 file; nothing was removed. `arraymorph rm --recursive` removes "
            "folders with whatever they hold"
        )
    if layout.kind == "plain":
        return Plan(url, layout, 1, layout.size)
    listed = _core.inventory(url, "{}")["objects"]
    own = [each for each in listed if each[3] not in _FOREIGN]
    if layout.kind == "missing" and not own:
        hint = ""
        if listed:
            hint = f"; {plural(len(listed), 'object')} below that name: a folder needs --recursive"
        raise FileNotFoundError(f"there is no file {url}{hint}")
    if layout.kind == "chunks" and len(own) == 1:
        # In a damaged file nobody knows yet which objects are its own.
        own += [each for each in listed if each[3] == "unknown" and _is_damaged(url)]
    foreign = len(listed) - len(own)
    return Plan(url, layout, len(own), sum(each[1] for each in own), foreign)


def _is_damaged(url: str) -> bool:
    return bool(_core.inventory(url)["state"] == "damaged")


def _plan_folder(name: str) -> Plan:
    plan = Plan(_core.list(name)["url"], Layout("folder"))
    for page in _pages(name):
        plan.objects += len(page)
        plan.bytes += sum(each[1] for each in page)
        plan.files += [
            each[0].removesuffix("/" + METADATA)
            for each in page
            if each[0].endswith("/" + METADATA)
        ]
    if plan.objects == 0:
        raise FileNotFoundError(f"nothing lies in {plan.url}")
    return plan


def _pages(name: str) -> Iterator[list[list[Any]]]:
    after = ""
    while True:
        page = _core.list(name, json_.dumps({"recursive": True, "after": after}))
        yield page["objects"]
        after = page["next"]
        if not after:
            return


def _remove(plan: Plan) -> None:
    try:
        if plan.layout.kind == "folder":
            _remove_folder(plan)
        elif plan.layout.kind == "plain":
            _core.remove_file(plan.url, "plain", plan.layout.etag)
        else:
            _remove_file(plan)
    except OSError as error:
        raise OSError(
            error.errno, f"{message_of(error)}; the same command goes on where this one has stopped"
        ) from error


def _remove_file(plan: Plan) -> None:
    if plan.layout.kind == "chunks":
        _core.remove_file(plan.url, "chunks", plan.layout.etag)
    # Without a metadata object what looks like a chunk is a leftover, in a damaged file as well.
    listed = _core.inventory(plan.url, "{}")["objects"]
    keys = [each[0] for each in listed if each[3] not in _FOREIGN]
    with progress("objects", len(keys)) as advance:
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            _core.remove(plan.url, json_.dumps(batch), "")
            advance(len(batch))


def _remove_folder(plan: Plan) -> None:
    metadata = [f"{each}/{METADATA}" for each in plan.files]
    with progress("objects", plan.objects) as advance:
        for start in range(0, len(metadata), _BATCH):
            batch = metadata[start : start + _BATCH]
            _core.remove_from(plan.url, json_.dumps(batch))
            advance(len(batch))
        for page in _pages(plan.url):
            if page:
                _core.remove_from(plan.url, json_.dumps([each[0] for each in page]))
            advance(len(page))
