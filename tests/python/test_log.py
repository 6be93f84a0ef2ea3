"""ARRAYMORPH_LOG: nothing by default, one line an event where asked for."""

from __future__ import annotations

import re

from conftest import Runner, Store

SESSION = """
import os, arraymorph, numpy as np
url = os.environ["FILE_URL"]
with arraymorph.File(url, "w") as file:
    file.create_dataset("x", data=np.arange(100_000.0), chunks=(10_000,))
with arraymorph.File(url) as file:
    assert file["x"][...].sum() == 4999950000.0
"""


def lines(python: Runner, url: str, level: str) -> list[str]:
    environment = {"ARRAYMORPH_LOG": level} if level else {}
    return python(SESSION, FILE_URL=url, **environment).stderr.splitlines()


def test_nothing_by_default(python: Runner, store: Store) -> None:
    assert lines(python, store.url("log.h5"), "") == []


def test_info_names_what_happens_to_files(python: Runner, store: Store) -> None:
    url = store.url("log.h5")
    assert lines(python, url, "info") == [
        f"arraymorph: info: creating {url}",
        f"arraymorph: info: committed {url}",
        f"arraymorph: info: opened {url}",
    ]


def test_debug_names_every_request(python: Runner, s3_store: Store) -> None:
    url = s3_store.url("log.h5")
    shown = lines(python, url, "debug")
    assert all(line.startswith("arraymorph: ") for line in shown)
    pattern = re.compile(
        r"arraymorph: debug: (GET|PUT) (s3://\S+): (\d+)[^,]*, (\d+) bytes, [\d.]+ ms$"
    )
    requests = [match.groups() for match in map(pattern.match, shown) if match]
    chunks = [each for each in requests if "/x/c/" in each[1]]
    assert sorted(each[0] for each in chunks) == ["GET"] * 10 + ["PUT"] * 10
    assert {each[3] for each in chunks} == {"80000"}
    assert {each[2] for each in chunks} <= {"200", "206"}
    assert ("GET", f"{url}/.arraymorph/metadata.h5") in {each[:2] for each in requests}


def test_levels_that_are_none(python: Runner, store: Store) -> None:
    result = python(SESSION, check=False, FILE_URL=store.url("log.h5"), ARRAYMORPH_LOG="loud")
    assert "ARRAYMORPH_LOG=loud" in result.stderr
