"""Pointer files: local names for stored files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import arraymorph
import pytest
from conftest import Runner, Store


@pytest.fixture
def on(enabled_environment: dict[str, str]) -> dict[str, str]:
    return enabled_environment


def test_every_call_acts_on_the_file_behind(
    python: Runner, on: dict[str, str], store: Store, tmp_path: Path
) -> None:
    url = store.url("data/run42.h5")
    arraymorph.pointer(url, tmp_path / "p.h5")
    bytes_before = (tmp_path / "p.h5").read_bytes()
    python(
        f"""
import h5py
try:
    h5py.File("p.h5")
except FileNotFoundError as error:
    assert "p.h5 is an ArrayMorph pointer: there is no file {url}" in str(error), error
else:
    raise AssertionError
assert not h5py.is_hdf5("p.h5")
with h5py.File("p.h5", "x") as f:
    f["v"] = range(5)
    assert f.filename == "p.h5"
    f["link"] = h5py.ExternalLink("other.h5", "/v")
with h5py.File("{store.url("data/other.h5")}", "w") as f:
    f["v"] = 42
assert h5py.is_hdf5("p.h5")
try:
    h5py.File("p.h5", "x")
except FileExistsError:
    pass
else:
    raise AssertionError
with h5py.File("p.h5", "a") as f:
    f["v"][0] = 9
with h5py.File("{url}") as f:
    assert list(f["v"]) == [9, 1, 2, 3, 4]
with h5py.File("p.h5") as f, h5py.File("{url}") as same:
    assert f == same and f["link"][()] == 42
with h5py.File("p.h5", "w") as f:
    assert not list(f)
""",
        **on,
    )
    assert (tmp_path / "p.h5").read_bytes() == bytes_before


def test_delete_removes_the_file_behind(
    python: Runner, on: dict[str, str], local_store: Store, tmp_path: Path
) -> None:
    arraymorph.pointer(local_store.url("d.h5"), tmp_path / "p.h5")
    python(
        """
import h5py, ctypes, glob
h5py.File("p.h5", "w").close()
library = ctypes.CDLL(glob.glob(h5py.__path__[0] + ".libs/libhdf5-*")[0])
library.H5Fdelete.argtypes = [ctypes.c_char_p, ctypes.c_int64]
assert library.H5Fdelete(b"p.h5", 0) == 0
""",
        **on,
    )
    assert local_store.root is not None
    assert not (local_store.root / "d.h5").exists()
    assert (tmp_path / "p.h5").exists()


def test_goes_before_the_platform(
    python: Runner, on: dict[str, str], local_store: Store, tmp_path: Path
) -> None:
    """A name with a pointer means what the pointer says, whatever BUCKET_NAME or the root say."""
    arraymorph.pointer(f"file://{tmp_path}/elsewhere/q.h5", tmp_path / "p.h5")
    (tmp_path / "plain.h5").write_bytes(b"not a pointer")
    (tmp_path / "elsewhere").mkdir()
    python(
        """
import h5py
for name in "p.h5", "plain.h5":
    h5py.File(name, "w").close()
""",
        **on,
    )
    assert (tmp_path / "elsewhere/q.h5/.arraymorph/metadata.h5").exists()
    assert local_store.root is not None
    assert [path.name for path in local_store.root.iterdir()] == ["plain.h5"]
    assert (tmp_path / "plain.h5").read_bytes() == b"not a pointer"


def test_without_arraymorph(python: Runner, tmp_path: Path) -> None:
    arraymorph.pointer("s3://bucket/run42.h5", tmp_path / "p.h5")
    python(
        """
import h5py
with h5py.File("p.h5") as f:
    assert not list(f)
    assert "s3://bucket/run42.h5" in f.attrs["arraymorph_pointer"]
"""
    )


def test_damaged(python: Runner, on: dict[str, str], tmp_path: Path) -> None:
    arraymorph.pointer("s3://bucket/run42.h5", tmp_path / "p.h5")
    whole = (tmp_path / "p.h5").read_bytes()
    (tmp_path / "p.h5").write_bytes(
        whole.replace(b"s3://bucket/run42.h5\x14", b"xx" * 10 + b"\x14")
    )
    result = python("import h5py; h5py.File('p.h5')", check=False, **on)
    assert "p.h5 is a damaged ArrayMorph pointer; write it again" in result.stderr


@pytest.mark.parametrize(
    "url", ["run42.h5", "s3://bucket", "s3://bucket/a/", "file://x", "gs://b/k"]
)
def test_url_is_checked(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="."):
        arraymorph.pointer(url, tmp_path / "p.h5")
    assert not list(tmp_path.iterdir())


def test_never_replaces_another_file(tmp_path: Path) -> None:
    path = tmp_path / "p.h5"
    path.write_bytes(b"data")
    with pytest.raises(FileExistsError, match="not an ArrayMorph pointer"):
        arraymorph.pointer("s3://bucket/k", path)
    assert path.read_bytes() == b"data"
    path.unlink()
    arraymorph.pointer("s3://bucket/k", path)
    arraymorph.pointer("s3://bucket/another", path)
    assert b"s3://bucket/another" in path.read_bytes()
    assert [left.name for left in tmp_path.iterdir()] == ["p.h5"]


def test_command_line(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "arraymorph", "pointer", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert run("s3://bucket/k", "p.h5").returncode == 0
    assert b"s3://bucket/k" in (tmp_path / "p.h5").read_bytes()
    refused = run("bucket/k", "q.h5")
    assert (refused.returncode, refused.stderr[:12]) == (1, "arraymorph: ")
    assert run("s3://bucket/k").returncode == 2
