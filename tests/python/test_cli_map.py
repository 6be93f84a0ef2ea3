"""`arraymorph map`: the right chunks in the right cells, in every form of picture."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

import arraymorph
import numpy as np
import pytest
from arraymorph.cli.grid_view import choose_axes
from conftest import Command, Runner, Store

SVG = "{http://www.w3.org/2000/svg}"

pytestmark = pytest.mark.usefixtures("small_objects")


def titles(path: Path) -> list[str]:
    """What the rectangles of an SVG picture say under the pointer."""
    root = xml.etree.ElementTree.parse(path).getroot()
    return [str(each.text) for each in root.iter(SVG + "title")][1:]


def test_cells(url: str, command: Command, tmp_path: Path) -> None:
    picture = tmp_path / "map.svg"
    done = command(
        "map", url, "/entry/stack", "--axes", "0,2", "--at", "0,20,0", "-o", str(picture)
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    cells = titles(picture)
    assert len(cells) == 20 * 4
    with arraymorph.File(url) as f:
        sizes: dict[tuple[int, ...], int] = {}
        f["entry/stack"].id.chunk_iter(lambda chunk: sizes.update({chunk.chunk_offset: chunk.size}))
    for number, title in enumerate(cells):
        place = (number // 4, 1, number % 4)
        element = (place[0], 15, place[2] * 20)
        assert title.startswith(f"chunk {place}, from element {element}: ")
        size = sizes.get(element)
        said = "not stored: fill value" if size is None else f"{size} bytes"
        assert title.endswith(f": {said}")
    text = picture.read_text()
    assert "int32 (20, 60, 80), chunks (1, 15, 20) of 1.2 kB, shuffle+gzip(4)" in text
    assert "160 of 320 chunks stored" in text
    assert "axis 1 at 15 to 29" in text
    assert text.count('fill="url(#hatch)"') == 40 + 1  # and one in the legend


def test_other_colours_and_datasets(url: str, command: Command, tmp_path: Path) -> None:
    picture = tmp_path / "map.svg"
    command("map", url + "::/entry/stack", "--color", "ratio", "-o", str(picture))
    assert "in memory : stored" in picture.read_text()
    command("map", url, "/entry/line", "-o", str(picture))
    assert titles(picture) == [f"chunk {i}: 800 bytes" for i in range(10)]
    done = command("map", url, "/entry/image", "-o", str(picture))
    assert done.returncode == 0, done.stderr
    assert len(titles(picture)) == 1


def test_in_the_terminal(
    url: str, arraymorph_program: Command, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = arraymorph_program("map", url, "/entry/line")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "/entry/line"
    assert "10 of 10 chunks stored" in done.stdout
    assert "0000000000" in done.stdout
    for name, value in (("FORCE_COLOR", "1"), ("COLORTERM", "truecolor"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    shown = command("map", url, "/entry/stack").stdout
    assert "▀" in shown
    assert "\x1b[38;2;" in shown


def test_a_traced_read(url: str, command: Command, python: Runner, tmp_path: Path) -> None:
    """One column through all planes, then one of these planes."""
    trace = tmp_path / "trace"
    python(
        f"import arraymorph\nwith arraymorph.File({url!r}) as f:\n"
        "    d = f['entry/stack']\n    d[:10, 3, 3]\n    d[4, :, :]\n",
        ARRAYMORPH_TRACE=str(trace),
        ARRAYMORPH_READ_AHEAD="0",
    )
    done = command("map", url, "/entry/stack", "--trace", str(trace), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    counts = {tuple(each["index"]): each["requests"] for each in found["chunks"]}
    for place in [(i, 0, 0) for i in range(10)] + [(4, i, j) for i in range(4) for j in range(4)]:
        assert counts[place] >= 1, place
    if found["requests"] > 20:  # of chunk objects; of a plain file neighbours come along
        assert sum(counts.values()) == 25
    picture = tmp_path / "trace.svg"
    done = command("map", url, "/entry/stack", "--trace", str(trace), "-o", str(picture))
    assert re.match(r"\d+ requests in .* s, at most \d+ at a time", done.stdout)
    assert "for /entry/stack" in done.stdout or "of /entry/stack" in done.stdout
    assert "2 reads of 19.2 kB of values" in done.stdout
    text = picture.read_text()
    assert "get: this dataset" in text
    assert "requests over time" in text
    assert "2 calls of read" in text
    bars = [each for each in titles(picture) if each.startswith("get ")]
    assert len(bars) == sum(
        json.loads(line).get("verb") == "get" for line in trace.read_text().splitlines()
    )
    assert command("map", url, "/entry/stack", "--trace", str(trace)).returncode == 0


def test_png(url: str, command: Command, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is an optional dependency")
    picture = tmp_path / "map.png"
    done = command("map", url, "/entry/stack", "-o", str(picture))
    assert done.returncode == 0, done.stderr
    with image.open(picture) as opened:
        assert opened.width > 1000
        colours = opened.convert("RGB").getcolors(1 << 24)
    assert len(colours) > 50


def test_without_pillow(
    local_store: Store, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with arraymorph.File(local_store.url("x.h5"), "w") as f:
        f.create_dataset("x", data=np.arange(10_000), chunks=(100,))
    monkeypatch.setitem(sys.modules, "PIL", None)
    done = command("map", local_store.url("x.h5"), "/x", "-o", str(tmp_path / "x.png"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'arraymorph[map]'" in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_large_grids_share_cells(local_store: Store, command: Command, tmp_path: Path) -> None:
    with arraymorph.File(local_store.url("x.h5"), "w") as f:
        f.create_dataset("x", (1000, 500), "i4", chunks=(1, 500))[::2] = 7
        f.create_dataset("none", (100_000,), "i4", chunks=(1,))
    picture = tmp_path / "x.svg"
    command("map", local_store.url("x.h5"), "/x", "-o", str(picture))
    assert "each cell is 9 x 1 chunks, averaged over those stored" in picture.read_text()
    assert len(titles(picture)) == 112
    command("map", local_store.url("x.h5"), "/none", "-o", str(picture))
    assert "0 of 100,000 chunks stored, 0 bytes" in picture.read_text()


def test_errors(url: str, command: Command, tmp_path: Path) -> None:
    for words, status, said in (
        (["/entry"], 1, "is no dataset"),
        (["/entry/title"], 1, "has no chunks"),
        (["/entry/stack", "-o", "x.pdf"], 2, "neither .svg nor .png"),
        (["/entry/stack", "--axes", "0,3"], 2, "axes 0 to 2"),
        (["/entry/stack", "--axes", "1,1"], 2, "the same"),
        (["/entry/stack", "--at", "0,0"], 2, "is no element"),
        (["/entry/stack", "--color", "requests"], 2, "needs --trace"),
        (["/entry/stack", "--trace", str(tmp_path / "no")], 1, "No such file"),
    ):
        done = command("map", url, *words)
        assert (done.returncode, done.stdout) == (status, ""), (words, done)
        assert said in done.stderr, words


@pytest.mark.parametrize(
    ("grid", "axes"),
    [
        ((5,), (None, 0)),
        ((3, 4), (0, 1)),
        ((30, 8, 12), (1, 2)),
        ((30, 1, 1), (0, 2)),
        ((9, 1, 7), (0, 2)),
    ],
)
def test_the_axes_that_are_shown(grid: tuple[int, ...], axes: Any) -> None:
    assert choose_axes(grid, "") == axes
