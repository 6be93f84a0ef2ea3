"""Catalogs that claim datasets which cannot have chunk objects: an error in every use.

Believed, the bytes of chunk objects would be pointers into the reader's memory, or would be written
to the files of raw data that the dataset names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Command, Store
from metadata_object import Metadata

METADATA = ".arraymorph/metadata.h5"
PRECIOUS = b"precious" * 8
BYTES = 64

Make = Callable[[h5py.File, Path], h5py.Dataset]
KINDS: dict[str, Make] = {
    "variable-length strings": lambda f, _: f.create_dataset("d", (4,), h5py.string_dtype()),
    "variable-length strings, chunked": lambda f, _: f.create_dataset(
        "d", (4,), h5py.string_dtype(), chunks=(4,)
    ),
    "sequences": lambda f, _: f.create_dataset("d", (4,), h5py.vlen_dtype("u1")),
    "strings in a compound": lambda f, _: f.create_dataset(
        "d", (4,), np.dtype([("a", h5py.string_dtype()), ("b", "i8")])
    ),
    "references": lambda f, _: f.create_dataset("d", (4,), h5py.ref_dtype),
    "external storage": lambda f, raw: f.create_dataset(
        "d", (BYTES,), "u1", external=[(str(raw), 0, BYTES)]
    ),
}


def forge(store: Store, make: Make, raw: Path) -> str:
    """A file whose catalog claims the dataset that `make` makes, with an object of its bytes."""
    url = store.url("x.h5")
    with arraymorph.File(url, "w") as f:
        dataset = make(f, raw)
        count = dataset.shape[0]
        size = dataset.id.get_type().get_size()
        layout = "chunked" if dataset.chunks else "contiguous"
        address = h5py.h5o.get_info(dataset.id).addr
    objects = store.objects("x.h5")
    metadata = Metadata.parse(objects.read(METADATA))
    catalog: dict[str, Any] = json.loads(metadata.catalog)
    entry = {"address": address, "chunk": [count], "layout": layout, "prefix": "d"}
    catalog["datasets"] = [entry]
    metadata.catalog = json.dumps(catalog).encode()
    objects.write(METADATA, metadata.object())
    objects.write("d/c/0", b"A" * count * size)
    return url


USES: dict[str, Callable[[h5py.File, Path], object]] = {
    "read": lambda f, _: f["d"][...],
    "read one": lambda f, _: f["d"][0],
    "write": lambda f, _: f["d"].write_direct(np.zeros(f["d"].shape, f["d"].dtype)),
    "resize": lambda f, _: f["d"].resize((2,)),
    "storage": lambda f, _: f["d"].id.get_storage_size(),
    "raw": lambda f, _: f["d"].id.read_direct_chunk((0,)),
    "copy": lambda f, _: f.copy("d", "copy"),
    "copy to a local file": lambda f, here: copy_to(f, here / "copy.h5"),
}


def copy_to(f: h5py.File, path: Path) -> None:
    with h5py.File(path, "w") as local:
        f.copy("d", local)


@pytest.mark.parametrize("kind", KINDS)
def test_every_use_is_refused(local_store: Store, tmp_path: Path, kind: str) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(PRECIOUS)
    url = forge(local_store, KINDS[kind], raw)
    for name, use in USES.items():
        with (
            arraymorph.File(url, "r+") as f,
            pytest.raises((OSError, RuntimeError, ValueError, KeyError)) as refused,
        ):
            use(f, tmp_path)
        assert "catalog does not fit" in str(refused.value), name
    assert raw.read_bytes() == PRECIOUS


@pytest.mark.parametrize("command_line", ["verify", "cat", "copy"])
@pytest.mark.parametrize("kind", KINDS)
def test_commands(
    local_store: Store, arraymorph_program: Command, tmp_path: Path, kind: str, command_line: str
) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(PRECIOUS)
    url = forge(local_store, KINDS[kind], raw)
    more = {"verify": [], "cat": ["d"], "copy": [str(tmp_path / "copy.h5")]}[command_line]
    result = arraymorph_program(command_line, url, *more)
    assert result.returncode != 0
    assert raw.read_bytes() == PRECIOUS
