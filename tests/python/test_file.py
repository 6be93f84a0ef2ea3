"""arraymorph.File: one file through the connector, everything else untouched."""

from __future__ import annotations

from pathlib import Path

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Store


def test_round_trip(store: Store) -> None:
    values = np.arange(60_000, dtype="f8").reshape(300, 200)
    with arraymorph.File(store.url("a.h5"), "w") as f:
        assert isinstance(f, h5py.File)
        f.create_dataset("x", data=values, chunks=(64, 64), compression="gzip", shuffle=True)
        f.attrs["unit"] = "K"
    with arraymorph.File(store.url("a.h5")) as f:
        assert f.mode == "r"
        assert f.attrs["unit"] == "K"
        np.testing.assert_array_equal(f["x"][...], values)
        np.testing.assert_array_equal(f["x"][10:200:7, 5], values[10:200:7, 5])


@pytest.mark.parametrize(
    "platform_name", ["x.h5", "/x.h5", "./x.h5", "deep/er/x.h5", "ü ñ+%41~.h5"]
)
def test_plain_names(store: Store, platform_name: str) -> None:
    name = platform_name.replace("x.h5", store.base.rpartition("/")[2] + ".h5")
    with arraymorph.File(name, "w") as f:
        f["x"] = 5
    with arraymorph.File(name) as f:
        assert f["x"][()] == 5


def test_modes(store: Store) -> None:
    url = store.url("m.h5")
    with pytest.raises(FileNotFoundError):
        arraymorph.File(url, "r")
    with pytest.raises(FileNotFoundError):
        arraymorph.File(url, "r+")
    with arraymorph.File(url, "x") as f:
        f["a"] = 1
    for exclusive in ("x", "w-"):
        with pytest.raises(FileExistsError):
            arraymorph.File(url, exclusive)
    with arraymorph.File(url, "a") as f:
        f["b"] = 2
    with arraymorph.File(url, "r+") as f:
        assert sorted(f) == ["a", "b"]
    with arraymorph.File(url, "w") as f:
        assert list(f) == []
    with pytest.raises(ValueError, match="mode"):
        arraymorph.File(url, "rw")


def test_keyword_arguments_reach_h5py(store: Store) -> None:
    url = store.url("k.h5")
    with arraymorph.File(url, "w", libver="latest", userblock_size=512, track_order=True) as f:
        assert f.userblock_size == 512
        assert f.libver[0] != "earliest"
        for name in "zyx":
            f[name] = 0
    with arraymorph.File(url, rdcc_nbytes=1 << 20) as f:
        assert list(f) == ["z", "y", "x"]
        assert f.id.get_access_plist().get_cache()[2] == 1 << 20
    with pytest.raises(TypeError, match="frobnicate"):
        arraymorph.File(url, frobnicate=1)


def test_h5py_itself_stays_native(local_store: Store, tmp_path: Path) -> None:
    with arraymorph.File(local_store.url("a.h5"), "w") as f:
        f["x"] = 1
    native = tmp_path / "native.h5"
    with h5py.File(native, "w") as f:
        f["x"] = 1
    assert native.is_file()
    with pytest.raises(OSError, match="nable to .*open"):
        h5py.File("a.h5")


def test_path_objects(local_store: Store) -> None:
    assert local_store.root is not None
    with arraymorph.File(Path("p.h5"), "w") as f:
        f["x"] = 1
    assert (local_store.root / "p.h5").is_dir()


def test_one_file_by_every_name(local_store: Store) -> None:
    with arraymorph.File("same.h5", "w") as f:
        f["x"] = 1
        f.flush()
        with arraymorph.File(local_store.url("same.h5"), "r+") as other:
            assert other["x"][()] == 1
            other["y"] = 2
        assert f["y"][()] == 2
