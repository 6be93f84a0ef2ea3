"""Filters: built in, through libhdf5, from hdf5plugin; and the bytes they leave behind."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import arraymorph
import h5py
import hdf5plugin
import numpy as np
import pytest
from conftest import Store

VALUES = (np.arange(90_000) // 7).astype("<i4").reshape(300, 300)
CHUNKS = (64, 50)

# In our workers.
BUILT_IN: dict[str, dict[str, Any]] = {
    "none": {},
    "gzip": {"compression": "gzip"},
    "gzip9 shuffle": {"compression": 9, "shuffle": True},
    "shuffle": {"shuffle": True},
    "fletcher32": {"fletcher32": True},
    "gzip shuffle fletcher32": {"compression": 1, "shuffle": True, "fletcher32": True},
    "lzf": {"compression": "lzf"},
    "lzf shuffle": {"compression": "lzf", "shuffle": True},
    "zstd": {"compression": hdf5plugin.Zstd(clevel=3)},
    "zstd fast shuffle": {"compression": hdf5plugin.Zstd(clevel=-7), "shuffle": True},
    "lz4": {"compression": hdf5plugin.LZ4()},
    "lz4 blocks": {"compression": hdf5plugin.LZ4(nbytes=1000), "fletcher32": True},
    "blosc lz4": {"compression": hdf5plugin.Blosc()},
    "blosc lz4 unshuffled": {"compression": hdf5plugin.Blosc(clevel=1, shuffle=0)},
    "blosc lz4hc bits": {"compression": hdf5plugin.Blosc(cname="lz4hc", clevel=9, shuffle=2)},
    "blosc zlib": {"compression": hdf5plugin.Blosc(cname="zlib", clevel=3)},
    "blosc zstd": {"compression": hdf5plugin.Blosc(cname="zstd", clevel=5)},
    "blosc zstd bits": {"compression": hdf5plugin.Blosc(cname="zstd", shuffle=2)},
    "bitshuffle none": {"compression": hdf5plugin.Bitshuffle(cname="none")},
    "bitshuffle lz4": {"compression": hdf5plugin.Bitshuffle()},
    "bitshuffle lz4 blocks": {"compression": hdf5plugin.Bitshuffle(nelems=64)},
    "bitshuffle zstd": {"compression": hdf5plugin.Bitshuffle(cname="zstd", clevel=5)},
}
# Through libhdf5, on the calling thread.
OTHERS: dict[str, dict[str, Any]] = {
    "scaleoffset": {"scaleoffset": True},
    "szip": {"compression": "szip"},
    "blosc blosclz": {"compression": hdf5plugin.Blosc(cname="blosclz", clevel=5)},
    "blosc2": {"compression": hdf5plugin.Blosc2()},
    "bzip2": {"compression": hdf5plugin.BZip2()},
}
EVERY = BUILT_IN | OTHERS


@pytest.fixture(autouse=True)
def every_dataset_in_objects(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")


def skip_without_szip(name: str) -> None:
    if name == "szip" and not h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP):
        pytest.skip("this h5py has no szip")


@pytest.mark.parametrize("name", EVERY)
def test_round_trip(store: Store, name: str) -> None:
    skip_without_szip(name)
    with arraymorph.File(store.url("f.h5"), "w") as f:
        dataset = f.create_dataset("x", data=VALUES, chunks=CHUNKS, **EVERY[name])
        dataset[100:110, 100:110] = 5
    with arraymorph.File(store.url("f.h5"), "r+") as f:
        expected = VALUES.copy()
        expected[100:110, 100:110] = 5
        np.testing.assert_array_equal(f["x"][...], expected)
        f["x"][7, :] = 3
        expected[7, :] = 3
        np.testing.assert_array_equal(f["x"][...], expected)


@pytest.mark.parametrize("name", EVERY)
def test_chunk_objects_hold_what_hdf5_stores(local_store: Store, name: str) -> None:
    """A chunk moves between a plain file and the store without being decoded."""
    skip_without_szip(name)
    arguments = EVERY[name]
    with arraymorph.File(local_store.url("f.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=CHUNKS, **arguments)
    assert local_store.root is not None
    plain = local_store.root.parent / "plain.h5"
    with h5py.File(plain, "w") as f:
        dataset = f.create_dataset("x", VALUES.shape, VALUES.dtype, chunks=CHUNKS, **arguments)
        for path in (local_store.root / "f.h5/x/c").rglob("*"):
            if path.is_file():
                index = (int(path.parent.name), int(path.name))
                offset = tuple(i * c for i, c in zip(index, CHUNKS, strict=True))
                dataset.id.write_direct_chunk(offset, path.read_bytes())
        np.testing.assert_array_equal(dataset[...], VALUES)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *((name, dtype) for name in BUILT_IN for dtype in ("u1", "<i4", ">f8", "V13")),
        *((name, "<i4") for name in OTHERS),
    ],
)
def test_native_chunks_are_read(local_store: Store, name: str, dtype: str) -> None:
    """The reverse: what HDF5 stores is what ours decodes, and what the plugins' settings mean."""
    skip_without_szip(name)
    values = np.frombuffer(VALUES.tobytes()[: 5000 * np.dtype(dtype).itemsize], dtype)
    assert local_store.root is not None
    plain = local_store.root.parent / "plain.h5"
    with h5py.File(plain, "w") as source, arraymorph.File(local_store.url("f.h5"), "w") as f:
        # The last chunk sticks out, and its number of elements is odd.
        native = source.create_dataset("x", data=values, chunks=(777,), **EVERY[name])
        ours = f.create_dataset("x", values.shape, values.dtype, chunks=(777,), **EVERY[name])
        for i in range(native.id.get_num_chunks()):
            offset = native.id.get_chunk_info(i).chunk_offset
            mask, stored = native.id.read_direct_chunk(offset)
            ours.id.write_direct_chunk(offset, stored, mask)
        expected = native[...]
    with arraymorph.File(local_store.url("f.h5")) as f:
        assert f["x"][...].tobytes() == expected.tobytes()


def test_built_in_filters_need_no_plugin_to_read(local_store: Store) -> None:
    names = [name for name in BUILT_IN if "blocks" not in name]
    with arraymorph.File(local_store.url("f.h5"), "w") as f:
        for name in names:
            f.create_dataset(name, data=VALUES, chunks=CHUNKS, **BUILT_IN[name])
    program = """
import arraymorph, h5py, sys
with arraymorph.File(sys.argv[1]) as f:
    assert not h5py.h5z.filter_avail(32015)
    print(*[int(f[name][...].sum()) for name in sys.argv[2:]])
"""
    output = subprocess.run(
        [sys.executable, "-c", program, local_store.url("f.h5"), *names],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert output.split() == [str(VALUES.sum())] * len(names)


@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_stored_unfiltered(local_store: Store, name: str) -> None:
    skip_without_szip(name)
    with arraymorph.File(local_store.url("f.h5"), "w") as f:
        f.create_dataset("x", data=VALUES, chunks=CHUNKS, **EVERY[name])
    assert local_store.root is not None
    sizes = [
        path.stat().st_size for path in (local_store.root / "f.h5/x/c").rglob("*") if path.is_file()
    ]
    raw = CHUNKS[0] * CHUNKS[1] * 4
    assert len(sizes) == 30
    if name == "fletcher32":
        assert set(sizes) == {raw + 4}
    elif name in ("none", "shuffle", "bitshuffle none"):
        assert set(sizes) == {raw}
    else:
        assert max(sizes) < raw


def test_incompressible_data_skips_an_optional_filter(local_store: Store) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (128, 100), dtype="u1")
    with arraymorph.File(local_store.url("f.h5"), "w") as f:
        dataset = f.create_dataset("x", data=noise, chunks=(64, 50), compression="lzf")
        dataset[0, 0] = noise[0, 0]
    with arraymorph.File(local_store.url("f.h5")) as f:
        np.testing.assert_array_equal(f["x"][...], noise)
        masks = {f["x"].id.get_chunk_info(i).filter_mask for i in range(4)}
        assert masks == {1}


@pytest.mark.parametrize("dtype", ["i1", "u2", ">i4", "f8", "c16", "S3"])
def test_filters_on_other_element_sizes(local_store: Store, dtype: str) -> None:
    values = np.arange(1000).astype(dtype)
    with arraymorph.File(local_store.url("f.h5"), "w") as f:
        f.create_dataset(
            "x", data=values, chunks=(37,), compression="gzip", shuffle=True, fletcher32=True
        )
    with arraymorph.File(local_store.url("f.h5")) as f:
        np.testing.assert_array_equal(f["x"][...], values)


@pytest.mark.parametrize("stored", [b"x", b"xyz", b"xyzw"])
def test_a_chunk_shorter_than_its_checksum(local_store: Store, stored: bytes) -> None:
    """HDF5 takes the size of the checksum off whatever the size of the chunk."""
    url = local_store.url("x.h5")
    dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    dcpl.set_chunk((32,))
    dcpl.set_filter(h5py.h5z.FILTER_NBIT, 0, ())
    dcpl.set_fletcher32()
    space = h5py.h5s.create_simple((64,), (h5py.h5s.UNLIMITED,))
    with arraymorph.File(url, "w") as f:
        d = h5py.Dataset(h5py.h5d.create(f.id, b"d", h5py.h5t.NATIVE_INT32, space, dcpl))
        d[...] = np.arange(64)
        f.flush()
        d.id.write_direct_chunk((32,), stored, 0)
    with arraymorph.File(url) as f:
        assert (f["d"][:32] == np.arange(32)).all()
        with pytest.raises(OSError, match="chunk"):
            f["d"][...]
