"""Failures: each raises the exception h5py users know, with words that say what to do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import arraymorph
import numpy as np
import pytest
from conftest import Runner, Store

VALUES = np.arange(40_000, dtype="i4").reshape(200, 200)


@pytest.fixture(autouse=True)
def every_dataset_in_objects(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")


def make(store: Store, **arguments: object) -> str:
    url = store.url("e.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=VALUES, chunks=(100, 100), **arguments)
    return url


def test_missing_file(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        arraymorph.File(store.url("nothing.h5"))


def test_s3_missing_bucket(s3_store: Store) -> None:
    for mode in ("r", "w"):
        with pytest.raises(OSError, match="bucket 'no-such-bucket-here' does not exist"):
            arraymorph.File("s3://no-such-bucket-here/x.h5", mode)


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_ACCESS_KEY_ID", "nobody"), ("AWS_SECRET_ACCESS_KEY", "wrong-secret")],
)
def test_s3_wrong_credentials(
    s3_store: Store, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    url = make(s3_store)
    monkeypatch.setenv(name, value)
    for mode in ("r", "r+", "w"):
        with pytest.raises(PermissionError, match=name):
            arraymorph.File(url, mode)


def test_s3_refused_endpoint_fails_fast(python: Runner, s3_store: Store) -> None:
    result = python(
        f"""
import arraymorph
try:
    arraymorph.File({s3_store.url("x.h5")!r})
except OSError as error:
    print(error)
retries = arraymorph.stats()["retries"]
assert retries <= 4, retries  # two for each layout
""",
        AWS_ENDPOINT_URL_S3="http://127.0.0.1:1",
        ARRAYMORPH_RETRIES="20",
    )
    assert "127.0.0.1:1 refuses connections" in result.stdout


def test_s3_endpoint_without_scheme(s3_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "127.0.0.1:9000")
    with pytest.raises(OSError, match="http://"):
        arraymorph.File(s3_store.url("x.h5"))


def test_s3_contradicting_tls_settings(s3_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
    monkeypatch.setenv("AWS_USE_TLS", "true")
    with pytest.raises(OSError, match="AWS_USE_TLS"):
        arraymorph.File(s3_store.url("x.h5"))


def test_unknown_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_PLATFORM", "Azure")
    monkeypatch.setenv("BUCKET_NAME", "b")
    with pytest.raises(OSError, match="STORAGE_PLATFORM.*Azure"):
        arraymorph.File("x.h5", "w")


@pytest.mark.parametrize("name", ["../x.h5", "a/../../x.h5", "a/..", ""])
def test_names_that_leave_the_store(local_store: Store, name: str) -> None:
    for mode in ("r", "w"):
        with pytest.raises(OSError, match="x.h5|name|\\.\\."):
            arraymorph.File(name, mode)
    assert local_store.root is not None
    assert list(local_store.root.parent.glob("*.h5")) == []


def metadata(store: Store) -> Path:
    assert store.root is not None
    return store.root / "e.h5/.arraymorph/metadata.h5"


@pytest.mark.parametrize("keep", [0, 1, 100, -1, -8, -40])
def test_truncated_metadata(local_store: Store, keep: int) -> None:
    url = make(local_store)
    data = metadata(local_store).read_bytes()
    metadata(local_store).write_bytes(data[:keep])
    for mode in ("r", "r+"):
        with pytest.raises(OSError, match="e.h5"):
            arraymorph.File(url, mode)


def test_metadata_overwritten_with_noise(local_store: Store) -> None:
    url = make(local_store)
    rng = np.random.default_rng(5)
    size = metadata(local_store).stat().st_size
    for _ in range(20):
        metadata(local_store).write_bytes(rng.bytes(size))
        with pytest.raises(OSError, match="e.h5"):
            arraymorph.File(url)


def test_metadata_with_one_flipped_bit(local_store: Store) -> None:
    url = make(local_store)
    data = bytearray(metadata(local_store).read_bytes())
    for position in range(0, len(data), max(1, len(data) // 50)):
        damaged = bytearray(data)
        damaged[position] ^= 4
        metadata(local_store).write_bytes(damaged)
        with pytest.raises(OSError, match="e.h5"):
            arraymorph.File(url)


def chunk(store: Store, key: str = "e.h5/x/c/0/1") -> Path:
    assert store.root is not None
    return store.root / key


def test_missing_chunk_is_fill_value(local_store: Store) -> None:
    url = make(local_store, fillvalue=-3)
    chunk(local_store).unlink()
    with arraymorph.File(url) as f:
        assert (f["x"][:100, 100:] == -3).all()
        np.testing.assert_array_equal(f["x"][:, :100], VALUES[:, :100])


@pytest.mark.parametrize("filters", [{}, {"compression": "gzip"}, {"fletcher32": True}])
def test_truncated_chunk(local_store: Store, filters: dict[str, object]) -> None:
    url = make(local_store, **filters)
    data = chunk(local_store).read_bytes()
    chunk(local_store).write_bytes(data[:-7])
    with arraymorph.File(url) as f:
        with pytest.raises(OSError, match="x/c/0/1"):
            f["x"][...]
        np.testing.assert_array_equal(f["x"][:, :100], VALUES[:, :100])


def test_flipped_bit_in_a_chunk(local_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    url = make(local_store)
    if not os.listxattr(chunk(local_store)):
        pytest.skip("the file system has no extended attributes")
    data = bytearray(chunk(local_store).read_bytes())
    data[1234] ^= 1
    chunk(local_store).write_bytes(data)
    with arraymorph.File(url) as f, pytest.raises(OSError, match=r"x, chunk \(0, 1\).*CRC-32C"):
        f["x"][...]
    monkeypatch.setenv("ARRAYMORPH_CHECKSUMS", "off")
    with arraymorph.File(url) as f:
        assert (f["x"][...] != VALUES).sum() == 1


def test_corrupt_chunk_under_fletcher32(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARRAYMORPH_CHECKSUMS", "off")
    url = make(local_store, fletcher32=True)
    data = bytearray(chunk(local_store).read_bytes())
    data[1234] ^= 1
    chunk(local_store).write_bytes(data)
    with arraymorph.File(url) as f, pytest.raises(OSError, match="fletcher32"):
        f["x"][...]


def test_filter_that_is_not_installed(
    python: Runner, local_store: Store, enabled_environment: dict[str, str]
) -> None:
    url = local_store.url("f.h5")
    python(
        f"""
import hdf5plugin, arraymorph, numpy as np
with arraymorph.File({url!r}, "w") as f:
    f.create_dataset("x", data=np.arange(1000), chunks=(100,), compression=hdf5plugin.Blosc2())
    f["y"] = 5
"""
    )
    result = python(
        f"""
import arraymorph
with arraymorph.File({url!r}) as f:
    assert f["y"][()] == 5
    try:
        f["x"][...]
    except OSError as error:
        print(error)
"""
    )
    assert "filter" in result.stdout or "plugin" in result.stdout


def test_read_only_file_refuses_changes(store: Store) -> None:
    url = make(store)
    with arraymorph.File(url, "r") as f:
        with pytest.raises(OSError, match="[Ww]rite"):
            f["x"][0, 0] = 1
        with pytest.raises(ValueError, match="[Ww]rite|intent"):
            f.create_group("g")
        with pytest.raises((OSError, KeyError), match="intent"):
            f.attrs["a"] = 1
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["x"][...], VALUES)


def test_somebody_else_committed_meanwhile(store: Store, python: Runner) -> None:
    """The close fails, the process ends as it would have, and the other's commit stays."""
    url = make(store)
    theirs = f"""
import arraymorph
with arraymorph.File({url!r}, "r+") as f:
    f.attrs["theirs"] = 2
"""
    result = python(
        f"""
import arraymorph, subprocess, sys
f = arraymorph.File({url!r}, "r+")
f.attrs["mine"] = 1
subprocess.run([sys.executable, "-c", {theirs!r}], check=True)
try:
    f.close()
except (OSError, RuntimeError) as error:
    print(error)
"""
    )
    assert "somebody else" in result.stdout
    assert url.rpartition("/")[2] in result.stdout
    with arraymorph.File(url) as f:
        assert dict(f.attrs) == {"theirs": 2}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    directory = tmp_path / "small"
    directory.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"mount refused: {mounted.stderr.strip()}")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


def test_full_disk_loses_nothing_silently(small_disk: Path, python: Runner) -> None:
    result = python(
        f"""
import arraymorph, numpy as np, pathlib
root = pathlib.Path({str(small_disk)!r})
arraymorph.configure_local(root)
with arraymorph.File("small.h5", "w") as f:
    f["kept"] = 1
ballast = root / "ballast"
ballast.write_bytes(bytes(600_000))
f = arraymorph.File("small.h5", "r+")
values = np.random.default_rng(1).integers(0, 255, 800_000, dtype="u1")
try:
    f.create_dataset("x", data=values, chunks=(200_000,))
    f.flush()
except OSError as error:
    print("refused:", error)
except RuntimeError as error:
    print("refused:", error)
ballast.unlink()
f.flush()
assert (f["x"][...] == values).all()
f.close()
with arraymorph.File("small.h5") as f:
    assert (f["x"][...] == values).all()
    assert f["kept"][()] == 1
""",
        ARRAYMORPH_INLINE_BYTES="0",
    )
    assert "refused:" in result.stdout
    assert "No space left" in result.stdout or "full" in result.stdout


def test_read_only_directory(local_store: Store) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    assert local_store.root is not None
    local_store.root.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            arraymorph.File(local_store.url("x.h5"), "w")
    finally:
        local_store.root.chmod(0o700)
