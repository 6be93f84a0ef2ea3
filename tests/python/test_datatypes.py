"""Every datatype h5py offers, chunked and contiguous, back with the same type and values."""

from __future__ import annotations

from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Store

RNG = np.random.default_rng(42)
COMPOUND = np.dtype([("a", "<i4"), ("b", ">f8", (2, 3)), ("s", "S5"), ("n", [("u", "u1")])])


def _raw(dtype: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    kind = np.dtype(dtype)
    raw = RNG.bytes(int(np.prod(shape)) * kind.itemsize)
    return np.array(np.frombuffer(raw, kind).reshape(shape))


SHAPE = (37, 11)
ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    **{code: _raw(code, SHAPE) for code in ("i1", "u1", "<i2", ">i2", "<u4", ">u4", "<i8", ">u8")},
    "f2": RNG.normal(size=SHAPE).astype("f2"),
    ">f4": RNG.normal(size=SHAPE).astype(">f4"),
    "f8": np.where(RNG.random(SHAPE) < 0.1, np.nan, RNG.normal(size=SHAPE)),
    "longdouble": RNG.normal(size=SHAPE).astype(np.longdouble),
    "complex64": (RNG.normal(size=SHAPE) + 1j).astype("c8"),
    "complex128": RNG.normal(size=SHAPE) + 2j,
    "bool": RNG.random(SHAPE) < 0.5,
    "fixed": np.array([b"a", b"bc", b"", b"def"]).repeat(20).astype(h5py.string_dtype("ascii", 3)),
    "opaque": _raw("V7", (50,)),
    "enum": RNG.integers(0, 3, SHAPE).astype(h5py.enum_dtype({"R": 0, "G": 1, "B": 2}, "i1")),
    "compound": np.zeros((40,), COMPOUND),
    "datetime": np.arange(50).astype("i8").view("M8[ns]").astype(h5py.opaque_dtype("M8[ns]")),
}
ARRAYS["compound"]["a"] = np.arange(40)
ARRAYS["compound"]["b"] = RNG.normal(size=(40, 2, 3))
ARRAYS["compound"]["s"] = b"xyz"


@pytest.fixture(autouse=True)
def every_dataset_in_objects(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")
    monkeypatch.setenv("ARRAYMORPH_PIECE_BYTES", "256")


def same(left: Any, right: Any) -> bool:
    return bool(np.asarray(left).tobytes() == np.asarray(right).tobytes())


@pytest.mark.parametrize("chunks", [None, True, (5,)])
@pytest.mark.parametrize("name", ARRAYS)
def test_round_trip(local_store: Store, name: str, chunks: Any) -> None:
    values = ARRAYS[name]
    if isinstance(chunks, tuple):
        chunks = chunks * values.ndim
    with arraymorph.File(local_store.url("t.h5"), "w") as f:
        f.create_dataset("x", data=values, chunks=chunks)
    with arraymorph.File(local_store.url("t.h5")) as f:
        dataset = f["x"]
        assert dataset.dtype == values.dtype
        assert dataset.dtype.metadata == values.dtype.metadata
        if name == "longdouble":  # padding bytes carry no value
            np.testing.assert_array_equal(dataset[...], values)
        else:
            assert same(dataset[...], values)
            assert same(dataset[3:17:2], values[3:17:2])


@pytest.mark.parametrize("memory", ["f4", "f8", ">i2", "u8"])
def test_conversion_while_reading_and_writing(local_store: Store, memory: str) -> None:
    values = RNG.integers(0, 100, (64, 33)).astype("<i4")
    with arraymorph.File(local_store.url("t.h5"), "w") as f:
        dataset = f.create_dataset("x", values.shape, "<i4", chunks=(10, 10))
        dataset[...] = values.astype(memory)
        out = np.zeros(values.shape, memory)
        dataset.read_direct(out)
        np.testing.assert_array_equal(out, values)
        np.testing.assert_array_equal(dataset.astype(memory)[5:50:3, ::4], values[5:50:3, ::4])
        patch = values[:7, 3:9].astype(memory)[::-1]
        dataset[20:27, 3:9] = patch
        np.testing.assert_array_equal(dataset[20:27, 3:9], patch)


def test_compound_fields(local_store: Store) -> None:
    values = ARRAYS["compound"]
    with arraymorph.File(local_store.url("t.h5"), "w") as f:
        dataset = f.create_dataset("x", data=values, chunks=(7,))
        np.testing.assert_array_equal(dataset["a"], values["a"])
        np.testing.assert_array_equal(dataset["b", 5:9], values["b"][5:9])
        dataset["a"] = -values["a"]
        dataset["s", 3:20] = b"new"
    with arraymorph.File(local_store.url("t.h5")) as f:
        got = f["x"][...]
        np.testing.assert_array_equal(got["a"], -values["a"])
        np.testing.assert_array_equal(got["b"], values["b"])
        assert set(got["s"][3:20]) == {b"new"}
        assert set(got["s"][20:]) == {b"xyz"}


def test_variable_length(store: Store) -> None:
    with arraymorph.File(store.url("t.h5"), "w") as f:
        text = f.create_dataset("text", (1000,), h5py.string_dtype(), chunks=(10,))
        text[...] = [f"string {i} äöü" for i in range(1000)]
        ragged = f.create_dataset("ragged", (100,), h5py.vlen_dtype("f4"), maxshape=(None,))
        for i in range(100):
            ragged[i] = np.arange(i % 7)
        ragged.resize((120,))
    with arraymorph.File(store.url("t.h5")) as f:
        assert f["text"].asstr()[500] == "string 500 äöü"
        assert f["text"].shape == (1000,)
        assert [len(part) for part in f["ragged"][:100]] == [i % 7 for i in range(100)]
        assert f["ragged"][119].size == 0


def test_scalar_null_and_zero_size(store: Store) -> None:
    with arraymorph.File(store.url("t.h5"), "w") as f:
        f["scalar"] = 2.5
        f["text"] = "hello"
        f["null"] = h5py.Empty("f4")
        f.create_dataset("zero", (0, 4), "i4", maxshape=(None, 4))
        f.create_dataset("nothing", (3, 0), "i4")
    with arraymorph.File(store.url("t.h5"), "r+") as f:
        assert f["scalar"][()] == 2.5
        assert f["text"].asstr()[()] == "hello"
        assert f["null"][()] == h5py.Empty("f4")
        assert f["zero"][...].shape == (0, 4)
        assert f["nothing"][...].shape == (3, 0)
        f["zero"].resize((2, 4))
        f["zero"][1] = 9
        assert f["zero"][...].tolist() == [[0] * 4, [9] * 4]


@pytest.mark.parametrize("fillvalue", [None, 7, -1])
@pytest.mark.parametrize("dtype", ["i2", ">f4", "f8"])
def test_fill_value(local_store: Store, fillvalue: int | None, dtype: str) -> None:
    expected = 0 if fillvalue is None else fillvalue
    with arraymorph.File(local_store.url("t.h5"), "w") as f:
        x = f.create_dataset(
            "x", (25, 25), dtype, chunks=(10, 10), maxshape=(None, None), fillvalue=fillvalue
        )
        x[3, 4] = 100
    with arraymorph.File(local_store.url("t.h5"), "r+") as f:
        x = f["x"]
        assert x[3, 4] == 100
        assert x[3, 5] == expected
        assert x[20, 20] == expected
        x.resize((31, 25))
        assert x[30, 0] == expected


def test_committed_type(store: Store) -> None:
    with arraymorph.File(store.url("t.h5"), "w") as f:
        f["kind"] = COMPOUND
        f.create_dataset("x", (30,), f["kind"], chunks=(4,))
        f["x"]["a"] = np.arange(30)
    with arraymorph.File(store.url("t.h5")) as f:
        assert f["x"].id.get_type().committed()
        assert f["kind"].dtype == COMPOUND
        np.testing.assert_array_equal(f["x"]["a"], np.arange(30))


def test_attributes(store: Store) -> None:
    given: dict[str, Any] = {
        "int": 5,
        "array": np.arange(6, dtype=">i2").reshape(2, 3),
        "text": "grüße",
        "bytes": np.bytes_(b"abc"),
        "strings": np.array(["a", "bcd"], dtype=h5py.string_dtype()),
        "empty": h5py.Empty("i4"),
        "compound": ARRAYS["compound"][:2],
    }
    with arraymorph.File(store.url("t.h5"), "w") as f:
        f.create_dataset("x", (100, 100), "i4", chunks=(10, 10))
        for owner in (f, f["x"], f.create_group("g")):
            owner.attrs.update(given)
        f["x"].attrs.modify("int", 6)
        del f["g"].attrs["text"]
        f["g"].attrs["big"] = np.zeros(7000, "f8")
    with arraymorph.File(store.url("t.h5")) as f:
        assert f["x"].attrs["int"] == 6
        assert "text" not in f["g"].attrs
        assert f["g"].attrs["big"].size == 7000
        for name, value in given.items():
            got = f.attrs[name]
            assert got == value if isinstance(value, h5py.Empty) else np.array_equal(got, value)
