"""What the commands share: errors in one line, sizes, ages, a progress bar on long work."""

from __future__ import annotations

import functools
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import typer

_Arguments = ParamSpec("_Arguments")
_Value = TypeVar("_Value")

# What a terminal obeys instead of showing it, and what changes the order of the letters around it.
# Names, values and causes come from files and servers. Lone surrogates are bytes that are no UTF-8.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def escaped(text: str, keep: str = "") -> str:
    """What a terminal may have of the text: `\\x1b` for the escape character. `keep` may stay."""

    def escape(found: re.Match[str]) -> str:
        character = found[0]
        if character in keep:
            return character
        if character in "\n\r\t":
            return repr(character)[1:-1]
        code = ord(character)
        byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
        return f"\\x{byte:02x}" if byte < 0x100 else f"\\u{code:04x}"

    return _OBEYED.sub(escape, text)


def say(text: str, error: bool = False) -> None:
    """One line, escaped, on stdout or stderr: for all that may hold what others have written."""
    print(escaped(text), file=sys.stderr if error else sys.stdout)


def one_line_errors(command: Callable[_Arguments, _Value]) -> Callable[_Arguments, _Value]:
    """An error that a user can meet ends the command with one line and status 1, no traceback."""

    @functools.wraps(command)
    def run(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> _Value:
        try:
            return command(*arguments, **options)
        except (typer.Exit, BrokenPipeError):  # the first is a RuntimeError
            raise
        except typer.BadParameter as error:
            error.message = escaped(error.message)
            raise
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            say(f"arraymorph: {message_of(error)}", error=True)
            raise typer.Exit(1) from error

    return run


def message_of(error: BaseException) -> str:
    """Without the errno in front: the exception's class has said it."""
    if isinstance(error, OSError) and error.strerror and not error.filename:
        return error.strerror
    if isinstance(error, KeyError) and len(error.args) == 1:
        return str(error.args[0])
    return str(error)


def print_json(content: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(content, indent=2))


def plural(count: int, noun: str) -> str:
    """1 object, 2 objects."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size_text(size: int) -> str:
    """Bytes exactly as long as they are few, else in units of 1000."""
    if size < 1000:
        return plural(size, "byte")
    number, unit = float(size), ""
    for unit in ("kB", "MB", "GB", "TB", "PB"):  # noqa: B007
        number /= 1000
        if number < 1000:
            break
    return f"{number:.1f} {unit}"


def time_text(seconds: float) -> str:
    """Seconds since 1970 as local date and time; blank when 0."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""


def print_rows(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Columns as wide as they need, two spaces apart; those of `right` end at one line. Escaped."""
    shown = [[escaped(text) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = [
            text.rjust(width) if number in right else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
            if width
        ]
        print("  ".join(cells).rstrip())


def age_text(seconds: float) -> str:
    """The largest unit that is not zero."""
    for unit in ("d", "h", "m"):
        if seconds >= _UNITS[unit]:
            return f"{int(seconds // _UNITS[unit])} {unit}"
    return f"{max(int(seconds), 0)} s"


def read_age(text: str) -> float:
    """Seconds of "1d", "12h", "30m", "45s", "2w" or "0"; a usage error otherwise."""
    if text.strip() == "0":
        return 0.0
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no age: write 1d, 12h, 30m, 45s, or 0 for any")
    return float(found[1]) * _UNITS[found[2]]


Advance = Callable[[int], None]


@contextmanager
def progress(label: str, total: int) -> Iterator[Advance]:
    """A bar on stderr while it is a terminal; the value is called with what has been done."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)
