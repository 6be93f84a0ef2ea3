"""Fenced blocks of a Markdown page, in page order, with what a reader is not shown about them.

HTML comments right before a fence say how the test treats it:

    <!-- not run: REASON -->     skipped, for that reason
    <!-- status: 1 -->           the last command of the block ends with this exit status

and on a page's first line what all of it needs:

    <!-- needs: server, time, xarray -->   an S3 server with the bucket `my-bucket`; more time than
                                           everyday tests have (./just test-docs); packages

A block with title="NAME" is a file that the reader makes. A `text` block right after a `python`
block is what that prints. In shown output `...` stands for anything, as in doctest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
_COMMENT = re.compile(r"<!--\s*(not run|status|needs):\s*(.*?)\s*-->", re.DOTALL)


class PageError(Exception):
    """The page is not written as blocks are; the text says where."""


@dataclass
class Block:
    page: str
    line: int  # of the opening fence, from 1
    kind: str  # "python", "console", ...; the info string's first word
    title: str  # file name or ""
    text: str
    not_run: str = ""  # why
    status: int = 0
    prints: str | None = None  # of a python block: the text block behind it
    prints_line: int = 0  # of that block's fence

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass
class Page:
    name: str
    needs: list[str]
    blocks: list[Block]


@dataclass
class Command:
    """One command of a console block and the output shown below it."""

    text: str
    output: str

    @property
    def shown(self) -> str:
        """As the page has it."""
        return "$ " + "\n> ".join(self.text.rstrip("\n").split("\n")) + "\n"


def read_page(path: Path, name: str) -> Page:
    lines = path.read_text(encoding="utf-8").split("\n")
    first = _COMMENT.fullmatch(lines[0].strip())
    needs = first[2].split(", ") if first and first[1] == "needs" else []
    blocks: list[Block] = []
    at = 0
    above: list[str] = []  # lines between the last block and here
    while at < len(lines):
        if re.match(r"\s+(```|~~~)", lines[at]):
            raise PageError(f"{name}:{at + 1}: fences may not be indented")
        opening = _FENCE.match(lines[at])
        if opening is None:
            above.append(lines[at])
            at += 1
            continue
        end = next((n for n in range(at + 1, len(lines)) if lines[n].rstrip() == opening[1]), None)
        if end is None:
            raise PageError(f"{name}:{at + 1}: the fence is not closed")
        text = "".join(line + "\n" for line in lines[at + 1 : end])
        _add(blocks, _block(name, at + 1, opening[2].strip(), text, above), above)
        above = []
        at = end + 1
    return Page(name, needs, blocks)


def _block(page: str, line: int, info: str, text: str, above: list[str]) -> Block:
    kind = info.split(maxsplit=1)[0] if info else ""
    if not kind:
        raise PageError(f"{page}:{line}: the fence does not say what it holds")
    title = re.search(r'title="([^"]*)"', info)
    block = Block(page, line, kind, title[1] if title else "", text)
    # The comments that end right above the fence.
    behind = "\n".join(above).rpartition("\n\n")[2] if above and above[-1] else ""
    for comment in _COMMENT.finditer(behind):
        if comment[1] == "not run":
            block.not_run = " ".join(comment[2].split())
        elif comment[1] == "status":
            block.status = int(comment[2])
    return block


def _add(blocks: list[Block], block: Block, above: list[str]) -> None:
    last = blocks[-1] if blocks else None
    if block.kind == "text" and not block.title and not block.not_run:
        if last and last.kind == "python" and not "".join(above).strip():
            last.prints, last.prints_line = block.text, block.line
            return
        raise PageError(f"{block.name}: a text block follows a python block, or says why not")
    blocks.append(block)


def commands(block: Block) -> list[Command]:
    """`$ command`, more of it on lines with `> `, then its output."""
    found: list[Command] = []
    inside = False
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:] + "\n", ""))
            inside = True
        elif inside and (line.startswith("> ") or line == ">"):
            found[-1].text += line[2:] + "\n"
        elif found:
            inside = False
            found[-1].output += line + "\n"
        else:
            raise PageError(f"{block.name}: a console block begins with '$ '")
    return found
