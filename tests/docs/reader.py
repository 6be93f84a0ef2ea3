"""Follows a page as a reader would: block after block, and compares what comes out."""

from __future__ import annotations

import difflib
import doctest
import json
import re
from collections.abc import Callable

import yaml
from blocks import Block, Page, commands
from session import Session

_SHELL = ("sh", "bash")
_PARSERS: dict[str, Callable[[str], object]] = {"json": json.loads, "yaml": yaml.safe_load}
_PLAIN = ("text", "diagram")  # nothing to run or to parse


class Reader:
    """Follows a page down to a block, each block once."""

    def __init__(self, page: Page, session: Session) -> None:
        self._page = page
        self._session = session
        self._results: list[str] = []  # of each block done: "" or what is wrong
        # What blocks that are wrong should be: a console block's text, what a python block prints.
        self.real: dict[str, str] = {}

    def result(self, block: Block) -> str:
        wanted = self._page.blocks.index(block)
        while len(self._results) <= wanted:
            each = self._page.blocks[len(self._results)]
            self._results.append("" if each.not_run else self._follow(each))
        return self._results[wanted]

    def _follow(self, block: Block) -> str:
        if block.title:
            self._session.write(block.title, block.text)
        elif block.kind == "python":
            status, output = self._session.run_python(block.text, block.line)
            wrong = _difference(block.prints or "", output, status, 0)
            if wrong:
                self.real[block.name] = trimmed(output)
            return wrong
        elif block.kind == "console":
            return self._console(block)
        elif block.kind in _SHELL:
            status, output = self._session.run_shell(block.text)
            return "" if status == block.status else f"exit status {status}\n{output}"
        elif block.kind not in (*_PARSERS, *_PLAIN):
            return f"nobody knows how to run a {block.kind} block"
        if block.kind in _PARSERS:
            _PARSERS[block.kind](block.text)
        return ""

    def _console(self, block: Block) -> str:
        all_commands = commands(block)
        wrong = ""
        real = ""
        for each in all_commands:
            status, output = self._session.run_shell(each.text)
            expected = block.status if each is all_commands[-1] else 0
            difference = _difference(each.output, output, status, expected)
            real += each.shown + (trimmed(output) if difference else each.output)
            if difference and not wrong:
                wrong = f"$ {each.text}{difference}"
        if wrong:
            self.real[block.name] = real
        return wrong


def _difference(shown: str, output: str, status: int, expected: int) -> str:
    shown, output = trimmed(shown), trimmed(output)
    if status != expected:
        return f"exit status {status} instead of {expected}:\n{output}"
    if doctest.OutputChecker().check_output(shown, output, doctest.ELLIPSIS):
        return ""
    lines = difflib.unified_diff(
        shown.splitlines(), output.splitlines(), "the page", "the output", lineterm="", n=99
    )
    return "\n".join(lines)


def trimmed(text: str) -> str:
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n")
    return text + "\n" if text else ""
