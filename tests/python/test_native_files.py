"""Local HDF5 files keep working untouched while ArrayMorph is on."""

from __future__ import annotations

import pytest
from conftest import Runner, Store


@pytest.fixture
def on(enabled_environment: dict[str, str]) -> dict[str, str]:
    return enabled_environment


def test_plain_paths_without_a_platform(python: Runner, on: dict[str, str]) -> None:
    python(
        """
import h5py, os
with h5py.File("plain.h5", "w") as f:
    f.create_dataset("x", data=range(1000), chunks=(10,), compression="gzip")
assert os.path.isfile("plain.h5")
assert h5py.is_hdf5("plain.h5")
assert not h5py.is_hdf5("none.h5")
with h5py.File(os.path.abspath("plain.h5"), "r+") as f:
    assert f.driver == "sec2"
    assert list(f["x"][:3]) == [0, 1, 2]
    f["x"][0] = 9
try:
    h5py.File("none.h5")
except FileNotFoundError as error:
    assert "errno = 2" in str(error)
try:
    h5py.File("plain.h5", "x")
except FileExistsError:
    pass
open("garbage.h5", "wb").write(b"not HDF5 at all")
try:
    h5py.File("garbage.h5")
except OSError as error:
    assert "signature" in str(error), error
""",
        **on,
    )


def test_other_drivers_with_a_platform(
    python: Runner, on: dict[str, str], local_store: Store
) -> None:
    python(
        """
import h5py, io, os
with h5py.File("core.h5", "w", driver="core") as f:
    f["x"] = 1
assert os.path.isfile("core.h5")
with h5py.File("memory.h5", "w", driver="core", backing_store=False) as f:
    f["x"] = 1
    assert f["x"][()] == 1
buffer = io.BytesIO()
with h5py.File(buffer, "w") as f:
    f.create_dataset("x", data=range(100), chunks=(10,))
with h5py.File(buffer) as f:
    assert f["x"][50] == 50
with h5py.File("family_%d.h5", "w", driver="family") as f:
    f["x"] = 1
assert os.path.isfile("family_0.h5")
""",
        **on,
    )
    assert local_store.root is not None
    assert list(local_store.root.iterdir()) == []


def test_same_results_as_without(python: Runner, on: dict[str, str]) -> None:
    code = """
import h5py, numpy as np
with h5py.File("same.h5", "w") as f:
    f.create_dataset("x", data=np.arange(10000), chunks=(100,), compression="gzip", shuffle=True)
    f.attrs["a"] = "text"
import hashlib
print(hashlib.sha256(open("same.h5", "rb").read()).hexdigest())
"""
    assert python(code).stdout == python(code, **on).stdout


def test_plugin_found_but_not_chosen(
    python: Runner, on: dict[str, str], local_store: Store
) -> None:
    """With the plugin on HDF5's path only, failing opens ask it; it must not claim them."""
    python(
        """
import h5py
for name in ("none.h5", "garbage.h5"):
    open("garbage.h5", "wb").write(b"not HDF5 at all")
    try:
        h5py.File(name)
        raise SystemExit("opened")
    except OSError:
        pass
""",
        HDF5_PLUGIN_PATH=on["HDF5_PLUGIN_PATH"],
    )


def test_plugin_found_but_not_chosen_for_a_stored_file(
    python: Runner, on: dict[str, str], local_store: Store
) -> None:
    """HDF5 offers what it cannot open itself to the plugin. Who has not chosen it asks no store;
    HDF5 2.x would even crash if we took it."""
    python(
        """
import h5py, os
with h5py.File("stored.h5", "w") as f:
    f["x"] = 1
assert not os.path.exists("stored.h5")
assert h5py.h5f.is_hdf5(b"stored.h5")
assert not h5py.h5f.is_hdf5(b"none.h5")
""",
        **on,
    )
    python(
        """
import h5py
try:
    h5py.File("stored.h5")
except FileNotFoundError:
    pass
else:
    raise AssertionError("opened")
""",
        HDF5_PLUGIN_PATH=on["HDF5_PLUGIN_PATH"],
    )
