"""Pages and .env.example name the variables that the program reads, as it reads them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import seaweed

ROOT = Path(__file__).resolve().parents[2]
# What other programs define: ArrayMorph does not judge the values.
_FREE = ("bucket", "region", "key id", "secret", "token", "profile", "directory", "file")


@dataclass
class Row:
    name: str
    values: str
    default: str
    example: str = ""


def in_source() -> dict[str, Row]:
    """The list kVariables: {"NAME", "values", "default", "meaning"}, strings may be split."""
    text = (ROOT / "src/runtime/config/variables.cc").read_text()
    listing = text[text.index("kVariables") : text.index("});", text.index("kVariables"))]
    string = r'"(?:[^"\\]|\\.)*"'
    rows = {}
    for entry in re.findall(rf"\{{((?:\s*{string}\s*,?)+)\}}", listing):
        joined = re.sub(r'"\s*"(?=[^,}])', "", re.sub(r"\s*\n\s*", "", entry))
        name, values, default, *_ = re.findall(string, joined)
        row = Row(name.strip('"'), values.strip('"'), default.strip('"'))
        rows[row.name] = row
    return rows


def on_the_page() -> dict[str, Row]:
    rows = {}
    for line in (ROOT / "docs/configuration.md").read_text().splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and re.match("`[A-Z]", cells[0]):
            name, _, example = cells[0].strip("`").partition("=")
            row = Row(name, cells[1], cells[2].removeprefix("-"), example)
            assert row.name not in rows, f"{row.name} twice"
            rows[row.name] = row
    return rows


SOURCE, PAGE = in_source(), on_the_page()


def test_the_source_was_understood() -> None:
    assert len(SOURCE) > 30
    assert all(row.values for row in SOURCE.values())


def test_the_page_has_all() -> None:
    assert set(PAGE) == set(SOURCE)
    for name, row in PAGE.items():
        assert (row.values, row.default) == (SOURCE[name].values, SOURCE[name].default), name


def test_the_readme_has_all() -> None:
    readme = (ROOT / "README.md").read_text()
    section = readme[readme.index("## Configuration") : readme.index("## Looking after")]
    named = set(re.findall(r"`((?:AWS|ARRAYMORPH|STORAGE|BUCKET)_[A-Z0-9_]+)", section))
    assert named == set(SOURCE)


def test_the_settings_file_has_all() -> None:
    """Each once; what is commented out says what holds without it, where that is a value."""
    text = (ROOT / ".env.example").read_text()
    lines = re.findall(r"^(# )?([A-Z0-9_]+)=(.*)$", text, re.MULTILINE)
    named = [name for _, name, _ in lines]
    assert sorted(named) == sorted(SOURCE)
    for comment, name, value in lines:
        default = SOURCE[name].default
        if comment and re.fullmatch(r"[A-Za-z0-9~./-]+", default):
            assert value == default or default in SOURCE, name
        assert " " not in value, f"{name}: not every program knows comments behind values"


Variables = dict[str, str]


def said(directory: Path, cases: list[Variables]) -> list[str]:
    """What ArrayMorph says, with each of these settings, when it creates a file and when it is
    asked for its endpoint: "" or the error."""
    code = f"""
import json, os
import arraymorph
from arraymorph import _core
said = []
for variables in {cases!r}:
    for name in list(os.environ):
        if name.startswith({seaweed.SETTINGS!r}):
            del os.environ[name]
    os.environ.update(variables)
    try:
        arraymorph.File("file://{directory}/x.h5", "w").close()
        _core.describe("s3://bucket/x.h5")
        said.append("")
    except Exception as error:
        said.append(str(error))
print(json.dumps(said))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    messages: list[str] = json.loads(done.stdout)
    return messages


def test_examples_are_accepted(tmp_path: Path) -> None:
    """All at once; those that contradict others apart."""
    examples = {name: row.example for name, row in PAGE.items()}
    assert all(examples.values())
    profiles = tmp_path / "profiles"
    profiles.write_text("[profile lab]\nregion = garage\n")
    examples["AWS_CONFIG_FILE"] = str(profiles)
    apart = [
        {"AWS_USE_TLS": examples.pop("AWS_USE_TLS"), "AWS_ENDPOINT_URL_S3": "localhost:1"},
        {"ARRAYMORPH_USE_TLS": examples.pop("ARRAYMORPH_USE_TLS"), "AWS_ENDPOINT_URL": "h:1"},
        {"ARRAYMORPH_ANONYMOUS": examples.pop("ARRAYMORPH_ANONYMOUS")},
    ]
    assert said(tmp_path, [examples, *apart]) == ["", "", "", ""]


def test_nonsense_is_refused(tmp_path: Path) -> None:
    """So that an accepted example says something."""
    names = [name for name, row in SOURCE.items() if row.values not in _FREE]
    bare = {"AWS_ENDPOINT_URL_S3": "localhost:1"}
    cases = [
        {**(bare if name.endswith("USE_TLS") else {}), name: "ftp://nonsense"} for name in names
    ]
    for name, message in zip(names, said(tmp_path, cases), strict=True):
        assert name in message
