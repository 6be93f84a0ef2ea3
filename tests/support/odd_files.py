"""HDF5 files that are legal, rare, and easily misjudged; made with h5py's own HDF5.

`WHOLE`: files whose every value can be read. `BROKEN`: files with something that cannot.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

Make = Callable[[h5py.File], None]


def two_names(f: h5py.File) -> None:
    """References to what has several names, one of them sorted before the other."""
    f["zz"] = np.arange(10)
    for name in ("scalar", "group", "other"):
        f[name] = 1
    f["aa"] = f["zz"]
    f.create_group("deep/er")["again"] = f["zz"]
    f.attrs["object"] = f["zz"].ref
    f.attrs["area"] = f["aa"].regionref[2:5]
    f["list"] = np.array([f["aa"].ref, f["zz"].ref, f["deep/er/again"].ref], h5py.ref_dtype)
    f["loop"] = f["/"]
    f["deep/up"] = f["/deep"]
    f["deep"].attrs["me"] = f["deep/up/up"].ref


def region_references(f: h5py.File) -> None:
    target = f.create_dataset("target", data=np.arange(2000.0).reshape(40, 50), chunks=(7, 9))
    areas = f.create_dataset("areas", (6,), h5py.regionref_dtype)
    areas[0] = target.regionref[10:20, 30:50]
    areas[1] = target.regionref[...]
    spaces = {name: target.id.get_space() for name in ("points", "union", "none")}
    spaces["points"].select_elements(np.array([(3, 4), (0, 0), (39, 49)], "u8"))
    spaces["union"].select_hyperslab((0, 0), (3, 3))
    spaces["union"].select_hyperslab((30, 31), (2, 5), op=h5s.SELECT_OR)
    spaces["none"].select_none()
    for i, space in enumerate(spaces.values(), 2):
        areas[i] = h5py.h5r.create(f.id, b"target", h5py.h5r.DATASET_REGION, space)
    f.attrs["areas"] = areas[:]


def references_to_nothing(f: h5py.File) -> None:
    f["gone"] = np.arange(5)
    f["stays"] = np.arange(5)
    kind = np.dtype([("to", h5py.ref_dtype), ("area", h5py.regionref_dtype), ("n", "i4")])
    for name, chunks in (("table", None), ("chunked", (2,))):
        table = f.create_dataset(name, (4,), kind, chunks=chunks)
        table[0] = (f["gone"].ref, f["gone"].regionref[1:3], 1)
        table[1] = (f["stays"].ref, f["stays"].regionref[1:3], 2)
    lists = f.create_dataset("lists", (3,), h5py.vlen_dtype(h5py.ref_dtype))
    lists[0] = np.array([f["gone"].ref, f["stays"].ref], h5py.ref_dtype)
    f["stays"].attrs["null"] = np.array([h5py.h5r.Reference()] * 2, h5py.ref_dtype)
    f["stays"].attrs["gone"] = f["gone"].ref
    del f["gone"]


def payloads(f: h5py.File) -> None:
    """NaN of several kinds, zeros of both signs, and what lies between the members of a table."""
    bits = np.array([0x7FF8000000000001, 0xFFF0DEADBEEF0001, 1 << 63, 0x7FF0000000000001], "<u8")
    f["nan"] = bits.view("<f8")
    f.create_dataset("chunked nan", data=np.tile(bits.view("<f8"), 3000), chunks=(999,))
    f.attrs["nan"] = bits.view("<f8")
    text = np.dtype([("x", "f8"), ("name", h5py.string_dtype())])
    f["in table"] = np.array([(x, "n") for x in bits.view("<f8")], text)
    padded = h5t.create(h5t.COMPOUND, 24)
    padded.insert(b"a", 1, h5t.STD_I8LE)
    padded.insert(b"b", 8, h5t.IEEE_F64LE)
    for name, rows in ((b"padded", 5), (b"padded and large", 8000)):
        raw = np.arange(rows * 24, dtype="u4").astype("u1")
        made = h5d.create(f.id, name, padded, h5s.create_simple((rows,)))
        made.write(h5s.ALL, h5s.ALL, raw, padded)


def unusual_types(f: h5py.File) -> None:
    g = f.create_group("types").id
    short = h5t.STD_I32LE.copy()
    short.set_precision(12)
    short.set_offset(3)
    half = h5t.IEEE_F32BE.copy()
    half.set_fields(26, 20, 6, 0, 20)
    half.set_precision(27)
    half.set_ebias(31)
    spaced = h5t.C_S1.copy()
    spaced.set_size(9)
    spaced.set_strpad(h5t.STR_SPACEPAD)
    opaque = h5t.create(h5t.OPAQUE, 7)
    opaque.set_tag(b"seven")
    inner = h5t.create(h5t.COMPOUND, 16)
    inner.insert(b"when", 0, h5t.UNIX_D64LE)
    inner.insert(b"what", 8, opaque)
    kinds: dict[bytes, Any] = {
        b"12 bits": short,
        b"own float": half,
        b"spaced": spaced,
        b"opaque": opaque,
        b"bits": h5t.STD_B32BE,
        b"time": h5t.UNIX_D32BE,
        b"inner": inner,
        b"array of inner": h5t.array_create(inner, (2, 3)),
        b"long double": h5t.NATIVE_LDOUBLE,
        b"enum": h5py.h5t.py_create(h5py.enum_dtype({"A": -5, "B": 1 << 40}, basetype="<i8")),
    }
    for name, kind in kinds.items():
        size = 4 * kind.get_size()
        for where, layout in ((name, None), (name + b" chunked", (3,))):
            plist = h5p.create(h5p.DATASET_CREATE)
            if layout is not None:
                plist.set_chunk(layout)
                plist.set_deflate(1)
            made = h5d.create(g, where, kind, h5s.create_simple((4,)), plist)
            made.write(h5s.ALL, h5s.ALL, np.arange(size, dtype="u1"), kind)
        attribute = h5py.h5a.create(f.id, name, kind, h5s.create_simple((4,)))
        attribute.write(np.arange(size, dtype="u1"), mtype=kind)


def variable_types(f: h5py.File) -> None:
    """Values that point elsewhere, of types that NumPy does not have among them."""
    row = np.dtype([("n", "i4"), ("text", h5py.string_dtype())])
    for name, shape, chunks in (("scalar", (), None), ("list", (3,), None), ("some", (5,), (2,))):
        f.create_dataset(f"text {name}", shape, h5py.string_dtype(), chunks=chunks)[...] = "ü" * 9
        f.create_dataset(f"row {name}", shape, row, chunks=chunks)[...] = np.array((5, "x"), row)
    ragged = f.create_dataset("ragged", (4,), h5py.vlen_dtype(np.dtype("f4")))
    ragged[2] = np.array([np.nan, 1, -0.0], "f4")
    opaque = h5t.create(h5t.OPAQUE, 3)
    opaque.set_tag(b"")
    for raw, kind in {
        b"vlen of vlen": h5t.vlen_create(h5t.vlen_create(h5t.STD_I16BE)),
        b"vlen of time": h5t.vlen_create(h5t.UNIX_D32LE),
        b"vlen of opaque": h5t.vlen_create(opaque),
    }.items():
        h5d.create(f.id, raw, kind, h5s.create_simple((3,)))
        h5py.h5a.create(f["list"].id if "list" in f else f.id, raw, kind, h5s.create_simple((2,)))
    f.attrs["texts"] = np.array(["a", "", "ccc"], h5py.string_dtype())
    f.attrs.create("rows", np.array([(1, "a"), (2, "")], row), dtype=row)


def links(f: h5py.File) -> None:
    f["a"], f["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")
    f["self"] = h5py.SoftLink("self")
    f["nowhere"] = h5py.SoftLink("/no/where")
    f["external"] = h5py.ExternalLink("not-there.h5", "/x")
    f["external here"] = h5py.ExternalLink("not-there.h5", "/")
    f.create_dataset(b"not \xff utf-8", data=1)
    f.create_dataset("new\nline", data=2)
    many = f.create_group("many", track_order=True)
    for i in range(300):
        many.create_group(f"{(i * 37) % 300:03}").attrs["i"] = i
    many.create_group("in order", track_order=True)
    for i in range(20):
        many.attrs[f"z{19 - i}"] = i


def committed_types(f: h5py.File) -> None:
    f["type"] = np.dtype([("a", "i2"), ("b", "f4")])
    f["type"].attrs["unit"] = "K"
    f["same type"] = f["type"]
    f["type"].attrs["of itself"] = f["type"].ref
    f.create_dataset("x", (4,), dtype=f["type"])
    f.attrs.create("of type", np.zeros(2, f["type"].dtype), dtype=f["type"])
    anonymous = h5t.py_create(np.dtype([("c", "i8")])).copy()
    anonymous.commit(f.id, b"for a while")
    h5d.create(f.id, b"y", anonymous, h5s.create_simple((3,)))
    del f["for a while"]


def storage(f: h5py.File) -> None:
    f["scalar"], f["null"] = 2.5, h5py.Empty("i4")
    f.create_dataset("no rows", (0, 7), "f4", chunks=(3, 7), maxshape=(None, 7))
    f.create_dataset("unwritten", (1000, 1000), "f8", fillvalue=np.nan)
    f.create_dataset("unwritten chunks", (1000, 1000), "f8", chunks=(100, 100), fillvalue=-1)
    compact = h5p.create(h5p.DATASET_CREATE)
    compact.set_layout(h5d.COMPACT)
    made = h5d.create(f.id, b"compact", h5t.STD_I32BE, h5s.create_simple((6,)), compact)
    made.write(h5s.ALL, h5s.ALL, np.arange(6, dtype=">i4"), h5t.STD_I32BE)
    for name, when in ((b"early", h5d.ALLOC_TIME_EARLY), (b"late", h5d.ALLOC_TIME_LATE)):
        for kind, layout in ((b" chunked", (30, 30)), (b" contiguous", None)):
            plist = h5p.create(h5p.DATASET_CREATE)
            plist.set_alloc_time(when)
            plist.set_fill_time(h5d.FILL_TIME_NEVER)
            if layout is not None:
                plist.set_chunk(layout)
                plist.set_deflate(4)
            h5d.create(f.id, name + kind, h5t.IEEE_F32LE, h5s.create_simple((200, 200)), plist)
    grown = f.create_dataset("grown", data=np.ones((50, 50)), chunks=(20, 20), maxshape=(None, 99))
    grown.resize((33, 70))


def fill_value_of_text(f: h5py.File) -> None:
    f.create_dataset("words", (20,), h5py.string_dtype(), chunks=(6,), fillvalue="none")
    f["words"][3] = "one"


WHOLE: dict[str, tuple[Make, dict[str, Any]]] = {
    "two names": (two_names, {}),
    "two names, paged": (two_names, {"fs_strategy": "page", "fs_page_size": 4096}),
    "region references": (region_references, {}),
    "references to nothing": (references_to_nothing, {}),
    "payloads": (payloads, {}),
    "unusual types": (unusual_types, {"libver": "latest"}),
    "variable types": (variable_types, {}),
    "links": (links, {}),
    "links, latest": (links, {"libver": "latest", "track_order": True}),
    "committed types": (committed_types, {}),
    "storage": (storage, {}),
    "fill value of text": (fill_value_of_text, {}),
}


def make(path: Path, name: str) -> None:
    fill, options = WHOLE[name]
    with h5py.File(path, "w", **options) as f:
        fill(f)


def add_user_defined_link(path: Path) -> None:
    """A link of a class of somebody's own, which h5py cannot make."""

    class LinkClass(ctypes.Structure):
        _fields_ = [
            ("version", ctypes.c_int),
            ("id", ctypes.c_int),
            ("comment", ctypes.c_char_p),
            ("create", ctypes.c_void_p),
            ("move", ctypes.c_void_p),
            ("copy", ctypes.c_void_p),
            ("traverse", ctypes.c_void_p),
            ("delete", ctypes.c_void_p),
            ("query", ctypes.c_void_p),
        ]

    folder = Path(h5py.__file__).parents[1] / "h5py.libs"
    hdf5 = ctypes.CDLL(str(next(folder.glob("libhdf5-*"))))
    kind = ctypes.CFUNCTYPE(
        ctypes.c_int64, ctypes.c_char_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_size_t,
        ctypes.c_int64, ctypes.c_int64,
    )  # fmt: skip
    traverse = kind(lambda *_: -1)
    its = LinkClass(version=1, id=187, comment=b"ours")
    its.traverse = ctypes.cast(traverse, ctypes.c_void_p)
    with h5py.File(path, "r+") as f:
        assert hdf5.H5Lregister(ctypes.byref(its)) >= 0
        zero, where = ctypes.c_int64(0), ctypes.c_int64(f.id.id)
        data = ctypes.create_string_buffer(b"anything", 8)
        made = hdf5.H5Lcreate_ud(where, b"own link", 187, data, ctypes.c_size_t(8), zero, zero)
        assert made >= 0
        assert hdf5.H5Lunregister(187) >= 0
