"""`arraymorph pointer`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..pointer import pointer as make_pointer
from .output import one_line_errors


@one_line_errors
def pointer(
    url: Annotated[
        str, typer.Argument(help="s3://bucket/name, file:///directory/name or https://host/path")
    ],
    path: Annotated[Path, typer.Argument(help="the local file to make")],
    create: Annotated[
        bool, typer.Option("--create", help="make an empty file at URL first, if none is there")
    ] = False,
) -> None:
    """Make a local file that leads to a stored one.

    For programs that look at the local disk before they ask HDF5: netCDF4, PyTables, file dialogs.

    \b
    arraymorph pointer s3://bucket/run42.h5 run42.h5
    """
    make_pointer(url, path, create=create)
