"""`arraymorph copy`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import one_line_errors, plural, print_json, say, size_text

if TYPE_CHECKING:
    from ..copy import Copied, Progress

_HELP = """Copy an HDF5 file between plain files and object storage.

SRC and DST are paths of local files, or URLs: s3://bucket/name, file:///directory/name. A copy to
a path is a plain HDF5 file; a copy to a URL has the chunk layout, an object for each chunk, that
programs read and write in parallel (--layout says otherwise).

Chunks move as they are stored, without being decoded, unless --rechunk or --compression ask for
another encoding. The copy appears at DST when it is complete. After an interruption the same
command goes on where it was.

\b
Examples:
  arraymorph copy run42.h5 s3://lab/run42.h5            import
  arraymorph copy s3://lab/run42.h5 run42.h5            export, or download a plain file
  arraymorph copy s3://lab/run42.h5 s3://archive/run42.h5
  arraymorph copy --layout plain run42.h5 s3://lab/run42.h5    upload as it is
  arraymorph copy --rechunk /image=1,512,512 --compression zstd scan.h5 s3://lab/scan.h5
  arraymorph copy --verify --json run42.h5 s3://lab/run42.h5
"""


@one_line_errors
def copy(  # noqa: PLR0917  (what the command line has)
    src: Annotated[str, typer.Argument(metavar="SRC", help="The file to copy.")],
    dst: Annotated[str, typer.Argument(metavar="DST", help="Where the copy goes.")],
    layout: Annotated[
        str | None,
        typer.Option(metavar="plain|chunks", help="Of the copy. Default: by DST, see above."),
    ] = None,
    rechunk: Annotated[
        list[str] | None,
        typer.Option(
            metavar="/PATH=N,N",
            help="New chunk shape of a dataset, which is encoded anew; may be repeated.",
        ),
    ] = None,
    compression: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:LEVEL]",
            help="Encode all chunked datasets anew: gzip, gzip:4, zstd, zstd:10, lzf, none.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace DST; it stays until the copy is complete.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read the copy again and compare it with SRC.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(help="Go on with an interrupted copy; --no-resume: start over."),
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say what was done as one JSON object.")
    ] = False,
) -> None:
    """See _HELP, which typer shows."""
    from ..copy import copy as copy_file

    chosen = _layout(layout)
    shapes = dict(_shape(each) for each in rechunk or [])
    try:
        with _bar() as report:
            done = copy_file(
                src,
                dst,
                layout=chosen,
                rechunk=shapes,
                compression=compression,
                overwrite=overwrite,
                verify=verify,
                resume=resume,
                progress=report,
            )
    except KeyboardInterrupt as interrupt:
        goes_on = "starts over" if shapes or compression else "goes on from here"
        say(f"arraymorph: interrupted; the same command {goes_on}", error=True)
        raise typer.Exit(130) from interrupt
    if as_json:
        print_json(done._asdict())
    else:
        say(_summary(done, dst))


copy.__doc__ = _HELP


def _layout(text: str | None) -> Any:
    if text not in (None, "plain", "chunks"):
        raise typer.BadParameter(f"{text!r} is no layout: write plain or chunks")
    return text


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    path, equal, sizes = text.rpartition("=")
    numbers = sizes.split(",")
    if not equal or not path.startswith("/") or not all(n.strip().isdigit() for n in numbers):
        raise typer.BadParameter(f"{text!r} is no chunk shape: write --rechunk /path=64,64")
    return path, tuple(int(n) for n in numbers)


def _summary(done: Copied, dst: str) -> str:
    rate = done.bytes / done.seconds if done.seconds > 0 else 0.0
    noun = "part" if done.target_layout == "plain" else "chunk"
    text = f"{dst}: {size_text(done.bytes)} in {plural(done.items, noun)}"
    text += f", {done.seconds:.1f} s ({size_text(int(rate))}/s)"
    if done.resumed:
        text += f", {plural(done.resumed, noun)} of an earlier run"
    if done.dangling_references:
        text += f", {plural(done.dangling_references, 'reference')} led nowhere and are null now"
    return text + (", verified" if done.verified else "")


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    """Bytes, chunks, rate and time left on stderr, while that is a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[items]}"),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("structure", total=None, items="")
        stage = "structure"

        def report(now: Progress) -> None:
            nonlocal stage
            if now.stage != stage:
                stage = now.stage
                bar.reset(task, description=stage)
            items = f"{now.items:,}/{now.total_items:,} items" if now.total_items else ""
            bar.update(task, completed=now.bytes, total=now.total_bytes or None, items=items)

        yield report
