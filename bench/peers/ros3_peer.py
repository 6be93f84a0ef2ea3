"""h5py with HDF5's ros3 driver (the h5py-s3 wheel) and a page buffer. It only reads."""

from __future__ import annotations

from typing import Any

import h5py
from layout import Layout

from peers.hdf5_file import FileReader, walk_file
from peers.peer import CACHE_BYTES, server


def opened(key: str, page_buffer: int) -> Any:
    at = server()
    return h5py.File(
        f"{at.endpoint}/{at.bucket}/{key}",
        "r",
        driver="ros3",
        aws_region=at.region.encode(),
        secret_id=at.key_id.encode(),
        secret_key=at.secret.encode(),
        page_buf_size=page_buffer,
    )


class Ros3:
    def write(self, name: str, layout: Layout, values: Any) -> None:
        raise NotImplementedError("ros3 only reads; the s3fs peer writes its files")

    def open(self, name: str, layout: Layout, repeated: bool) -> FileReader:
        return FileReader(opened(f"hdf5/{name}.h5", CACHE_BYTES if repeated else 0))

    def walk(self, name: str) -> dict[str, Any]:
        with opened(f"hdf5/{name}.h5", CACHE_BYTES) as file:
            return walk_file(file)

    def open_plain(self, key: str, settings: dict[str, Any]) -> Any:
        return opened(key, 0)  # a page buffer needs a file with pages


def make() -> Ros3:
    return Ros3()
