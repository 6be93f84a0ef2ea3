"""`arraymorph tree`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from .. import _core
from .describe import (
    attributes_of,
    filters_of,
    shape_text,
    tuple_text,
    type_text,
    value_json,
    value_text,
)
from .inside import member, opened
from .names import file_url, split
from .output import escaped, message_of, one_line_errors, plural, print_json, size_text


@dataclass
class Node:
    """One object of the file, as it is shown."""

    name: str
    kind: str  # "group", "dataset", "type", "link", "broken"
    words: list[str] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)  # for --json
    attributes: dict[str, Any] = field(default_factory=dict)
    members: list[Node] = field(default_factory=list)
    hidden: int = 0  # members below --depth


@one_line_errors
def tree(
    url: Annotated[str, typer.Argument(help="a stored file, or FILE::/path")],
    path: Annotated[str | None, typer.Argument(help="where to begin in the file")] = None,
    *,
    depth: Annotated[
        int | None, typer.Option(min=0, help="levels below the beginning; all without it")
    ] = None,
    attributes: Annotated[
        bool, typer.Option("--attributes", "-a", help="show attributes and their values")
    ] = False,
    sizes: Annotated[
        bool,
        typer.Option(
            "--sizes/--no-sizes", help="sizes as stored; asks for the list of chunk objects"
        ),
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Show what is in a file: groups, datasets, shapes, types, chunks, filters, sizes.

    A size is what a dataset takes in the store; "4.0x" is how much larger its values are in memory.

    \b
    arraymorph tree s3://bucket/run42.h5
    arraymorph tree s3://bucket/run42.h5 /entry --depth 2
    arraymorph tree s3://bucket/run42.h5 --attributes
    """
    place, inside = split(url, path)
    place = file_url(place)
    with opened(place) as file:
        start = member(file, inside)
        stored = _Sizes(place) if sizes else None
        node = _Walk(stored, depth).look(start, inside, 0)
        if json:
            print_json({"url": place, "path": inside, **_as_json(node)})
            return
        node.name = place if inside == "/" else f"{place}::{inside}"
        _print(node, attributes)


class _Sizes:
    """Bytes as stored: one list of the objects of a file, or what HDF5 says."""

    def __init__(self, url: str) -> None:
        self._sizes: dict[int, int] = {}
        if url.startswith(("https://", "http://")):
            return
        answer = _core.inventory(url)
        if answer["state"] == "committed" and answer["datasets"]:
            answer = _core.inventory(url, "{}")
            self._sizes = {each["address"]: 0 for each in answer["datasets"]}
            for _, size, _, kind, address, _ in answer["objects"]:
                if kind == "chunk":
                    self._sizes[address] += size

    def of(self, dataset: Any, address: int) -> int:
        found = self._sizes.get(address)
        return int(dataset.id.get_storage_size()) if found is None else found


class _Walk:
    def __init__(self, sizes: _Sizes | None, depth: int | None) -> None:
        self._sizes = sizes
        self._depth = depth
        self._seen: dict[tuple[int, int], str] = {}  # objects with several names

    def look(self, item: Any, path: str, level: int) -> Node:
        import h5py

        info = h5py.h5o.get_info(item.id)
        name = path.rpartition("/")[2]
        key = (info.fileno, info.addr)
        if key in self._seen:
            first = self._seen[key]
            return Node(name, "link", [f"= {first}"], {"same_as": first})
        if info.rc > 1:
            self._seen[key] = path
        node = Node(name, "dataset")
        if isinstance(item, h5py.Group):
            node.kind = "group"
            self._members(node, item, path, level)
        elif isinstance(item, h5py.Datatype):
            node.kind = "type"
            node.content = {"type": type_text(item.id)}
            node.words = [node.content["type"]]
        else:
            self._dataset(node, item, info.addr)
        node.attributes = dict(attributes_of(item))
        if node.attributes:
            node.words.append(plural(len(node.attributes), "attribute"))
        return node

    def _members(self, node: Node, group: Any, path: str, level: int) -> None:
        import h5py

        if self._depth is not None and level >= self._depth:
            node.hidden = len(group)
            node.content = {"hidden": node.hidden}
            if node.hidden:
                node.words = [plural(node.hidden, "member")]
            return
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.SoftLink):
                node.members.append(Node(name, "link", [f"-> {link.path}"], {"target": link.path}))
            elif isinstance(link, h5py.ExternalLink):
                target = f"{link.filename}::{link.path}"
                node.members.append(Node(name, "link", [f"-> {target}"], {"target": target}))
            else:
                try:
                    below = self.look(group[name], f"{path.rstrip('/')}/{name}", level + 1)
                except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
                    said = message_of(error)
                    below = Node(name, "broken", [f"cannot be read: {said}"], {"error": said})
                node.members.append(below)

    def _dataset(self, node: Node, dataset: Any, address: int) -> None:
        space, kind = dataset.id.get_space(), dataset.id.get_type()
        plist = dataset.id.get_create_plist()
        filters, chunks = filters_of(plist), dataset.chunks
        node.content = {
            "shape": list(dataset.shape) if dataset.shape is not None else None,
            "type": type_text(kind),
            "chunks": list(chunks) if chunks else None,
            "filters": filters,
        }
        node.words = [f"{shape_text(space)} {node.content['type']}"]
        if chunks:
            node.words.append(f"chunks {tuple_text(chunks)}")
        if filters:
            node.words.append("+".join(filters))
        if self._sizes is not None:
            stored = self._sizes.of(dataset, address)
            memory = (dataset.size or 0) * kind.get_size()
            node.content |= {"bytes": memory, "stored": stored}
            ratio = f" ({memory / stored:.1f}x)" if stored and filters else ""
            node.words.append(size_text(stored) + ratio)


def _print(node: Node, attributes: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for before, each, inner in _lines(node, "", ""):
        text = Text(before, style="dim")
        text.append(escaped(each.name), style="bold" if each.kind == "group" else "")
        if each.kind == "group" and each is not node:
            text.append("/", style="bold")
        if each.words:
            text.append(
                escaped("  " + ", ".join(each.words)),
                style="dim" if each.kind != "broken" else "red",
            )
        console.print(text)
        if attributes:
            for name, value in each.attributes.items():
                line = escaped(f"{name} = {value_text(value)}")
                console.print(Text(f"{inner}@{line}", style="dim"))


def _lines(node: Node, first: str, rest: str) -> Iterator[tuple[str, Node, str]]:
    """What stands before each node, and before what belongs to it."""
    yield first, node, rest + ("│   " if node.members else "    ")
    for number, below in enumerate(node.members):
        last = number == len(node.members) - 1
        yield from _lines(
            below, rest + ("└── " if last else "├── "), rest + ("    " if last else "│   ")
        )


def _as_json(node: Node) -> dict[str, Any]:
    answer: dict[str, Any] = {"kind": node.kind, **node.content}
    answer["attributes"] = {name: value_json(value) for name, value in node.attributes.items()}
    if node.kind == "group":
        answer["members"] = {each.name: _as_json(each) for each in node.members}
    return answer
