"""Write into pages what their blocks really put out, where that is something else.

Usage: python tests/docs/write_outputs.py docs/cli.md ...
Read the difference before you commit it: times, sizes and the like become `...` by hand.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import seaweed
from blocks import Block, Page, read_page
from reader import Reader
from session import open_session


def main() -> None:
    pages = [read_page(Path(name), name) for name in sys.argv[1:]]
    with contextlib.ExitStack() as stack:
        server = None
        if any("server" in page.needs for page in pages):
            server = stack.enter_context(seaweed.running()).environment()
        for page in pages:
            session = open_session(page.name, server if "server" in page.needs else None)
            try:
                write(page, Reader(page, session))
            finally:
                session.close()


def write(page: Page, reader: Reader) -> None:
    path = Path(page.name)
    lines = path.read_text(encoding="utf-8").split("\n")
    wrong = [(block, reader.result(block)) for block in page.blocks if not block.not_run]
    for block, what in reversed(wrong):
        if block.name in reader.real:
            replace(lines, block, reader.real[block.name])
        if what:
            print(f"{block.name}: {what}\n")
    path.write_text("\n".join(lines), encoding="utf-8")


def replace(lines: list[str], block: Block, text: str) -> None:
    new = text.rstrip("\n").split("\n")
    begin, old = block.line, block.text
    if block.kind == "python":
        if block.prints is None:
            begin = block.line + len(block.text.splitlines()) + 1
            lines[begin:begin] = ["```text", *new, "```"]
            return
        begin, old = block.prints_line, block.prints
    lines[begin : begin + len(old.splitlines())] = new


if __name__ == "__main__":
    main()
