"""The picture of `arraymorph map` in a terminal: half blocks, two cells above each other in one."""

from __future__ import annotations

import math
from typing import Any

from .colours import MISSING, Scale, colour_at
from .map import Colour, Subject, facts
from .map_picture import number_text, scale_of
from .output import escaped

_NOT_FETCHED = "#44506a"


def show(subject: Subject) -> None:
    """On stdout; without colours where it is no terminal that has them."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(escaped(subject.name), style="bold"))
    for line in facts(subject):
        console.print(Text(escaped(line)))
    view = subject.view
    if view.down is not None:
        down, across = subject.axis_names[view.down], subject.axis_names[view.across]
        console.print(Text(escaped(f"{down} down, {across} across"), style="dim"))
    scale = scale_of(subject)
    values = _fit(view.values, max(20, console.width - 2))
    last = -(-subject.table.grid[0] // view.step[1]) if view.down is None else values.size
    if console.color_system is None:
        _show_digits(console, subject, values, scale)
        return
    colours = [
        [
            _colour(subject, value, scale) if row * values.shape[1] + column < last else ""
            for column, value in enumerate(line)
        ]
        for row, line in enumerate(values.tolist())
    ]
    size = max(1, min(6, (console.width - 2) // values.shape[1], 48 // len(colours)))
    colours = [
        [each for each in line for _ in range(size)] for line in colours for _ in range(size)
    ]
    if len(colours) % 2:
        colours.append([""] * len(colours[0]))
    for upper, lower in zip(colours[::2], colours[1::2], strict=True):
        text = Text()
        for top, bottom in zip(upper, lower, strict=True):
            back = f" on {bottom}" if bottom else ""
            text.append("▀" if top else " ", style=f"{top}{back}" if top else back.strip())
        console.print(text)
    console.print(_legend(subject, scale))


def _fit(values: Any, width: int) -> Any:
    """Neighbouring columns averaged, so that a line has at most `width`; rows as they are."""
    import warnings

    import numpy as np

    step = -(-values.shape[1] // width)
    if step == 1:
        return values
    padded = np.pad(values, ((0, 0), (0, -values.shape[1] % step)), constant_values=np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing stored
        return np.nanmean(padded.reshape(values.shape[0], -1, step), axis=2)


def _colour(subject: Subject, value: float, scale: Scale) -> str:
    if math.isnan(value):
        return MISSING
    if subject.colour is Colour.requests and value == 0:
        return _NOT_FETCHED
    return scale.colour(value)


def _legend(subject: Subject, scale: Scale) -> Any:
    from rich.text import Text

    text = Text(number_text(subject, scale.low) + " ")
    for step in range(16):
        text.append("█", style=colour_at(step / 15))
    text.append(f" {number_text(subject, scale.high)}   ")
    if subject.colour is Colour.requests:
        text.append("█", style=_NOT_FETCHED).append(" not fetched   ")
    return text.append("█", style=MISSING).append(" no chunk: fill value")


def _show_digits(console: Any, subject: Subject, values: Any, scale: Scale) -> None:
    """0 to 9 for low to high, a dot where nothing is stored: for what shows no colours."""
    for line in values.tolist():
        shown = ("." if math.isnan(value) else str(round(9 * scale.share(value))) for value in line)
        console.print("".join(shown), markup=False)
    low, high = number_text(subject, scale.low), number_text(subject, scale.high)
    console.print(f"0: {low}, 9: {high}, .: no chunk, fill value")
