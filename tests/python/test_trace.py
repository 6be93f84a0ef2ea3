"""ARRAYMORPH_TRACE: what a program leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import arraymorph
import numpy as np
import pytest
from arraymorph.cli.trace_file import read_trace, rows_of
from conftest import Runner, Store

pytestmark = pytest.mark.usefixtures("small_objects")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_request_and_read(store: Store, python: Runner, tmp_path: Path) -> None:
    url = store.url("x.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("a/b", data=np.arange(10_000.0).reshape(100, 100), chunks=(10, 100))
    trace = tmp_path / "trace"
    python(
        "import arraymorph, json\n"
        f"f = arraymorph.File({url!r})\n"
        "f['a/b'][5:25, 3]\n"
        "open('stats', 'w').write(json.dumps(arraymorph.stats()))\n"
        "f.close()",
        ARRAYMORPH_TRACE=str(trace),
    )
    first, *rest = lines(trace)
    counted = json.loads((tmp_path / "stats").read_text())
    assert first["started"] > 1.7e9
    assert {each["pid"] for each in rest} == {first["process"]}
    gets = [each for each in rest if each["verb"] == "get"]
    assert len(gets) == counted["get_requests"]
    assert sum(each.get("bytes", 0) for each in gets) == counted["bytes_read"]
    asked = {each["url"]: each["status"] for each in gets}
    assert asked[f"{url}/.arraymorph/metadata.h5"] == "ok"
    assert asked[url] == "not found"  # a plain file of this name
    assert asked.keys() >= {f"{url}/a/b/c/{i}/0" for i in range(3)}
    (read,) = (each for each in rest if each["verb"] == "H5Dread")
    assert (read["dataset"], read["chunks"], read["bytes"]) == (f"{url}/a/b", 3, 160)
    assert (read["low"], read["high"]) == ([5, 3], [25, 4])
    assert all(0 <= each["start"] <= each["end"] for each in rest)


def test_forked_processes_share_the_file(
    local_store: Store, python: Runner, tmp_path: Path
) -> None:
    url = local_store.url("x.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=np.arange(80), chunks=(10,))
    code = f"""
import multiprocessing
import arraymorph

def read(number):
    with arraymorph.File({url!r}) as f:
        return int(f["x"][number * 10])

if __name__ == "__main__":
    read(0)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(read, range(8)) == list(range(0, 80, 10))
        pool.close()
        pool.join()
"""
    trace = tmp_path / "trace"
    python(code, ARRAYMORPH_TRACE=str(trace))
    seen = read_trace(trace)
    assert len(seen.reads) == 9
    assert seen.earlier == 0
    assert len({each["started"] for each in lines(trace) if "started" in each}) == 1


def test_a_file_that_cannot_be_written(local_store: Store, python: Runner) -> None:
    with arraymorph.File(local_store.url("x.h5"), "w") as f:
        f["x"] = 1
    code = f"import arraymorph; arraymorph.File({local_store.url('x.h5')!r})"
    done = python(code, check=False, ARRAYMORPH_TRACE="/no/such/directory/x")
    assert done.returncode == 1
    assert "ARRAYMORPH_TRACE=/no/such/directory/x cannot be opened" in done.stderr


def test_runs_in_one_file(tmp_path: Path) -> None:
    """The last one is what is shown; a line that is not complete is not there yet."""

    def line(**content: Any) -> str:
        return json.dumps(content) + "\n"

    path = tmp_path / "trace"
    path.write_text(
        line(process=1, started=1000.0)
        + line(pid=1, verb="get", url="a", start=0.0, end=0.5)
        + line(process=2, started=2000.0)
        + line(pid=2, verb="get", url="b", start=0.0, end=0.2)
        + line(pid=2, verb="H5Dread", dataset="/x", prefix="b", start=0.1, end=0.4)
        + line(pid=2, verb="get", url="c", start=30.0, end=30.5)
        + '{"pid": 2, "verb": "g'
    )
    seen = read_trace(path)
    assert [each.url for each in seen.requests] == ["b", "c"]
    assert [each.dataset for each in seen.reads] == ["/x"]
    assert (seen.earlier, seen.seconds) == (1, 30.5)
    assert rows_of(seen.requests) == [0, 0]
    path.write_text("hello\n")
    with pytest.raises(ValueError, match="line 1 of .* is not of a trace"):
        read_trace(path)
    path.write_text("")
    with pytest.raises(ValueError, match="holds no requests"):
        read_trace(path)
