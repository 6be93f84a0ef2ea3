"""What nobody can read in a file never stands between its other parts and a commit: links whose
values mean nothing, damaged objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Store
from metadata_object import Metadata

METADATA = ".arraymorph/metadata.h5"
VALUES = np.arange(4000)


def names_in(store: Store, name: str) -> set[str]:
    """The folders of datasets that have chunk objects."""
    assert store.root
    return {path.name for path in (store.root / name).iterdir()} - {".arraymorph"}


def patch(store: Store, name: str, change: Callable[[bytearray], None]) -> None:
    assert store.root
    path = store.root / name / METADATA
    parts = Metadata.parse(path.read_bytes())
    file = bytearray(parts.file)
    change(file)
    path.unlink()  # and the checksum that it carries
    path.write_bytes(Metadata(bytes(file), parts.catalog, parts.tail).object())


def spoil_link(file: bytearray) -> None:
    """The version of the external link's value becomes one that HDF5 does not know."""
    at = file.index(b"\0elsewhere.h5\0/x\0")
    file[at] = 0xF0


@pytest.fixture
def odd_link(local_store: Store, small_objects: None) -> Store:
    """odd.h5: in `group` a link that cannot be decoded lies between others."""
    with arraymorph.File(local_store.url("odd.h5"), "w") as f:
        for name in ["group/a", "group/z", "other"]:
            f.create_dataset(name, data=VALUES, chunks=(1000,))
        f["group/link"] = h5py.ExternalLink("elsewhere.h5", "/x")
    patch(local_store, "odd.h5", spoil_link)
    return local_store


def test_unlink_beside_a_link_without_meaning(
    odd_link: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    url = odd_link.url("odd.h5")
    with arraymorph.File(url, "r+") as f:
        with pytest.raises(KeyError, match="bad version number for external link"):
            f["group/link"]
        del f["other"], f["group/z"]
    assert capfd.readouterr().err == ""
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["group/a"][...], VALUES)
        assert list(f) == ["group"]
    assert odd_link.root
    assert {p.name for p in (odd_link.root / "odd.h5" / "group").iterdir()} == {"a"}
    assert names_in(odd_link, "odd.h5") == {"group"}


def test_copy_of_a_group_with_such_a_link(odd_link: Store) -> None:
    with arraymorph.File(odd_link.url("odd.h5"), "r+") as f:
        f.copy("group", "copy")
    with arraymorph.File(odd_link.url("odd.h5")) as f:
        for name in "az":
            np.testing.assert_array_equal(f["copy"][name][...], VALUES)


def test_links_are_not_followed_before_a_commit(
    local_store: Store, small_objects: None, requests: Callable[[], dict[str, Any]]
) -> None:
    url = local_store.url("links.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(4000,))
        for i in range(10):
            f[f"{i}"] = h5py.ExternalLink(f"elsewhere{i}.h5", "/x")
    with arraymorph.File(url, "r+") as f:
        requests()
        del f["x"]
    assert requests().get("get", 0) == 0


def fill(file: h5py.File) -> None:
    for name in ["sound/x", "hurt/y", "z"]:
        file.create_dataset(name, data=VALUES, chunks=(1000,))
    file["hurt/type"] = np.dtype([("a", "i4"), ("b", "f8")])
    file["hurt/y"].attrs["a"] = "text"


def header(file: h5py.File, path: str) -> int:
    return int(h5py.h5o.get_info(file[path].id).addr)


def use(file: h5py.File) -> list[str]:
    """What becomes of everything else in a file that is damaged somewhere."""
    told = []

    def attempt(name: str, act: Callable[[], object]) -> None:
        try:
            told.append(f"{name}: {act()}")
        except (OSError, KeyError, RuntimeError) as error:
            told.append(f"{name}: {type(error).__name__}")

    def write() -> None:
        file["sound/x"][5:2000] = -1

    def unlink() -> None:
        del file["z"]

    attempt("write", write)
    attempt("create", lambda: file.create_dataset("new", data=VALUES, chunks=(1000,)).shape)
    attempt("unlink", unlink)
    attempt("attribute", lambda: file["sound"].attrs.update({"b": 2}))
    attempt("type", lambda: file["hurt/type"].dtype)
    attempt("hurt", lambda: list(file["hurt"]))
    attempt("y", lambda: int(file["hurt/y"][...].sum()))
    attempt("y.a", lambda: file["hurt/y"].attrs["a"])
    attempt("flush", file.flush)
    attempt("close", file.close)
    return told


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("path", ["hurt", "hurt/y", "hurt/type"])
def test_one_damaged_header(
    path: str,
    libver: str,
    local_store: Store,
    small_objects: None,
    *,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The rest can be written and closed, as in a native file; what was there is still there when
    the damage is mended."""
    url = local_store.url("hurt.h5")
    with h5py.File(tmp_path / "native.h5", "w", libver=libver) as f:
        fill(f)
        native_address = header(f, path)
    with arraymorph.File(url, "w", libver=libver) as f:
        fill(f)
        address = header(f, path)
    native = bytearray((tmp_path / "native.h5").read_bytes())
    native[native_address : native_address + 8] = bytes(
        b ^ 0xFF for b in native[native_address : native_address + 8]
    )
    (tmp_path / "native.h5").write_bytes(native)

    def damage(file: bytearray) -> None:
        file[address : address + 8] = bytes(b ^ 0xFF for b in file[address : address + 8])

    patch(local_store, "hurt.h5", damage)
    right = use(h5py.File(tmp_path / "native.h5", "r+"))
    capfd.readouterr()
    assert use(arraymorph.File(url, "r+")) == right
    assert "close: None" in right
    told = capfd.readouterr().err
    # A dataset that is known has no links below it, whatever has become of its header.
    assert told.count("\n") == (0 if path == "hurt/y" else 1), told
    assert ("cannot be read" in told) == (path != "hurt/y")
    assert ("z" in names_in(local_store, "hurt.h5")) == (path != "hurt/y")
    patch(local_store, "hurt.h5", damage)
    with arraymorph.File(url, "r+") as f:
        assert f["sound/x"][...].sum() == VALUES.sum() - VALUES[5:2000].sum() - 1995
        np.testing.assert_array_equal(f["new"][...], VALUES)
        np.testing.assert_array_equal(f["hurt/y"][...], VALUES)
        assert f["hurt/y"].attrs["a"] == "text"
        assert f["hurt/type"].dtype == np.dtype([("a", "i4"), ("b", "f8")])
        assert "z" not in f
        f.attrs["later"] = 1
    assert "z" not in names_in(local_store, "hurt.h5")


def test_a_mounted_file_is_not_swept_by_the_links_of_another(
    local_store: Store, small_objects: None
) -> None:
    """ "/" seen from a mounted file is the root of the file that it is mounted in."""
    urls = [local_store.url("parent.h5"), local_store.url("child.h5")]
    with arraymorph.File(urls[0], "w") as f:
        f.create_group("mount")
        f.create_dataset("x", data=VALUES, chunks=(1000,))
    with arraymorph.File(urls[1], "w") as f:
        for i in range(20):  # so that addresses are others than in the parent
            f.create_group(f"group{i}")
        for name in "xy":
            f.create_dataset(name, data=VALUES, chunks=(1000,))
    with arraymorph.File(urls[0], "r+") as parent, arraymorph.File(urls[1], "r+") as child:
        root = child["/"]
        h5py.h5f.mount(parent.id, b"mount", child.id)
        del root["y"]
        child.flush()
        parent.flush()
    for url in urls:
        with arraymorph.File(url) as f:
            np.testing.assert_array_equal(f["x"][...], VALUES)
            assert "y" not in f
    assert names_in(local_store, "child.h5") == {"x", "y"}
    with arraymorph.File(urls[1], "r+") as f:
        f.attrs["later"] = 1
    assert names_in(local_store, "child.h5") == {"x"}
