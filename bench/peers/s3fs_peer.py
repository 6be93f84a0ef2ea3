"""h5py on a file object of s3fs; written as a local file first, then uploaded."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import h5py
import s3fs
from layout import Layout

from peers.hdf5_file import FileReader, create_dataset, walk_file, write_datasets
from peers.peer import CACHE_BYTES, server

PAGE_BYTES = 4 << 20  # pages of the file, which ros3 and h5py's page buffer read as a whole
AHEAD_BYTES = 16 << 20  # read in order: few large requests (opening reads as much)
BLOCK_BYTES = 4 << 20  # read here and there: blocks that are kept


def file_system() -> Any:
    at = server()
    return s3fs.S3FileSystem(
        key=at.key_id,
        secret=at.secret,
        endpoint_url=at.endpoint,
        client_kwargs={"region_name": at.region},
    )


def place(name: str) -> str:
    return f"{server().bucket}/hdf5/{name}.h5"


def opened(name: str, repeated: bool) -> Any:
    if repeated:
        blocks = {"maxblocks": CACHE_BYTES // BLOCK_BYTES}
        settings = {"cache_type": "blockcache", "block_size": BLOCK_BYTES, "cache_options": blocks}
    else:
        settings = {"cache_type": "readahead", "block_size": AHEAD_BYTES}
    return file_system().open(place(name), "rb", **settings)


def opened_plain(key: str, settings: dict[str, Any]) -> Any:
    """`settings`: cache_type and block_size, as `open` of fsspec takes them."""
    return file_system().open(f"{server().bucket}/{key}", "rb", **settings)


class S3fs:
    def write(self, name: str, layout: Layout, values: Any) -> None:
        self._upload(name, lambda file: create_dataset(file, layout, values))

    def write_many(self, name: str, count: int) -> None:
        self._upload(name, lambda file: write_datasets(file, count))

    def _upload(self, name: str, fill: Any) -> None:
        with tempfile.TemporaryDirectory() as directory:
            local = Path(directory) / "x.h5"
            with h5py.File(local, "w", fs_strategy="page", fs_page_size=PAGE_BYTES) as file:
                fill(file)
            file_system().put(str(local), place(name), max_concurrency=8)

    def open(self, name: str, layout: Layout, repeated: bool) -> FileReader:
        stream = opened(name, repeated)
        return FileReader(h5py.File(stream, "r"), stream)

    def walk(self, name: str) -> dict[str, Any]:
        with opened(name, True) as stream, h5py.File(stream, "r") as file:
            return walk_file(file)

    def put_plain(self, local: Path, key: str) -> None:
        file_system().put(str(local), f"{server().bucket}/{key}", max_concurrency=8)

    def open_plain(self, key: str, settings: dict[str, Any]) -> Any:
        return h5py.File(opened_plain(key, settings), "r")


def make() -> S3fs:
    return S3fs()
