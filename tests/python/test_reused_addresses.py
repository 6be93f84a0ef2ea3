"""HDF5 gives the address of a deleted dataset to whatever is made next."""

from __future__ import annotations

from collections.abc import Callable

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Command, Store

VALUES = np.arange(20_000.0)

MAKE: dict[str, Callable[[h5py.File], object]] = {
    "group": lambda f: f.create_group("old").create_dataset("new", data=VALUES),
    "intermediate group": lambda f: f.create_dataset("other/old/new", data=VALUES),
    "copied group": lambda f: f.copy("keep", "old"),
    "committed datatype": lambda f: f.__setitem__("old", np.dtype("f4")),
    "dataset": lambda f: f.create_dataset("old/new", data=VALUES),
}
PLACES = {"intermediate group": "other/old/new"}


@pytest.mark.parametrize("later", [False, True], ids=["same session", "later session"])
@pytest.mark.parametrize("kind", MAKE)
def test_what_takes_the_address_keeps_its_data(
    local_store: Store, arraymorph_program: Command, kind: str, later: bool
) -> None:
    url = local_store.url("x.h5")
    with arraymorph.File(url, "w") as f:
        f["keep/new"] = VALUES
        f["old"] = VALUES + 1
        f.flush()
        if not later:
            del f["old"]
            MAKE[kind](f)
    if later:
        with arraymorph.File(url, "r+") as f:
            del f["old"]
            MAKE[kind](f)
    with arraymorph.File(url, "r+") as f:  # a commit that may remove what the last one forgot
        f["more"] = VALUES
    with arraymorph.File(url) as f:
        assert (f["keep/new"][...] == VALUES).all()
        if kind != "committed datatype":
            assert (f[PLACES.get(kind, "old/new")][...] == VALUES).all()
    assert arraymorph_program("verify", url).returncode == 0
    result = arraymorph_program("gc", url, "--older-than", "0")
    assert "would remove 0 objects" in result.stdout


def test_the_dataset_is_closed_after_the_group_is_made(local_store: Store) -> None:
    url = local_store.url("x.h5")
    with arraymorph.File(url, "w") as f:
        old = f.create_dataset("old", data=VALUES)
        f.flush()
        del f["old"]
        f["old/new"] = VALUES
        f.flush()
        del old
        f["later/new"] = VALUES + 2
    with arraymorph.File(url) as f:
        assert (f["old/new"][...] == VALUES).all()
        assert (f["later/new"][...] == VALUES + 2).all()
