"""Temporary files: what programs unlink on the local disk only never goes to the store."""

from __future__ import annotations

from pathlib import Path

import arraymorph
from conftest import Runner, Store


def test_which_names_are_temporary(
    python: Runner, enabled_environment: dict[str, str], local_store: Store, tmp_path: Path
) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "work").mkdir()
    python(
        """
import h5py, os, tempfile
here = os.getcwd()
def made(name):
    h5py.File(name, "w").close()
    with h5py.File(name, "r+") as f:
        assert f.filename == name
    return "local" if os.path.exists(name) and os.path.getsize(name) else "stored"

assert tempfile.gettempdir() == here + "/tmp"
assert made(here + "/tmp/x.h5") == "local"
assert made(here + "/tmp/deep.h5") == "local"
with tempfile.NamedTemporaryFile(suffix=".h5") as file:
    assert made(file.name) == "local"
    assert h5py.is_hdf5(file.name)
descriptor, name = tempfile.mkstemp(".tmp", "pytables-", "work")
assert os.path.isabs(name) and made(name) == "local"

# Not beside the directory, nor relative, nor ending in .tmp without such a file on the disk.
for name in "/tmpx.h5", "/work/x.h5", "/work/none.tmp":
    assert made(here + name) == "stored", name
for name in "relative.tmp", "tmp/y.h5":
    assert made(name) == "stored", name
""",
        **enabled_environment,
        TMPDIR=str(tmp_path / "tmp"),
    )


def test_indexes_of_pytables_leave_nothing_in_the_store(
    python: Runner, enabled_environment: dict[str, str], store: Store, tmp_path: Path
) -> None:
    """Its temporaries lie beside the file, or where the program wants them."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tmp").mkdir()
    arraymorph.pointer(store.url("events.h5"), tmp_path / "events.h5")
    python(
        """
import h5py, os, tables
opened = []
open_file = tables.open_file
tables.file.open_file = lambda name, *rest: opened.append(name) or open_file(name, *rest)
with open_file("events.h5", "w") as f:
    t = f.create_table("/", "t", {"a": tables.Int32Col(), "b": tables.Int32Col()})
    t.append([(i * 7 % 500, i * 3 % 500) for i in range(500)])
    t.cols.a.create_csindex(_blocksizes=(300, 60, 20, 5))
    t.cols.b.create_index(
        9, "full", tmp_dir="elsewhere", _blocksizes=(300, 60, 20, 5)
    )
with open_file("events.h5") as f:
    t = f.root.t
    assert t.cols.a.is_indexed and t.cols.b.is_indexed
    assert [r["b"] for r in t.where("a == 7")] == [3]
    assert [r["a"] for r in t.where("b == 3")] == [7]
assert len(opened) >= 2 and all(name.endswith(".tmp") for name in opened), opened
assert set(os.listdir(".")) - {"store"} == {"elsewhere", "events.h5", "tmp"}
assert not os.listdir("elsewhere")
# Without the local files these names lead to the store.
assert not any(h5py.h5f.is_hdf5(name.encode()) for name in opened)
""",
        **enabled_environment,
        TMPDIR=str(tmp_path / "tmp"),
    )
    if store.root is not None:
        assert [path.name for path in store.root.iterdir()] == ["events.h5"]
