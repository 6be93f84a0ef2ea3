"""A Hypothesis state machine that does the same to a native HDF5 file and to one of ours."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arraymorph
import generate
import h5py
import numpy as np
from compare import check_datasets, check_files, same
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

NAMES = [f"{group}{name}" for group in ("", "g/", "g/h/", "k/") for name in "xyz"]
names = st.sampled_from(NAMES)
# Where small datasets go, how contiguous ones are split, how little memory there is.
SETTINGS = st.fixed_dictionaries(
    {
        "ARRAYMORPH_INLINE_BYTES": st.sampled_from(["0", "0", "0", "200", "64K"]),
        "ARRAYMORPH_PIECE_BYTES": st.sampled_from(["40", "300", "8M"]),
        "ARRAYMORPH_CACHE_BYTES": st.sampled_from(["256M", "100", "0"]),
    }
)


class Pair(RuleBasedStateMachine):
    """`both` is the heart: one operation on each file, results and exception types compared."""

    def __init__(self) -> None:
        super().__init__()
        # A collection while h5py turns an HDF5 error into an exception closes objects and with that
        # frees the error's text: the native file would "fail" with UnicodeDecodeError.
        gc.disable()
        self.directory = Path(tempfile.mkdtemp(prefix="reference-"))
        (self.directory / "native").mkdir()
        (self.directory / "ours").mkdir()
        self.held: list[tuple[h5py.Dataset, h5py.Dataset]] = []

    @initialize(settings=SETTINGS, libver=st.sampled_from([None, "latest"]), order=st.booleans())
    def create(self, settings: dict[str, str], libver: str | None, order: bool) -> None:
        os.environ.update(settings)
        self.options = {"libver": libver}
        for name in ("other.h5", "main.h5"):
            native, ours = self._open(name, "w", track_order=order)
            for file in (native, ours):
                file.create_dataset("data", data=np.arange(40.0).reshape(8, 5), chunks=(3, 2))
            if name == "other.h5":
                native.close()
                ours.close()
        self.native, self.ours = native, ours

    def _open(self, name: str, mode: str, **more: Any) -> tuple[h5py.File, h5py.File]:
        native = h5py.File(self.directory / "native" / name, mode, **self.options, **more)
        return native, self.open_ours(name, mode, **self.options, **more)

    def open_ours(self, name: str, mode: str, **more: Any) -> h5py.File:
        return arraymorph.File(f"file://{self.directory}/ours/{name}", mode, **more)

    def perform(self, operation: Callable[[h5py.File], Any], file: h5py.File) -> Any:
        """One half of `both`."""
        return operation(file)

    def both(self, operation: Callable[[h5py.File], Any]) -> Any:
        """The native result; fails when ours differs in value or in kind of exception."""
        results: list[Any] = []
        errors: list[BaseException | None] = []
        for file in (self.native, self.ours):
            try:
                results.append(self.perform(operation, file))
                errors.append(None)
            except Exception as error:
                results.append(None)
                errors.append(error)
        # HDF5 2.0 sometimes has freed memory in a message, which h5py then cannot decode.
        unreadable = any(isinstance(error, UnicodeDecodeError) for error in errors)
        if unreadable and None not in errors:
            return None
        assert type(errors[0]) is type(errors[1]), f"native: {errors[0]!r}, ours: {errors[1]!r}"
        assert same_result(*results), f"native: {results[0]!r}, ours: {results[1]!r}"
        return results[0]

    def datasets(self) -> list[str]:
        found: list[str] = []

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                found.append(name)

        self.native.visititems(visit)
        return found

    def choose(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([*self.datasets(), "data"]))

    @rule(data=st.data(), name=names, dtype=generate.dtypes, shape=generate.shapes)
    def create_dataset(
        self, data: st.DataObject, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]
    ) -> None:
        arguments = data.draw(generate.layouts(dtype, shape))
        filled = data.draw(st.booleans())
        values = generate.values(dtype, shape, data.draw(generate.seeds)) if filled else None

        def create(file: h5py.File) -> None:
            dataset = file.create_dataset(name, shape, dtype, **arguments)
            if values is not None and values.size:
                dataset[...] = values

        self.both(create)

    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        name = self.choose(data)
        dataset = self.native.get(name)
        if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
            return
        selection = data.draw(generate.selections(dataset.shape))
        try:
            shape = dataset[selection].shape
        except Exception:
            shape = ()
        dtype = dataset.dtype
        seed = data.draw(generate.seeds)
        if dtype.kind in "iuf" and data.draw(st.booleans()):
            dtype = data.draw(generate.numeric_dtypes)
        if dtype.subdtype is not None:
            shape = shape[: len(shape) - len(dtype.subdtype[1])]
        values = generate.values(dtype, shape, seed)
        if dtype.kind in "iufc" and data.draw(st.integers(0, 4)) == 0:
            values = generate.values(dtype, (), seed)
        self.both(lambda file: file[name].__setitem__(selection, values))

    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        name = self.choose(data)
        dataset = self.native.get(name)
        if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
            return
        selection = data.draw(generate.selections(dataset.shape))
        if dataset.dtype.kind in "iuf" and data.draw(st.booleans()):
            memory = data.draw(generate.numeric_dtypes)
            self.both(lambda file: file[name].astype(memory)[selection])
        else:
            self.both(lambda file: file[name][selection])

    @rule(data=st.data(), writing=st.booleans())
    def compound_fields(self, data: st.DataObject, writing: bool) -> None:
        name = self.choose(data)
        dataset = self.native.get(name)
        if not isinstance(dataset, h5py.Dataset) or dataset.dtype != generate.COMPOUND:
            return
        field = data.draw(st.sampled_from(generate.COMPOUND.names or ()))
        if writing:
            shape = dataset.shape
            values = generate.values(generate.COMPOUND, shape, data.draw(generate.seeds))[field]
            self.both(lambda file: file[name].__setitem__(field, values))
        else:
            self.both(lambda file: file[name].fields(field)[...])

    @rule(data=st.data(), size=st.lists(st.integers(0, 14), min_size=3, max_size=3))
    def resize(self, data: st.DataObject, size: list[int]) -> None:
        name = self.choose(data)
        dataset = self.native.get(name)
        if isinstance(dataset, h5py.Dataset) and dataset.shape is not None:
            self.both(lambda file: file[name].resize(tuple(size[: len(dataset.shape)])))

    @rule(data=st.data(), name=st.sampled_from("pqr"), dtype=generate.dtypes)
    def set_attribute(self, data: st.DataObject, name: str, dtype: np.dtype[Any]) -> None:
        shape = data.draw(generate.shapes)
        value = generate.values(dtype, shape, data.draw(generate.seeds))
        owner = data.draw(st.sampled_from(["/", self.choose(data)]))

        def write(file: h5py.File) -> None:
            file[owner].attrs.create(name, value, shape, dtype)

        self.both(write)

    @rule(data=st.data(), name=st.sampled_from("pqr"))
    def delete_attribute(self, data: st.DataObject, name: str) -> None:
        owner = self.choose(data)
        self.both(lambda file: file[owner].attrs.__delitem__(name))

    @rule(name=names)
    def create_group(self, name: str) -> None:
        self.both(lambda file: file.create_group(name).name)

    @rule(name=names, other=names)
    def link(self, name: str, other: str) -> None:
        self.both(lambda file: file.__setitem__(name, file[other]))

    @rule(name=names, other=names)
    def soft_link(self, name: str, other: str) -> None:
        self.both(lambda file: file.__setitem__(name, h5py.SoftLink("/" + other)))

    @rule(name=names, other=st.sampled_from(["other.h5", "none.h5"]))
    def external_link(self, name: str, other: str) -> None:
        link = h5py.ExternalLink(other, "/data")
        self.both(lambda file: file.__setitem__(name, link))
        self.both(lambda file: file[name][1:3])

    @rule(name=names, other=names)
    def move(self, name: str, other: str) -> None:
        self.both(lambda file: file.move(name, other))

    @rule(name=st.sampled_from([*NAMES, "g", "data"]))
    def delete(self, name: str) -> None:
        self.both(lambda file: file.__delitem__(name))

    @rule(name=st.sampled_from([*NAMES, "g", "data"]), other=names)
    def copy(self, name: str, other: str) -> None:
        if self.native.mode == "r":
            return  # native HDF5 breaks its own file: close fails, later calls crash
        self.both(lambda file: file.copy(name, other))

    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        name = self.choose(data)
        if isinstance(self.native.get(name), h5py.Dataset):
            self.held.append((self.native[name], self.ours[name]))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def use_held(self, data: st.DataObject) -> None:
        native, ours = data.draw(st.sampled_from(self.held))
        assert bool(native) == bool(ours)
        if native:
            check_datasets(native, ours, "held dataset")

    @rule()
    def flush(self) -> None:
        self.both(lambda file: file.flush())

    @rule(mode=st.sampled_from(["r+", "r+", "r"]), settings=SETTINGS)
    def reopen(self, mode: str, settings: dict[str, str]) -> None:
        self.held.clear()
        self.native.close()
        self.ours.close()
        os.environ.update(settings)
        self.native, self.ours = self._open("main.h5", mode)
        check_files(self.native, self.ours)

    @rule()
    def check(self) -> None:
        check_files(self.native, self.ours)

    def teardown(self) -> None:
        if hasattr(self, "native"):
            self.held.clear()
            try:
                check_files(self.native, self.ours)
                self.reopen("r", {})
            finally:
                self.native.close()
                self.ours.close()
        gc.enable()
        gc.collect()
        shutil.rmtree(self.directory)


def same_result(native: Any, ours: Any) -> bool:
    """Results of one operation: arrays byte by byte, everything else by value."""
    if isinstance(native, (np.ndarray, np.generic)):
        return type(native) is type(ours) and same(native, ours)
    return bool(native == ours)
