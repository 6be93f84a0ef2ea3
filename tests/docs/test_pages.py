"""Every fenced block of README.md and docs/ does what the page says: blocks.py has the rules."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from blocks import Block, Page, read_page
from reader import Reader

ROOT = Path(__file__).resolve().parents[2]


def _pages() -> list[Page]:
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [read_page(path, str(path.relative_to(ROOT))) for path in paths]


PAGES = _pages()


BLOCKS = [pytest.param(page, block, id=block.name) for page in PAGES for block in page.blocks]


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_block(page: Page, block: Block, reader_of: Callable[[Page], Reader], every: bool) -> None:
    if block.not_run:
        pytest.skip(block.not_run)
    if "time" in page.needs and not every:
        pytest.skip("takes its time; ./just test-docs runs it")
    packages = [name for name in page.needs if name not in ("server", "time")]
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    if absent:
        said = f"{', '.join(absent)} not installed; ./just test-docs installs what all pages need"
        if every:
            pytest.fail(said)
        pytest.skip(said)
    wrong = reader_of(page).result(block)
    if wrong:
        pytest.fail(f"{block.name}: {wrong}", pytrace=False)


def test_the_example_of_the_readme_is_short() -> None:
    readme = next(page for page in PAGES if page.name == "README.md")
    first = next(block for block in readme.blocks if block.kind == "python")
    assert len([line for line in first.text.splitlines() if line.strip()]) <= 8
