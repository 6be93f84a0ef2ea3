"""What every compared program has to do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Protocol

from layout import Layout

CONNECTIONS = 64  # ArrayMorph's default; everybody gets as many
CACHE_BYTES = 256 << 20  # likewise


@dataclass(frozen=True)
class Server:
    """Where the objects are, from the environment."""

    endpoint: str
    bucket: str
    region: str
    key_id: str
    secret: str

    @property
    def authority(self) -> str:
        return self.endpoint.split("//")[1]


def server() -> Server:
    return Server(
        os.environ["AWS_ENDPOINT_URL_S3"],
        os.environ["BUCKET_NAME"],
        os.environ["AWS_REGION"],
        os.environ["AWS_ACCESS_KEY_ID"],
        os.environ["AWS_SECRET_ACCESS_KEY"],
    )


class Reader(Protocol):
    """An opened array."""

    def read(self, rows: slice, columns: slice) -> Any:
        """These values as a new numpy array."""


class Peer(Protocol):
    def write(self, name: str, layout: Layout, values: Any) -> None:
        """Create the array and store all of it; it is stored when the call returns."""

    def open(self, name: str, layout: Layout, repeated: bool) -> Reader:
        """Open for reading. `repeated`: small parts of the same chunks will be read one after the
        other, so a program that has a cache for that should have it on."""


class Catalog(Protocol):
    """A peer that can hold many small datasets in one file or group."""

    def write_many(self, name: str, count: int) -> None:
        """`count` datasets `d00000`, ... of `small(number)`."""

    def walk(self, name: str) -> dict[str, Any]:
        """Open it and read every dataset: names with values."""


class PlainReader(Protocol):
    """A peer that reads plain HDF5 files where they lie."""

    def open_plain(self, key: str, settings: dict[str, Any]) -> Any:
        """The file under `key`, in h5py's manner (`file[path][rows, columns]`); it stays open until
        the process ends. `settings`: what the program leaves to the user, chosen for the case."""


def small(number: int) -> Any:
    """The values of small dataset `number`."""
    import numpy as np

    return np.arange(number, number + 100, dtype="f8")


def presigned(key: str) -> str:
    """A URL that lets everybody read the object `key` for an hour."""
    import presign

    return presign.presigned(dict(os.environ), key)
