"""Files that somebody damaged on purpose, checksums redone: right data or an exception, and never a
crash, a hang, or more than 1 GiB of memory.

`./just test-hostile` flips every bit of the HDF5 part instead of some.
"""

from __future__ import annotations

import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import hdf5plugin
import numpy as np
import pytest
from conftest import Store
from metadata_object import Metadata

READER = Path(__file__).resolve().parents[1] / "support" / "hostile_reader.py"
HANG = 60  # seconds that nothing here may take
SOME = 240  # bits of an HDF5 file that are flipped where not all are
EVERY_BIT = "HOSTILE_EVERY_BIT" in os.environ
METADATA = ".arraymorph/metadata.h5"
HUGE = 1 << 60


Outcome = dict[str, Any]


class Reader:
    """Runs hostile_reader over many files, and again after each that brings it down."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, lines: list[str]) -> list[Outcome]:
        return [self.run_one(line) for line in lines]

    def run_one(self, line: str) -> Outcome:
        """{"data": ...}, {"error": ...} or {"crash": ...}."""
        process = self.process or self.start()
        assert process.stdin
        try:
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()
            outcome = self.answer(process)
        except BrokenPipeError:
            outcome = {"crash": "at the end of the file before"}
        if "crash" in outcome:
            self.close()
        return outcome

    def start(self) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(
            [sys.executable, str(READER)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self.process

    def answer(self, process: subprocess.Popen[bytes]) -> Outcome:
        assert process.stdout
        deadline = time.monotonic() + HANG
        text = b""
        while not text.endswith(b"}\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                return {"crash": "hangs"}
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                return {"crash": f"exit status {process.wait(HANG)}"}
            text += piece
        outcome: Outcome = json.loads(text.splitlines()[-1])
        return outcome

    def close(self) -> None:
        """The next file gets a process of its own."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@dataclass
class Damage:
    """A stored file, of which damaged copies are made."""

    store: Store
    name: str
    reader: Reader

    def __post_init__(self) -> None:
        assert self.store.root
        self.folder = self.store.root / self.name
        self.metadata = Metadata.parse((self.folder / METADATA).read_bytes())
        self.right = self.reader.run([f"r {self.store.url(self.name)}"])[0]
        assert "data" in self.right, self.right
        self.copies = 0

    @property
    def catalog(self) -> dict[str, Any]:
        catalog: dict[str, Any] = json.loads(self.metadata.catalog)
        return catalog

    def copy(self, metadata: bytes) -> str:
        """The file with another metadata object and the same chunk objects; its URL."""
        assert self.store.root
        self.copies += 1
        name = f"copy{self.copies}-{self.name}"
        folder = self.store.root / name
        (folder / ".arraymorph").mkdir(parents=True)
        (folder / METADATA).write_bytes(metadata)
        for item in self.folder.iterdir():
            if item.name != ".arraymorph":
                (folder / item.name).symlink_to(item)
        return self.store.url(name)

    def with_catalog(self, catalog: object) -> str:
        text = catalog if isinstance(catalog, bytes) else json.dumps(catalog).encode()
        return self.copy(Metadata(self.metadata.file, text, self.metadata.tail).object())


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HDF5_")}


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    ours = {
        "HDF5_PLUGIN_PATH": arraymorph.get_plugin_path(),
        "HDF5_VOL_CONNECTOR": "arraymorph",
    }
    reader = Reader({**plain_environment(), **ours})
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def native() -> Iterator[Reader]:
    reader = Reader(plain_environment())
    yield reader
    reader.close()


@pytest.fixture
def damage(
    local_store: Store, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Damage]:
    """`damage(name, write, **options)`: a file of ArrayMorph that `write(file)` has filled."""
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")

    def make(name: str, write: Callable[[h5py.File], None], **options: Any) -> Damage:
        with arraymorph.File(local_store.url(name), "w", **options) as file:
            write(file)
        return Damage(local_store, name, reader)

    return make


def fill(file: h5py.File) -> None:
    """A bit of everything that HDF5 describes."""
    file.attrs["title"] = "hostile"
    group = file.create_group("group")
    group.attrs["numbers"] = np.arange(5.0)
    data = np.arange(48, dtype="<i4").reshape(6, 8)
    file.create_dataset("x", data=data, chunks=(3, 4), compression="gzip")
    group.create_dataset("y", data=-data, chunks=(3, 4), shuffle=True, fletcher32=True)
    file.create_dataset("flat", data=np.arange(30.0))
    file.create_dataset("text", data=["a", "bc"], dtype=h5py.string_dtype())
    kinds = np.zeros(3, dtype=[("a", "<i2"), ("b", "<f8", (2,))])
    group.create_dataset("kinds", data=kinds, maxshape=(None,), chunks=(2,))
    group["link"] = h5py.SoftLink("/x")


def bits_of(data: bytes) -> Iterator[bytes]:
    bits = range(8 * len(data))
    # Half of them where a few bytes describe everything, half anywhere.
    chosen = random.Random(8)
    some = [chosen.randrange(8 * 1024) for _ in range(SOME // 2)] + chosen.sample(bits, SOME // 2)
    for bit in bits if EVERY_BIT else some:
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_bits_of_the_hdf5_file(
    damage: Callable[..., Damage],
    native: Reader,
    libver: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    file = damage("bits.h5", fill, libver=libver)
    variants = list(bits_of(file.metadata.file))
    modes = ["r+" if i % 8 == 7 else "r" for i in range(len(variants))]
    urls = [
        file.copy(Metadata(bits, file.metadata.catalog, file.metadata.tail).object())
        for bits in variants
    ]
    outcomes = file.reader.run([f"{m} {url}" for m, url in zip(modes, urls, strict=True)])
    crashed = [i for i, outcome in enumerate(outcomes) if "crash" in outcome]
    # What native HDF5 does not survive either is not ours.
    lines = []
    for i in crashed:
        (tmp_path / f"{i}.h5").write_bytes(variants[i])
        lines.append(f"{modes[i]} {tmp_path / f'{i}.h5'}")
    natively = native.run(lines)
    ours = [(i, outcomes[i]) for i, n in zip(crashed, natively, strict=True) if "crash" not in n]
    record_property("variants", len(variants))
    record_property("errors", sum("error" in outcome for outcome in outcomes))
    record_property("crashes of native HDF5 too", len(crashed) - len(ours))
    print(
        f"{libver}: {len(variants)} variants, {len(crashed)} crash, native HDF5 without {len(ours)}"
    )
    assert ours == []
    assert any("error" in outcome for outcome in outcomes)


def test_truncated_objects_and_wrong_lengths(damage: Callable[..., Damage]) -> None:
    file = damage("lengths.h5", fill)
    whole = file.metadata.object()
    size = len(file.metadata.file)
    rest = len(file.metadata.catalog)
    urls = [file.copy(whole[:n]) for n in (0, 1, 47, 48, 49, len(whole) // 2, len(whole) - 1)]
    urls += [file.copy(whole + b"x"), file.copy(whole * 2 + b"y")]
    for lengths in (
        (size - 1, rest + 1),
        (size + 1, rest - 1),
        (0, size + rest),
        (size + rest, 0),
        (HUGE, rest),
        (size, HUGE),
        ((1 << 64) - 1, size + rest + 1),
        (size, rest - 1),
    ):
        urls.append(file.copy(file.metadata.object(lengths)))
    # The HDF5 part cut off, lengths and checksums right.
    for n in (0, 8, 48, 96, size // 2, size - 1):
        metadata = Metadata(file.metadata.file[:n], file.metadata.catalog, file.metadata.tail)
        urls.append(file.copy(metadata.object()))
    outcomes = file.reader.run([f"r {url}" for url in urls])
    assert [outcome for outcome in outcomes if "error" not in outcome] == []


def change(catalog: dict[str, Any], **values: object) -> dict[str, Any]:
    """The catalog with another first entry."""
    return {**catalog, "datasets": [{**catalog["datasets"][0], **values}, *catalog["datasets"][1:]]}


def test_catalogs(damage: Callable[..., Damage]) -> None:
    file = damage("catalog.h5", fill)
    good = file.catalog
    first, second = good["datasets"][:2]
    damaged: dict[str, object] = {
        "nothing": b"",
        "no JSON": b"\xff\xfe{",
        "deep": b"[" * 1_000_000,
        "deep objects": b'{"datasets":' * 100_000,
        "extents of another dataset": change(good, chunk=[1, 1]),
        "fewer extents": change(good, chunk=[3]),
        "extents of 0": change(good, chunk=[0, 4]),
        "extents of 2^60": change(good, chunk=[HUGE, 4]),
        "extents of 2^64": change(good, chunk=[1 << 64, 4]),
        "negative extents": change(good, chunk=[-1, 4]),
        "a rank of 1000": change(good, chunk=[1] * 1000),
        "no extents": change(good, chunk=[]),
        "another layout": change(good, layout="contiguous"),
        "an unknown layout": change(good, layout="striped"),
        "numbers of 1e400": file.metadata.catalog.replace(b'"version":1', b'"version":1e400'),
        "a version of 2^32 + 1": {**good, "version": (1 << 32) + 1},
        "a mask of 2^32": change(good, filter_masks=[[[0, 0], 1 << 32]]),
        "a mask of another rank": change(good, filter_masks=[[[0], 1]]),
        "two datasets in one place": change(good, prefix=second["prefix"]),
        "one inside another": change(good, prefix=second["prefix"] + "/c"),
        "trash in the place of a dataset": {**good, "trash": [first["prefix"]]},
        "trash in our own folder": {**good, "trash": [".arraymorph"]},
        "an address twice": change(good, address=second["address"]),
    }
    for prefix in (
        *("", "/", "/etc", "..", "../x", "x/../../y", "./x", "x/", "x//y", "x\0y", "x\ny"),
        *("caf\u00e9", "cafe\u0301", "\u202ex", "x" * 300, ".arraymorph", ".~arraymorph-1-1"),
    ):
        damaged[f"prefix {prefix!r}"] = change(good, prefix=prefix)
        damaged[f"trash {prefix!r}"] = {**good, "trash": [prefix]}
    urls = [file.with_catalog(catalog) for catalog in damaged.values()]
    outcomes = file.reader.run([f"r {url}" for url in urls])
    wrong = {
        name: outcome
        for name, outcome in zip(damaged, outcomes, strict=True)
        if "error" not in outcome
    }
    assert wrong == {}


def test_catalogs_that_could_be_right(damage: Callable[..., Damage]) -> None:
    """Nobody can tell that these are not meant: they are read as they say."""
    file = damage("odd.h5", fill)
    good = file.catalog
    outcomes = file.reader.run(
        [
            f"r {file.with_catalog(catalog)}"
            for catalog in (
                change(good, address=1 << 40),
                change(good, address=HUGE),
                change(good, prefix="nothing/here"),
                change(good, prefix="/".join(["x" * 200] * 20)),
                change(good, filter_masks=[[[5, 5], 1], [[HUGE, 0], 1]]),
                {**good, "datasets": []},
                {**good, "trash": ["elsewhere"]},
            )
        ]
    )
    assert [outcome for outcome in outcomes if "crash" in outcome] == []
    assert outcomes[-1] == file.right


def test_dimensions_of_2_to_60(damage: Callable[..., Damage]) -> None:
    """The HDF5 part itself claims an array of 2^60 bytes, whose chunks are not there."""

    def write(file: h5py.File) -> None:
        file.create_dataset("x", (HUGE,), "u1", chunks=(1 << 20,))
        file.create_dataset("y", (1 << 30, 1 << 30), "u1", chunks=(1 << 10, 1 << 10))

    file = damage("huge.h5", write)
    assert file.right["data"].keys() == {"x", "y"}
    # The same as one piece.
    entry = {**file.catalog["datasets"][0], "layout": "contiguous", "chunk": [HUGE]}
    outcome = file.reader.run([f"r {file.with_catalog({'version': 1, 'datasets': [entry]})}"])[0]
    assert "error" in outcome


FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "gzip": {"compression": "gzip"},
    "shuffle": {"shuffle": True},
    "fletcher32": {"fletcher32": True},
    "all": {"shuffle": True, "compression": "gzip", "fletcher32": True},
    "lzf": {"compression": "lzf"},
    "lz4": dict(hdf5plugin.LZ4()),
    "zstd": dict(hdf5plugin.Zstd()),
    "bitshuffle": dict(hdf5plugin.Bitshuffle(cname="none")),
    "bitshuffle-lz4": dict(hdf5plugin.Bitshuffle(cname="lz4")),
    "bitshuffle-zstd": dict(hdf5plugin.Bitshuffle(cname="zstd")),
    "blosc-lz4": dict(hdf5plugin.Blosc(cname="lz4")),
    "blosc-zlib": dict(hdf5plugin.Blosc(cname="zlib", shuffle=2)),
    "blosc-zstd": dict(hdf5plugin.Blosc(cname="zstd", shuffle=0)),
}
# Where a size stands at the front: claims of 2^60, 2^31 and 0 bytes.
SIZES = [
    struct.pack(">Q", HUGE),
    struct.pack(">QI", 1 << 31, 1),
    struct.pack("<BBBBIII", 2, 1, 0x21, 4, 0xFFFFFFFF, 1, 0xFFFFFFFF),
    struct.pack("<BBBBIII", 2, 1, 0x21, 4, 4000, 0, 16),
    b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", HUGE),
    b"\x78\x9c",
]


@pytest.mark.parametrize("name", FILTERS)
def test_chunk_objects(damage: Callable[..., Damage], name: str) -> None:
    data = (np.arange(1000) * 3 % 257).astype("<i4")

    def write(file: h5py.File) -> None:
        file.create_dataset("x", data=data, chunks=(1000,), **FILTERS[name])

    file = damage("chunk.h5", write)
    (chunk,) = (path for path in file.folder.rglob("c/0") if path.is_file())
    stored = chunk.read_bytes()
    size = len(stored)
    noise = random.Random(4)
    cut = [stored[:n] for n in (0, 1, 4, 8, 12, 16, 17, size // 2, size - 1)]
    longer = [stored + b"\0", stored * 2, stored + bytes(1 << 20)]
    other = [noise.randbytes(n) for n in (1, 16, size, 4000)]
    other += [front + stored[len(front) :] for front in SIZES]
    for _ in range(60):
        flipped = bytearray(stored)
        flipped[noise.randrange(size)] ^= 1 << noise.randrange(8)
        other.append(bytes(flipped))

    urls = []
    for variant in cut + longer + other:
        copy = file.copy(file.metadata.object())
        assert file.store.root
        folder = file.store.root / copy.rsplit("/", 1)[1]
        (folder / "x").unlink()
        target = folder / chunk.relative_to(file.folder)
        target.parent.mkdir(parents=True)
        target.write_bytes(variant)
        urls.append(f"r {copy}")
    outcomes = file.reader.run(urls)
    # What has another length is noticed, or makes no difference.
    checked = outcomes if "fletcher32" in FILTERS[name] else outcomes[: len(cut + longer)]
    assert [o for o in checked if "error" not in o and o != file.right] == []
    assert [outcome for outcome in outcomes if "crash" in outcome] == []
