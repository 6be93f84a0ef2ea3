"""zarr-python on obstore; parts that are read again come through zarr's own cache store."""

from __future__ import annotations

import os
from typing import Any

import zarr
from layout import GZIP_LEVEL, Layout
from obstore.store import S3Store
from zarr.experimental.cache_store import CacheStore
from zarr.storage import MemoryStore, ObjectStore

from peers.peer import CACHE_BYTES, CONNECTIONS, server, small

zarr.config.set({"async.concurrency": CONNECTIONS, "threading.max_workers": os.cpu_count()})


def store(name: str, read_only: bool) -> ObjectStore[S3Store]:
    at = server()
    bucket = S3Store(
        at.bucket,
        prefix=f"zarr/{name}",
        endpoint=at.endpoint,
        region=at.region,
        access_key_id=at.key_id,
        secret_access_key=at.secret,
        client_options={"allow_http": True},
    )
    return ObjectStore(bucket, read_only=read_only)


class Reader:
    def __init__(self, array: Any) -> None:
        self.array = array

    def read(self, rows: slice, columns: slice) -> Any:
        return self.array[rows, columns]


class Zarr:
    def write(self, name: str, layout: Layout, values: Any) -> None:
        codecs = [zarr.codecs.GzipCodec(level=GZIP_LEVEL)] if layout.gzip else None
        array = zarr.create_array(
            store(name, read_only=False),
            shape=layout.shape,
            chunks=layout.chunks,
            dtype="f4",
            compressors=codecs,
            overwrite=True,
        )
        array[...] = values

    def open(self, name: str, layout: Layout, repeated: bool) -> Reader:
        opened: Any = store(name, read_only=True)
        if repeated:
            opened = CacheStore(opened, cache_store=MemoryStore(), max_size=CACHE_BYTES)
        return Reader(zarr.open_array(opened, mode="r"))

    def write_many(self, name: str, count: int) -> None:
        opened = store(name, read_only=False)
        group = zarr.create_group(opened, overwrite=True)
        for number in range(count):
            data = small(number)
            group.create_array(f"d{number:05}", data=data, chunks=data.shape, compressors=None)
        zarr.consolidate_metadata(opened)

    def walk(self, name: str) -> dict[str, Any]:
        group = zarr.open_consolidated(store(name, read_only=True), mode="r")
        return {key: array[...] for key, array in group.arrays()}


def make() -> Zarr:
    return Zarr()
