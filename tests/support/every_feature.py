"""An HDF5 file that has everything HDF5 files have, made with h5py's own HDF5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

RANDOM = np.random.default_rng(7)
BIG = (300, 400)  # elements of 8 bytes: above what lies in metadata objects


def make(path: Path, libver: str, user_block: int = 0) -> None:
    """libver: "earliest" or "latest"."""
    strategy: dict[str, Any] = {"track_order": True} if libver == "latest" else {}
    with h5py.File(path, "w", libver=libver, userblock_size=user_block, **strategy) as f:
        _types(f)
        _layouts(f)
        _filters(f)
        _strings(f)
        _links(f)
        _references(f)
        _attributes(f, dense=libver == "latest")
    if user_block:
        with open(path, "r+b") as plain:
            plain.write(b"#!/bin/sh\necho a user block\n")


def _types(f: h5py.File) -> None:
    g = f.create_group("types")
    enum = h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 42}, basetype="u1")
    nested = np.dtype(
        [
            ("id", "<i4"),
            ("name", "S10"),
            ("inner", [("x", ">f8"), ("kind", enum), ("m", "f4", (2, 3))]),
            ("ok", "?"),
        ]
    )
    for name, kind in {
        "i2be": ">i2",
        "u8": "<u8",
        "f2": "<f2",
        "c16": "c16",
        "bool": "?",
        "enum": enum,
        "fixed": "S7",
        "array": np.dtype(("i4", (2, 2))),
        "nested": nested,
    }.items():
        g.create_dataset(name, (5,), dtype=kind)
        g.create_dataset(f"{name} chunked", (9,), dtype=kind, chunks=(4,), maxshape=(None,))
    g["nested"][2] = np.zeros((), nested)
    g["enum"][:] = [0, 1, 42, 1, 0]
    tagged = h5t.create(h5t.OPAQUE, 5)
    tagged.set_tag(b"five bytes")
    opaque = h5d.create(g.id, b"opaque", tagged, h5s.create_simple((3,)))
    opaque.write(h5s.ALL, h5s.ALL, np.frombuffer(b"abcdefghij\0\1\2\3\4", "u1"), tagged)
    time = h5t.UNIX_D32LE
    h5d.create(g.id, b"time", time, h5s.create_simple((2,)))
    bits = h5t.STD_B16LE.copy()
    h5d.create(g.id, b"bitfield", bits, h5s.create_simple((2,)))
    f["committed"] = nested
    f["committed"].attrs["of"] = "a type"
    f.create_dataset("of committed", (4,), dtype=f["committed"])
    f["types"].attrs.create("committed", np.zeros(2, nested), dtype=f["committed"])
    # A type that is met by a dataset before the link to it.
    early = h5t.py_create(np.dtype([("a", "i2")])).copy()
    early.commit(f.id, b"zz type")
    h5d.create(f.id, b"aa of zz type", early, h5s.create_simple((3,)))


def _layouts(f: h5py.File) -> None:
    g = f.create_group("layouts")
    values = RANDOM.random(BIG)
    g["contiguous"] = values
    g["contiguous"].attrs["unit"] = "K"
    g.create_dataset("never written", BIG, "f8", fillvalue=2.5)
    g.create_dataset("chunked", data=values, chunks=(70, 90))
    g.create_dataset("unlimited", data=values, chunks=(64, 64), maxshape=(None, None))
    g["unlimited"].resize((250, 450))
    part = g.create_dataset("part", (2000, 3000), "i4", chunks=(200, 300), fillvalue=-1)
    part[150:450, 250:620] = 7
    g.create_dataset("empty extent", (0, 5), "f4", chunks=(4, 5), maxshape=(None, 5))
    g["scalar"] = 3.5
    g["null"] = h5py.Empty("f4")
    g["small"] = np.arange(10)
    compact = h5p.create(h5p.DATASET_CREATE)
    compact.set_layout(h5d.COMPACT)
    kind = h5t.NATIVE_INT32
    made = h5d.create(g.id, b"compact", kind, h5s.create_simple((6,)), compact)
    made.write(h5s.ALL, h5s.ALL, np.arange(6, dtype="i4"))
    external = h5p.create(h5p.DATASET_CREATE)
    external.set_external(b"elsewhere.raw", 0, 40)
    h5d.create(g.id, b"external", kind, h5s.create_simple((10,)), external)
    layout = h5py.VirtualLayout((100, 100), "f8")
    layout[:50, :100] = h5py.VirtualSource(".", "/layouts/chunked", BIG)[:50, :100]
    layout[50:, :10] = h5py.VirtualSource("other.h5", "/x", (50, 10))
    g.create_virtual_dataset("virtual", layout, fillvalue=-9)
    early = h5p.create(h5p.DATASET_CREATE)
    early.set_chunk((50, 50))
    early.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    early.set_fill_time(h5d.FILL_TIME_NEVER)
    h5d.create(g.id, b"early", h5t.IEEE_F64LE, h5s.create_simple((200, 200)), early).write(
        h5s.ALL, h5s.ALL, RANDOM.random((200, 200))
    )
    untimed = h5p.create(h5p.DATASET_CREATE)
    untimed.set_obj_track_times(False)
    untimed.set_attr_phase_change(3, 1)
    h5d.create(g.id, b"untimed", kind, h5s.create_simple((3,)), untimed)
    g.create_dataset("track", (3,), "i4", track_order=True).attrs["b"] = 1


def _filters(f: h5py.File) -> None:
    g = f.create_group("filters")
    values = RANDOM.integers(0, 50, BIG)
    filters: dict[str, dict[str, Any]] = {
        "gzip": {"compression": "gzip", "compression_opts": 6},
        "gzip shuffle": {"compression": "gzip", "shuffle": True},
        "lzf": {"compression": "lzf"},
        "fletcher": {"fletcher32": True},
        "all": {"compression": "gzip", "shuffle": True, "fletcher32": True},
        "scaleoffset": {"scaleoffset": 0},
    }
    for name, options in filters.items():
        g.create_dataset(name, data=values, chunks=(70, 90), **options)
        g.create_dataset(f"small {name}", data=values[:20, :20], chunks=(8, 8), **options)
    masked = g.create_dataset("masked", BIG, "i8", chunks=(100, 100), compression="gzip")
    masked[...] = values
    raw = np.arange(100 * 100, dtype="i8").tobytes()
    masked.id.write_direct_chunk((100, 200), raw, 1)
    small = g.create_dataset("small masked", (8,), "i4", chunks=(4,), compression="gzip")
    small.id.write_direct_chunk((4,), np.arange(4, dtype="i4").tobytes(), 1)


def _strings(f: h5py.File) -> None:
    g = f.create_group("strings")
    g["variable"] = ["", "a", "häßlich", "日本語" * 10]
    g.create_dataset(
        "ascii", data=[b"x" * n for n in range(50)], dtype=h5py.string_dtype("ascii"), chunks=(7,)
    )
    g["scalar"] = "one"
    ragged = g.create_dataset("ragged", (40,), h5py.vlen_dtype("i4"), chunks=(9,))
    for i in range(0, 40, 2):
        ragged[i] = np.arange(i)
    kind = np.dtype([("n", "i4"), ("text", h5py.string_dtype())])
    g.create_dataset("in compound", data=np.array([(1, "x"), (2, "yy")], kind))
    g.create_dataset("unwritten", (500,), h5py.string_dtype(), chunks=(100,))
    deep = h5t.vlen_create(h5t.vlen_create(h5t.NATIVE_INT16))
    h5d.create(g.id, b"vlen of vlen", deep, h5s.create_simple((2,)))


def _links(f: h5py.File) -> None:
    g = f.create_group("links", track_order=True)
    for name in ("zebra", "ant", "mouse"):
        g.create_group(name)
    g["hard"] = f["layouts/chunked"]
    g["loop"] = f["/"]
    g["soft"] = h5py.SoftLink("/layouts/contiguous")
    g["dangling"] = h5py.SoftLink("/no/where")
    g["external"] = h5py.ExternalLink("other.h5", "/x")
    g["same"] = f["committed"]
    g["üñï / code".replace("/", "-")] = 1
    many = f.create_group("many")
    for i in range(60):
        many.create_group(f"g{i}").attrs["i"] = i


def _references(f: h5py.File) -> None:
    g = f.create_group("references")
    target = f["layouts/chunked"]
    objects = g.create_dataset("objects", (4,), h5py.ref_dtype)
    objects[0], objects[1], objects[3] = f["links"].ref, target.ref, f["committed"].ref
    regions = g.create_dataset("regions", (3,), h5py.regionref_dtype)
    regions[0] = target.regionref[10:20, 30:50]
    regions[2] = target.regionref[::3, 5]
    kind = np.dtype([("to", h5py.ref_dtype), ("n", "i4"), ("area", h5py.regionref_dtype)])
    mixed = g.create_dataset("mixed", (2,), kind)
    mixed[0] = (f["types"].ref, 5, target.regionref[0:2, 0:2])
    lists = g.create_dataset("lists", (3,), h5py.vlen_dtype(h5py.ref_dtype), chunks=(2,))
    lists[0] = np.array([f["links"].ref, target.ref], h5py.ref_dtype)
    lists[2] = np.array([g.ref], h5py.ref_dtype)
    g.attrs["object"] = f["many/g3"].ref
    g.attrs["region"] = target.regionref[1:4, 1:4]
    g.attrs.create("list", lists[0], dtype=h5py.ref_dtype)
    # As HDF5's dimension scales do.
    target.dims[0].label = "time"
    scale = f.create_dataset("scale", data=np.arange(BIG[0]))
    scale.make_scale("t")
    target.dims[0].attach_scale(scale)


def _attributes(f: h5py.File, dense: bool) -> None:
    g = f.create_group("attributes", track_order=True)
    g.attrs["empty"] = h5py.Empty("i4")
    g.attrs["zero"] = np.zeros((0,), "f4")
    g.attrs["scalar"] = np.float32(2.5)
    g.attrs["grid"] = np.arange(12).reshape(3, 4)
    g.attrs["text"] = "Ünïcode"
    g.attrs["fixed"] = np.bytes_(b"abc")
    g.attrs["texts"] = np.array(["a", "bb"], h5py.string_dtype())
    g.attrs["enum"] = np.array(1, h5py.enum_dtype({"NO": 0, "YES": 1}))
    g.attrs["ñame"] = 1
    for i in range(30):
        g.attrs[f"n{29 - i}"] = i
    f.attrs["title"] = "every feature"
    f["layouts/chunked"].attrs["x"] = [1, 2, 3]
    if dense:
        g.attrs["more than 64 KiB"] = RANDOM.random(20_000)
