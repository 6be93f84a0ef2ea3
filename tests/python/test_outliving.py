"""Objects of every kind that outlive their file, in every order of closing: no crash, and
everything that was written through them is stored."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Runner, Store

# Each filter of `FILTERS` that only libhdf5 runs, none, and one of ours.
PROGRAM = """
import gc, itertools, sys
import h5py, hdf5plugin, numpy as np

FILTERS = {
    "none": {}, "gzip": {"compression": "gzip"}, "scaleoffset": {"scaleoffset": 0},
    "blosclz": dict(hdf5plugin.Blosc(cname="blosclz")), "bzip2": dict(hdf5plugin.BZip2()),
    "blosc2": dict(hdf5plugin.Blosc2()),
}
base, values = sys.argv[1], np.arange(4000)

def count():
    kinds = h5py.h5f.OBJ_FILE | h5py.h5f.OBJ_DATASET | h5py.h5f.OBJ_GROUP | h5py.h5f.OBJ_ATTR
    return h5py.h5f.get_obj_count(types=kinds)

def collect():
    for _ in range(2):
        gc.collect()
"""
EVERY_KIND = """
def make(name, options):
    f = h5py.File(name, "w")
    f.create_dataset("x", data=values, chunks=(1000,), **options)
    f.create_dataset("flat", data=values)
    f["group/type"] = np.dtype("i4")
    f["group"].attrs["a"] = 1
    return f

def hold(f):
    return {
        "file": f, "group": f["group"], "type": f["group/type"], "x": f["x"], "flat": f["flat"],
        "attribute": h5py.h5a.open(f["group"].id, b"a"),
    }
"""


@pytest.fixture
def run(
    python: Runner, enabled_environment: dict[str, str], small_objects: None
) -> Callable[..., str]:
    def program(code: str, *arguments: str) -> str:
        text = PROGRAM.replace("sys.argv[1]", repr(arguments[0])) + textwrap.dedent(code)
        result = python(text, **enabled_environment)
        assert result.stderr == ""
        return result.stdout

    return program


def test_the_readme_idiom(run: Callable[..., str], store: Store) -> None:
    code = """
    for name, options in FILTERS.items():
        with h5py.File(f"{base}/{name}.h5", "w") as f:
            f.create_dataset("x", data=values, chunks=(1000,), **options)
        for _ in range(3):
            assert h5py.File(f"{base}/{name}.h5")["x"][...].sum() == values.sum()
    """
    run(code, store.base)


def test_every_kind_in_every_order(run: Callable[..., str], local_store: Store) -> None:
    code = (
        EVERY_KIND
        + """
make(f"{base}/all.h5", FILTERS["scaleoffset"]).close()
kinds = list(hold(h5py.File(f"{base}/all.h5")))
collect()
for order in itertools.permutations(kinds):
    held = hold(h5py.File(f"{base}/all.h5"))
    assert (held["x"][...] == values).all()
    for kind in order:
        del held[kind]
collect()
assert count() == 0
"""
    )
    run(code, local_store.base)


def test_what_is_written_late_is_stored(run: Callable[..., str], store: Store) -> None:
    """The file id goes first; what is written then is stored by the close of the last object."""
    code = (
        EVERY_KIND
        + """
for last in ["group", "type", "x", "flat", "attribute"]:
    for name, options in FILTERS.items():
        held = hold(make(f"{base}/{last}-{name}.h5", options))
        held.pop("file").id.close()
        held["x"][500:2500] = -values[500:2500]  # two chunks whole, two in part
        held["flat"][7] = -7
        held["group"].attrs["late"] = 2
        held["attribute"].write(np.array(3))
        for kind in [kind for kind in held if kind != last] + [last]:
            del held[kind]
        collect()
        assert count() == 0
"""
    )
    run(code, store.base)
    import hdf5plugin  # noqa: F401  (filters of the values that are read back)

    wanted = np.arange(4000)
    wanted[500:2500] *= -1
    for last in ["group", "type", "x", "flat", "attribute"]:
        for name in ["none", "gzip", "scaleoffset", "blosclz", "bzip2", "blosc2"]:
            with arraymorph.File(store.url(f"{last}-{name}.h5")) as f:
                np.testing.assert_array_equal(f["x"][...], wanted)
                assert f["flat"][7] == -7
                assert dict(f["group"].attrs) == {"a": 3, "late": 2}


def test_virtual_dataset_outlives_its_file(run: Callable[..., str], store: Store) -> None:
    """Its sources are files of their own, which close with it."""
    code = """
    with h5py.File(f"{base}/source.h5", "w") as f:
        f.create_dataset("x", data=values, chunks=(1000,), scaleoffset=0)
    layout = h5py.VirtualLayout((4000,), values.dtype)
    layout[:] = h5py.VirtualSource("source.h5", "x", (4000,))
    with h5py.File(f"{base}/virtual.h5", "w") as f:
        f.create_virtual_dataset("v", layout)
    for mode in ["r", "r+"]:
        f = h5py.File(f"{base}/virtual.h5", mode)
        v, other = f["v"], f["/"]
        f.id.close()
        del f
        assert (v[...] == values).all()
        if mode == "r+":
            v[100] = -100
        del v
        collect()
        del other
        collect()
        assert count() == 0
    assert h5py.File(f"{base}/virtual.h5")["v"][100] == -100
    """
    run(code, store.base)


def test_plain_file(run: Callable[..., str], local_store: Store) -> None:
    assert local_store.root
    with h5py.File(local_store.root / "plain.h5", "w") as f:
        f.create_dataset("x", data=np.arange(4000), chunks=(1000,), scaleoffset=0)
        f.create_dataset("y", data=np.arange(4000), chunks=(1000,), compression="gzip")
        f.create_group("group").attrs["a"] = 1
    code = """
    for order in itertools.permutations(range(5)):
        f = h5py.File(f"{base}/plain.h5")
        held = [f, f["x"], f["y"], f["group"], h5py.h5a.open(f["group"].id, b"a")]
        assert (held[1][...] == values).all() and (held[2][...] == values).all()
        del f
        for i in order:
            held[i] = None
    collect()
    assert count() == 0
    """
    run(code, local_store.base)


def test_unlinked_dataset_outlives_its_file(run: Callable[..., str], local_store: Store) -> None:
    code = """
    f = h5py.File(f"{base}/unlinked.h5", "w")
    x = f.create_dataset("x", data=values, chunks=(1000,), scaleoffset=0)
    f["y"] = 5
    del f["x"]
    f.close()
    assert not x
    f = h5py.File(f"{base}/weak.h5", "w")
    x = f.create_dataset("x", data=values, chunks=(1000,), scaleoffset=0)
    del f["x"]
    f.id.close()
    assert (x[...] == values).all()
    x[5] = 6
    del f, x
    collect()
    assert count() == 0
    """
    run(code, local_store.base)
    with arraymorph.File(local_store.url("weak.h5"), "r+") as f:
        f.attrs["a"] = 1  # whoever commits next removes the objects
    assert local_store.root
    for name in ["unlinked.h5", "weak.h5"]:
        left = [path.name for path in (local_store.root / name).rglob("*") if path.is_file()]
        # The second one tells which of the removed folders are known to be empty.
        assert set(left) <= {"metadata.h5", "emptied.json"}
