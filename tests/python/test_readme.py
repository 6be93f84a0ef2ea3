"""The example in README.md does what it says."""

from __future__ import annotations

import re
from pathlib import Path

from conftest import Runner, Store

README = Path(__file__).resolve().parents[2] / "README.md"


def example(name: str = "example") -> str:
    found = re.search(f"<!-- {name} -->\n```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None, f"README.md has no {name}"
    return found[1]


def test_example_is_short() -> None:
    assert len([line for line in example().splitlines() if line.strip()]) <= 8


def test_example_runs(python: Runner, tmp_path: Path) -> None:
    result = python(example())
    assert result.stderr == ""
    assert result.stdout.strip() == "499.5"


def test_example_runs_on_s3(python: Runner, s3_store: Store) -> None:
    """The same lines with the place replaced by a bucket."""
    code = re.sub(r"arraymorph\.configure_local\(.*\)\n", "", example())
    assert code != example()
    assert python(code).stdout.strip() == "499.5"


def test_packages_example_runs(python: Runner) -> None:
    result = python(example("example: packages"))
    assert result.stderr == ""
    assert result.stdout.split() == ["3.0", "15.0"]


def test_packages_example_runs_on_s3(python: Runner, s3_store: Store) -> None:
    code = re.sub(r"store = .*\n", f"store = {s3_store.base!r}\n", example("example: packages"))
    assert python(code).stdout.split() == ["3.0", "15.0"]
