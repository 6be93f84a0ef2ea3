"""`arraymorph ls`."""

from __future__ import annotations

import json as json_
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from .. import _core
from .inside import member, opened, rows_of
from .layouts import look_at
from .names import file_url, folder_name, split
from .output import one_line_errors, plural, print_json, print_rows, say, size_text, time_text

_BATCH = 1000  # entries asked for at a time


@dataclass
class Entry:
    """One line of a folder."""

    name: str
    layout: str  # "chunks", "plain", "folder", "other"
    bytes: int | None = None  # of a file of chunk objects: only when they have been listed
    objects: int | None = None
    modified: int = 0


@one_line_errors
def ls(
    url: Annotated[
        str,
        typer.Argument(
            help="a bucket, a folder, a file, or FILE::/path; without it the store that "
            "BUCKET_NAME or ARRAYMORPH_ROOT name"
        ),
    ] = "",
    path: Annotated[str | None, typer.Argument(help="a group of the file")] = None,
    *,
    total: Annotated[
        bool,
        typer.Option(
            "--total", help="sizes of files of chunk objects, too: lists all of their objects"
        ),
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="also objects that are no HDF5 files")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """List the HDF5 files of a bucket or folder, or the members of a group.

    Files are "chunks" (ArrayMorph's layout: an object for each chunk) or "plain" (one object that
    is an HDF5 file; the first bytes of each object are looked at). The chunk objects themselves
    are not walked, whatever their number, unless --total asks for it.

    \b
    arraymorph ls s3://bucket
    arraymorph ls s3://bucket/2025/
    arraymorph ls s3://bucket/2025/run42.h5
    arraymorph ls s3://bucket/2025/run42.h5 /entry/data
    """
    place, inside = split(url, path)
    if path is None and "::" not in url:
        found = _folder(folder_name(url), everything, total)
        if found["entries"] or found["others"]:
            _show_folder(found, json)
            return
        if not place or place.endswith("/"):
            if json:
                print_json(found)
            else:
                say(f"nothing lies in {found['url']}")
            return
    _show_members(file_url(place), inside, json)


def _folder(name: str, everything: bool, total: bool) -> dict[str, Any]:
    answer = _core.list(name)
    if not name.endswith("/") and _is_file(answer):
        return {"url": answer["url"], "entries": [], "others": 0}
    entries = []
    for folder in _asked(name, answer["folders"]):
        key = folder["key"].rstrip("/")
        if folder["layout"] == "chunks":
            entries.append(Entry(key, "chunks", modified=folder["modified"]))
        else:
            entries.append(Entry(key + "/", "folder"))
    objects = {key: (size, modified) for key, size, modified, _ in answer["objects"]}
    chunk_files = {each.name for each in entries if each.layout == "chunks"}
    others = 0
    for found in _asked(name, list(objects)):
        size, modified = objects[found["key"]]
        if found["layout"] == "plain" or everything:
            # Of two with one name, the chunk objects are opened.
            kind = "other" if found["key"] in chunk_files else found["layout"]
            entries.append(Entry(found["key"], kind, size, 1, modified))
        else:
            others += 1
    if total:
        for each in entries:
            if each.layout == "chunks":
                each.objects, each.bytes = _sum(f"{answer['url']}{each.name}")
    entries.sort(key=lambda each: each.name)
    return {
        "url": answer["url"],
        "entries": [asdict(each) for each in entries],
        "others": others,
    }


def _is_file(answer: dict[str, Any]) -> bool:
    """What lies below the name are the objects of one file, not files."""
    return ".arraymorph/" in answer["folders"] and (
        look_at(answer["url"].rstrip("/").rpartition("/")[0], [_last(answer["url"])])[0]["layout"]
        == "chunks"
    )


def _last(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2] + "/"


def _asked(name: str, keys: list[str]) -> list[dict[str, Any]]:
    found = []
    for start in range(0, len(keys), _BATCH):
        found += look_at(name, keys[start : start + _BATCH])
    return found


def _sum(folder: str) -> tuple[int, int]:
    """Objects and bytes below."""
    count = size = 0
    after = ""
    while True:
        page = _core.list(folder, json_.dumps({"recursive": True, "after": after}))
        count += len(page["objects"])
        size += sum(each[1] for each in page["objects"])
        after = page["next"]
        if not after:
            return count, size


def _show_folder(found: dict[str, Any], json: bool) -> None:
    if json:
        print_json(found)
        return
    rows = []
    for each in found["entries"]:
        size = "-" if each["bytes"] is None else size_text(each["bytes"])
        if each["layout"] == "chunks" and each["objects"] is not None:
            size += f" in {plural(each['objects'], 'object')}"
        folder = each["layout"] == "folder"
        rows.append(
            (time_text(each["modified"]), each["layout"], "" if folder else size, each["name"])
        )
    print_rows(rows, right=(2,))
    if found["others"]:
        say(f"note: besides {plural(found['others'], 'other object')}; --all lists them")


def _show_members(url: str, path: str, json: bool) -> None:
    with opened(url) as file:
        rows = list(rows_of(member(file, path)))
    if json:
        print_json({"url": url, "path": path, "members": [asdict(each) for each in rows]})
        return
    print_rows([(each.kind, each.shape, each.type, each.name + each.suffix) for each in rows])
