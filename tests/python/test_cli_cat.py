"""`arraymorph cat`: text, CSV, NumPy files, in bounded memory."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import arraymorph
import numpy as np
import pytest
from arraymorph.cli.slices import blocks, read_slice, result_shape
from conftest import Command, Requests, Runner, Store

pytestmark = pytest.mark.usefixtures("small_objects")


def test_values_as_numpy_prints_them(url: str, command: Command) -> None:
    said = {
        "title": "hello, world\n",
        "number": "3.5\n",
        "nothing": "null\n",
        "names": "['one' 'two' 'drei']\n",
    }
    for name, text in said.items():
        done = command("cat", url, f"/entry/{name}")
        assert (done.returncode, done.stdout, done.stderr) == (0, text, "")
    cube = np.arange(24).reshape(2, 3, 4)
    assert command("cat", url, "/entry/cube").stdout == f"{cube}\n"
    for part, shown in ("1", cube[1]), ("...,2", cube[..., 2]), (":,0:2,::3", cube[:, 0:2, ::3]):
        assert command("cat", url + "::/entry/cube", "--slice", part).stdout == f"{shown}\n"
    assert command("cat", url, "/entry/cube", "-s", "-1,-1,-1").stdout == "23\n"


def test_a_person_types_it(url: str, arraymorph_program: Command) -> None:
    done = arraymorph_program("cat", url, "/entry/table", "--slice", "0:2", "--csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "x,name,ok\n0.0,abc,False\n0.25,abc,False\n"
    done = arraymorph_program("cat", url, "/entry/image")
    assert done.stdout == f"{np.arange(40000, dtype='f8').reshape(200, 200)}\n"
    assert done.stderr == "note: the ends of 200 x 200 elements; --full prints all\n"


def test_only_the_ends_are_read(
    s3_store: Store, command: Command, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.arange(120_000, dtype="i8").reshape(60, 2_000)
    with arraymorph.File(s3_store.url("wide.h5"), "w") as f:
        f.create_dataset("x", data=values, chunks=(10, 100))
    requests()
    done = command("cat", s3_store.url("wide.h5"), "/x")
    with np.printoptions(linewidth=200):
        assert done.stdout == f"{values}\n"
    assert requests()["get"] < 12


def test_full(url: str, command: Command) -> None:
    done = command("cat", url, "/entry/image", "--full")
    values = np.array(done.stdout.replace("[", " ").replace("]", " ").split(), dtype="f8")
    np.testing.assert_array_equal(values, np.arange(40000))


def test_csv(url: str, command: Command) -> None:
    done = command("cat", url, "/entry/image", "--csv")
    rows = list(csv.reader(io.StringIO(done.stdout)))
    np.testing.assert_array_equal(
        np.array(rows, dtype="f8"), np.arange(40000, dtype="f8").reshape(200, 200)
    )
    assert command("cat", url, "/entry/names", "--csv").stdout == "one\ntwo\ndrei\n"
    done = command("cat", url, "/entry/cube", "--csv")
    assert done.returncode == 2
    assert "take one or two with --slice" in done.stderr


def test_numpy_files(url: str, command: Command, tmp_path: Path) -> None:
    with arraymorph.File(url) as f:
        for name in "stack", "image", "line", "table", "cube", "number":
            path = tmp_path / f"{name}.npy"
            assert command("cat", url, f"/entry/{name}", "-o", str(path)).returncode == 0
            np.testing.assert_array_equal(np.load(path), f[f"entry/{name}"][()])
    path = tmp_path / "part.npy"
    command("cat", url, "/entry/stack", "--slice", "3, 10:50:7, :", "--npy", str(path))
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(np.load(path), f["entry/stack"][3, 10:50:7, :])
    command("cat", url, "/entry/names", "-o", str(tmp_path / "names"))
    assert np.load(tmp_path / "names.npy").tolist() == ["one", "two", "drei"]
    assert sorted(path.suffix for path in tmp_path.glob(".*")) == []  # no drafts


def test_errors(url: str, command: Command, tmp_path: Path) -> None:
    for words, status, said in (
        (["/entry"], 1, "is no dataset"),
        (["/nothing/here"], 1, "there is no /nothing/here in"),
        (["/entry/cube", "-s", "5"], 2, "outside an axis of 2"),
        (["/entry/cube", "-s", "1,1,1,1"], 2, "4 parts for an array of 3 axes"),
        (["/entry/cube", "-s", "a"], 2, "write 3, 0:10 or ::2"),
        (["/entry/cube", "-s", "::0"], 2, "the step"),
        (["/entry/number", "-s", "1"], 2, "no axes"),
        (["/entry/cube", "--csv", "-o", "x.npy"], 2, "exclude each other"),
    ):
        done = command("cat", url, *words)
        assert (done.returncode, done.stdout) == (status, ""), words
        assert said in done.stderr.replace("\n", " ")
    done = command("cat", url, "/entry/cube", "-o", str(tmp_path / "no" / "x.npy"))
    assert done.returncode == 1


@pytest.mark.parametrize("most", [8, 100, 1000, 10**9])
def test_blocks_are_the_selection_in_order(most: int) -> None:
    values = np.arange(7 * 11 * 13).reshape(7, 11, 13)
    for text in "", "1:6:2", "3", ":, 2:9, ::5", "..., 4", "2, 3", "5:2":
        index = read_slice(text, values.shape)
        parts = [values[each] for each in blocks(index, (2, 3, 13), 8, most)]
        whole = values[index]
        assert result_shape(index) == whole.shape
        joined = np.concatenate([part.reshape(-1) for part in parts])
        np.testing.assert_array_equal(joined, whole.reshape(-1), err_msg=text)
        assert all(part.nbytes <= max(most, 8) for part in parts)


def test_memory_is_bounded(local_store: Store, python: Runner, tmp_path: Path) -> None:
    """400 MB through a process that has not much more than it needs to start."""
    with arraymorph.File(local_store.url("large.h5"), "w") as f:
        f.create_dataset("x", (100, 1000, 1000), "f4", chunks=(1, 500, 1000), fillvalue=1)
    code = f"""
import resource, sys
from arraymorph.cli import app
sys.argv = ["arraymorph", "cat", {local_store.url("large.h5")!r}, "/x", "-o", "x.npy"]
import h5py
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    app()
except SystemExit as end:
    assert not end.code
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
unit = 1 if sys.platform == "darwin" else 1024
print(grown * unit)
"""
    grown = int(python(code, ARRAYMORPH_CACHE_BYTES="32M").stdout)
    assert grown < 200e6, f"{grown:,} bytes more"
    assert (np.load(tmp_path / "x.npy", mmap_mode="r")[99, 999, 990:] == 1).all()


def test_a_reader_that_stops(local_store: Store, tmp_path: Path) -> None:
    """As in `arraymorph cat ... | head`: no traceback."""
    import subprocess

    with arraymorph.File(local_store.url("x.h5"), "w") as f:
        f["x"] = np.arange(500_000)
    words = [sys.executable, "-m", "arraymorph", "cat", local_store.url("x.h5"), "/x", "--csv"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline() == b"0\n"
        program.stdout.close()
        said = program.stderr.read()
    assert said == b""
