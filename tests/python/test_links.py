"""Groups, links, references, virtual datasets, copies: what joins objects and files."""

from __future__ import annotations

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Runner, Store

VALUES = np.arange(20_000, dtype="i4").reshape(200, 100)


@pytest.fixture(autouse=True)
def every_dataset_in_objects(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")


def test_groups_and_links(store: Store) -> None:
    with arraymorph.File(store.url("l.h5"), "w") as f:
        x = f.create_dataset("a/b/x", data=VALUES, chunks=(50, 50))
        f["hard"] = x
        f["soft"] = h5py.SoftLink("/a/b/x")
        f["dangling"] = h5py.SoftLink("/nowhere")
        f.move("a/b", "moved")
        f["soft2"] = h5py.SoftLink("/moved/x")
        names: list[str] = []
        f.visit(names.append)
        assert names == ["a", "hard", "moved"]  # each object once
    with arraymorph.File(store.url("l.h5"), "r+") as f:
        np.testing.assert_array_equal(f["hard"][...], VALUES)
        np.testing.assert_array_equal(f["soft2"][...], VALUES)
        assert f.get("soft") is None
        assert f.get("dangling", getlink=True).path == "/nowhere"
        del f["moved/x"]
        np.testing.assert_array_equal(f["hard"][...], VALUES)
        del f["hard"]
        assert "hard" not in f


def test_same_name_again_gets_fresh_data(store: Store) -> None:
    with arraymorph.File(store.url("l.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(50, 50))
    with arraymorph.File(store.url("l.h5"), "r+") as f:
        del f["x"]
        f.create_dataset("x", VALUES.shape, "i4", chunks=(50, 50))[0, 0] = 5
    with arraymorph.File(store.url("l.h5")) as f:
        assert f["x"][0, 0] == 5
        assert f["x"][...].sum() == 5


def test_external_links(store: Store) -> None:
    with arraymorph.File(store.url("target.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(50, 50))
    with arraymorph.File(store.url("main.h5"), "w") as f:
        f["link"] = h5py.ExternalLink("target.h5", "/x")
        f["missing"] = h5py.ExternalLink("none.h5", "/x")
    with arraymorph.File(store.url("main.h5"), "r+") as f:
        np.testing.assert_array_equal(f["link"][3:50, 7], VALUES[3:50, 7])
        assert f["link"].file.filename != f.filename
        f["link"][0, 0] = 77
        with pytest.raises((KeyError, OSError)):
            f["missing"]
    with arraymorph.File(store.url("target.h5")) as f:
        assert f["x"][0, 0] == 77


def test_references(store: Store) -> None:
    with arraymorph.File(store.url("r.h5"), "w") as f:
        x = f.create_dataset("x", data=VALUES, chunks=(50, 50))
        f.create_group("g")
        f["refs"] = np.array([x.ref, f["g"].ref], dtype=h5py.ref_dtype)
        f.attrs["region"] = x.regionref[10:20, 30:60]
    with arraymorph.File(store.url("r.h5")) as f:
        first, second = f["refs"][...]
        np.testing.assert_array_equal(f[first][...], VALUES)
        assert f[second].name == "/g"
        region = f.attrs["region"]
        np.testing.assert_array_equal(f[region][region], VALUES[10:20, 30:60])


def test_virtual_dataset_over_files(store: Store) -> None:
    for i in range(3):
        with arraymorph.File(store.url(f"part{i}.h5"), "w") as f:
            f.create_dataset("x", data=VALUES + i, chunks=(50, 50), compression="gzip")
    layout = h5py.VirtualLayout((3, *VALUES.shape), "i4")
    for i in range(3):
        layout[i] = h5py.VirtualSource(f"part{i}.h5", "x", VALUES.shape)
    with arraymorph.File(store.url("all.h5"), "w") as f:
        f.create_virtual_dataset("v", layout, fillvalue=-1)
    with arraymorph.File(store.url("all.h5")) as f:
        assert f["v"].is_virtual
        for i in range(3):
            np.testing.assert_array_equal(f["v"][i], VALUES + i)
        np.testing.assert_array_equal(
            f["v"][:, 5:9, ::3], np.stack([VALUES[5:9, ::3]] * 3) + np.arange(3)[:, None, None]
        )


def test_virtual_dataset_in_one_file(store: Store) -> None:
    with arraymorph.File(store.url("v.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(50, 50))
        layout = h5py.VirtualLayout(VALUES.shape, "i4")
        layout[...] = h5py.VirtualSource(f["x"])[...]
        f.create_virtual_dataset("v", layout)
        np.testing.assert_array_equal(f["v"][...], VALUES)
    with arraymorph.File(store.url("v.h5")) as f:
        np.testing.assert_array_equal(f["v"][...], VALUES)


def test_copy_inside_a_file(store: Store) -> None:
    with arraymorph.File(store.url("c.h5"), "w") as f:
        f.create_dataset("g/x", data=VALUES, chunks=(50, 50), compression="gzip")
        f["g"].attrs["a"] = 1
        f.copy("g", "h")
        f["h/x"][0, 0] = 55
        assert f["g/x"][0, 0] == 0
    with arraymorph.File(store.url("c.h5")) as f:
        assert f["h"].attrs["a"] == 1
        np.testing.assert_array_equal(f["h/x"][1:], VALUES[1:])
        assert f["h/x"][0, 0] == 55
        np.testing.assert_array_equal(f["g/x"][...], VALUES)


def test_copy_between_files(store: Store) -> None:
    with arraymorph.File(store.url("c1.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(50, 50), compression="gzip")
        f.create_dataset("flat", data=VALUES)
        f.flush()
        with arraymorph.File(store.url("c2.h5"), "w") as g:
            f.copy("x", g, "y")
            f.copy(f["flat"], g)
    with arraymorph.File(store.url("c2.h5")) as g:
        np.testing.assert_array_equal(g["y"][...], VALUES)
        np.testing.assert_array_equal(g["flat"][...], VALUES)
        assert g["y"].compression == "gzip"


def test_dimension_scales(store: Store) -> None:
    with arraymorph.File(store.url("d.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(50, 50))
        f["time"] = np.arange(200)
        f["time"].make_scale("t")
        f["x"].dims[0].attach_scale(f["time"])
        f["x"].dims[0].label = "time"
    with arraymorph.File(store.url("d.h5")) as f:
        assert f["x"].dims[0].label == "time"
        np.testing.assert_array_equal(f["x"].dims[0]["t"][...], np.arange(200))


def test_copy_from_and_to_native_files(
    python: Runner, local_store: Store, enabled_environment: dict[str, str]
) -> None:
    """Through h5py objects: values move between a file on disk and the store."""
    python(
        """
import h5py, io, numpy as np
values = np.arange(10000).reshape(100, 100)
disk = h5py.File(open("disk.h5", "w+b"), "w")
disk.create_dataset("x", data=values, chunks=(10, 10), compression="gzip")
with h5py.File("stored.h5", "w") as f:
    for name, item in disk.items():
        f.create_dataset(name, data=item, chunks=item.chunks, compression=item.compression)
with h5py.File("stored.h5") as f:
    assert (f["x"][...] == values).all()
    assert f["x"].compression == "gzip"
""",
        **enabled_environment,
    )
