"""What a user writes for a file, a folder, or a place inside a file."""

from __future__ import annotations

import errno
import posixpath
from pathlib import Path

import typer

from .. import _core

Place = tuple[str, str]  # URL of a file, path inside it


def split(name: str, path: str | None = None) -> Place:
    """ "URL::/path", or URL and path apart, as what to open and an absolute path in it."""
    url, marked, inside = name.partition("::")
    if marked and path is not None:
        raise typer.BadParameter(f"{name!r} has a path already; give it once")
    inside = inside if marked else path or "/"
    return url, posixpath.normpath("/" + inside.strip("/"))


def file_url(name: str) -> str:
    """The URL of a file, which need not exist; sends no request.

    A file of the local disk that nobody else claims is one as well: "x.h5" is file:///.../x.h5.
    """
    try:
        return str(_core.describe(name)["url"])
    except OSError as error:
        if error.errno == errno.EINVAL and "://" not in name and Path(name).exists():
            return "file://" + str(Path(name).absolute())
        raise


def folder_name(name: str) -> str:
    """The same for a folder; a directory of the local disk is one where no store is configured."""
    try:
        _core.describe("x")
    except OSError:
        if name and "://" not in name and Path(name).is_dir():
            return "file://" + str(Path(name).absolute())
    return name


def parent_and_entry(url: str) -> tuple[str, str]:
    """ "s3://bucket/a/x.h5" is x.h5 in s3://bucket/a."""
    parent, _, entry = url.rpartition("/")
    return parent, entry
