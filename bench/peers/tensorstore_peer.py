"""tensorstore, zarr3 driver on its S3 store, with a chunk cache where that helps."""

from __future__ import annotations

import os
from typing import Any

import tensorstore
from layout import GZIP_LEVEL, Layout

from peers.peer import CACHE_BYTES, CONNECTIONS, server


def spec(name: str, cache_bytes: int) -> dict[str, Any]:
    at = server()
    return {
        "driver": "zarr3",
        "kvstore": {
            "driver": "s3",
            "bucket": at.bucket,
            "path": f"zarr/{name}/",
            "endpoint": at.endpoint,
            "aws_region": at.region,
            "aws_credentials": {"type": "environment"},
        },
        "context": {
            "cache_pool": {"total_bytes_limit": cache_bytes},
            "data_copy_concurrency": {"limit": os.cpu_count()},
            "s3_request_concurrency": {"limit": CONNECTIONS},
        },
        "recheck_cached_data": "open",
    }


class Reader:
    def __init__(self, store: Any) -> None:
        self.store = store

    def read(self, rows: slice, columns: slice) -> Any:
        return self.store[rows, columns].read().result()


class TensorStore:
    def write(self, name: str, layout: Layout, values: Any) -> None:
        codecs: list[dict[str, Any]] = [{"name": "bytes", "configuration": {"endian": "little"}}]
        if layout.gzip:
            codecs.append({"name": "gzip", "configuration": {"level": GZIP_LEVEL}})
        metadata = {
            "shape": list(layout.shape),
            "chunk_grid": {
                "name": "regular",
                "configuration": {"chunk_shape": list(layout.chunks)},
            },
            "data_type": "float32",
            "codecs": codecs,
        }
        made = tensorstore.open(
            {**spec(name, 0), "metadata": metadata}, create=True, delete_existing=True
        )
        made.result().write(values).result()

    def open(self, name: str, layout: Layout, repeated: bool) -> Reader:
        cache_bytes = CACHE_BYTES if repeated else 0
        return Reader(tensorstore.open(spec(name, cache_bytes), read=True).result())


def make() -> TensorStore:
    return TensorStore()
