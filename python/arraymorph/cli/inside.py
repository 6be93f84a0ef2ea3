"""Open a stored file for reading, and what lies in a group of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..file import File
from .describe import shape_text, type_text
from .output import message_of


@dataclass
class Row:
    """One member of a group; a dataset's own line when it is asked for."""

    kind: str  # "group", "dataset", "type", "link", "broken"
    name: str
    shape: str = ""
    type: str = ""
    target: str = ""  # of a soft or external link
    error: str = ""

    @property
    def suffix(self) -> str:
        """What follows the name in a list."""
        if self.kind == "group":
            return "/"
        return f" -> {self.target}" if self.target else f": {self.error}" if self.error else ""


@contextmanager
def opened(url: str) -> Iterator[Any]:
    """The h5py.File; FileNotFoundError names the file and what to look for."""
    try:
        file = File(url)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no file {url}") from error
    try:
        yield file
    finally:
        file.close()


def member(file: Any, path: str) -> Any:
    """The group, dataset or type at `path`."""
    try:
        return file[path]
    except KeyError as error:
        if _leads_elsewhere(file, path):
            raise OSError(
                f"{path} in {file.filename} cannot be followed: {message_of(error)}"
            ) from error
        raise FileNotFoundError(
            f"there is no {path} in {file.filename}: {message_of(error)}"
        ) from error


def _leads_elsewhere(file: Any, path: str) -> bool:
    import h5py

    try:
        return isinstance(file.get(path, getlink=True), h5py.ExternalLink)
    except (KeyError, OSError, RuntimeError, ValueError):
        return False


def rows_of(item: Any) -> Iterator[Row]:
    """The members of a group in the order of their names."""
    import h5py

    if not isinstance(item, h5py.Group):
        yield row(item, item.name)
        return
    for name in item:
        link = item.get(name, getlink=True)
        if isinstance(link, h5py.SoftLink):
            yield Row("link", name, target=link.path)
        elif isinstance(link, h5py.ExternalLink):
            yield Row("link", name, target=f"{link.filename}::{link.path}")
        else:
            try:
                yield row(item[name], name)
            except (OSError, RuntimeError, KeyError, ValueError) as error:
                yield Row("broken", name, error=message_of(error))


def row(item: Any, name: str) -> Row:
    """What `item` is."""
    import h5py

    if isinstance(item, h5py.Group):
        count = len(item)
        return Row("group", name, f"{count:,} member{'' if count == 1 else 's'}")
    if isinstance(item, h5py.Datatype):
        return Row("type", name, type=type_text(item.id))
    return Row("dataset", name, shape_text(item.id.get_space()), type_text(item.id.get_type()))
