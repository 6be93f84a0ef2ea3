"""A drawing of rectangles, lines and text: as SVG by itself, as PNG with Pillow."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

_SCALE = 2  # pixels of a PNG for each unit
_HATCH = 6  # units between the lines of missing things
_FONTS = "Helvetica, Arial, 'DejaVu Sans', sans-serif"

Anchor = Literal["start", "middle", "end"]


@dataclass
class Rectangle:
    """`fill`: "#rrggbb", or "hatch"."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    title: str = ""  # shown under the pointer


@dataclass
class Text:
    """`y` is the base line; `turn` 90: upwards."""

    x: float
    y: float
    text: str
    size: float = 12
    anchor: Anchor = "start"
    colour: str = "#222222"
    bold: bool = False
    turn: int = 0


@dataclass
class Line:
    """From one point to another."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = "#888888"
    width: float = 1


@dataclass
class Picture:
    """Drawn in order, on white; units are CSS pixels, y grows downwards."""

    width: float
    height: float
    title: str
    items: list[Rectangle | Text | Line] = field(default_factory=list)

    def add(self, *items: Rectangle | Text | Line) -> None:
        self.items += items

    def save(self, path: Path) -> None:
        """As the suffix says; ValueError for another than .svg and .png."""
        if path.suffix.lower() == ".svg":
            path.write_text(self.svg(), encoding="utf-8")
        elif path.suffix.lower() == ".png":
            _save_png(self, path)
        else:
            raise ValueError(f"{path} is neither .svg nor .png")

    def svg(self) -> str:
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:g}" '
            f'height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'font-family="{_FONTS}">',
            f"<title>{escape(self.title)}</title>",
            f'<defs><pattern id="hatch" width="{_HATCH}" height="{_HATCH}" '
            'patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            f'<rect width="{_HATCH}" height="{_HATCH}" fill="#f1f1f1"/>'
            f'<line x1="0" y1="0" x2="0" y2="{_HATCH}" stroke="#bdbdbd" stroke-width="2"/>'
            "</pattern></defs>",
            f'<rect width="{self.width:g}" height="{self.height:g}" fill="#ffffff"/>',
            *map(_svg, self.items),
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def _svg(item: Rectangle | Text | Line) -> str:
    if isinstance(item, Rectangle):
        fill = "url(#hatch)" if item.fill == "hatch" else item.fill
        start = (
            f'<rect x="{item.x:.2f}" y="{item.y:.2f}" width="{item.width:.2f}" '
            f'height="{item.height:.2f}" fill="{fill}"'
        )
        return f"{start}><title>{escape(item.title)}</title></rect>" if item.title else start + "/>"
    if isinstance(item, Line):
        return (
            f'<line x1="{item.x1:.2f}" y1="{item.y1:.2f}" x2="{item.x2:.2f}" y2="{item.y2:.2f}" '
            f'stroke="{item.colour}" stroke-width="{item.width:g}"/>'
        )
    turn = f' transform="rotate(-90 {item.x:.2f} {item.y:.2f})"' if item.turn else ""
    bold = ' font-weight="bold"' if item.bold else ""
    return (
        f'<text x="{item.x:.2f}" y="{item.y:.2f}" font-size="{item.size:g}" '
        f'text-anchor="{item.anchor}" fill="{item.colour}"{bold}{turn}>{escape(item.text)}</text>'
    )


def _save_png(picture: Picture, path: Path) -> None:
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise OSError(
            "a PNG needs Pillow: pip install 'arraymorph[map]'; a name that ends in .svg needs "
            "nothing"
        ) from error
    size = (round(picture.width * _SCALE), round(picture.height * _SCALE))
    image = Image.new("RGB", size, "white")
    hatched = _hatched(size)
    draw = ImageDraw.Draw(image)
    for item in picture.items:
        if isinstance(item, Rectangle):
            left, top = round(item.x * _SCALE), round(item.y * _SCALE)
            right = max(left + 1, round((item.x + item.width) * _SCALE))
            bottom = max(top + 1, round((item.y + item.height) * _SCALE))
            if item.fill == "hatch":
                box = (left, top, right, bottom)
                image.paste(hatched.crop(box), box)
            else:
                draw.rectangle((left, top, right - 1, bottom - 1), fill=item.fill)
        elif isinstance(item, Line):
            ends = [round(each * _SCALE) for each in (item.x1, item.y1, item.x2, item.y2)]
            draw.line(ends, fill=item.colour, width=max(1, round(item.width * _SCALE)))
        else:
            _draw_text(image, draw, item)
    image.save(path)


def _hatched(size: tuple[int, int]) -> Any:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", size, "#f1f1f1")
    draw = ImageDraw.Draw(image)
    step = round(_HATCH * _SCALE * 2**0.5)
    for start in range(-size[1], size[0], step):
        draw.line((start, size[1], start + size[1], 0), fill="#bdbdbd", width=2 * _SCALE)
    return image


def _draw_text(image: Any, draw: Any, item: Text) -> None:
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(item.size * _SCALE)
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[item.anchor]
    stroke = 1 if item.bold and item.size >= 16 else 0  # would close small letters
    if not item.turn:
        place = (item.x * _SCALE, item.y * _SCALE)
        draw.text(place, item.text, fill=item.colour, font=font, anchor=anchor, stroke_width=stroke)
        return
    left, top, right, bottom = draw.textbbox((0, 0), item.text, font=font, anchor="ls")
    text = Image.new("L", (round(right - left) + 2, round(bottom - top) + 2))
    ImageDraw.Draw(text).text((1 - left, 1 - top), item.text, fill=255, font=font, anchor="ls")
    turned = text.rotate(90, expand=True)
    x = round(item.x * _SCALE + top)
    shift = {"start": 1.0, "middle": 0.5, "end": 0.0}[item.anchor]
    y = round(item.y * _SCALE - turned.height * shift)
    image.paste(item.colour, (x, y, x + turned.width, y + turned.height), turned)
