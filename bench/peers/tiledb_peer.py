"""TileDB, a dense array of one attribute, tiles as chunks."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import tiledb
from layout import GZIP_LEVEL, Layout

from peers.peer import CONNECTIONS, server


def context() -> Any:
    at = server()
    return tiledb.Ctx(
        {
            "vfs.s3.endpoint_override": at.authority,
            "vfs.s3.scheme": at.endpoint.split(":")[0],
            "vfs.s3.use_virtual_addressing": "false",
            "vfs.s3.region": at.region,
            "vfs.s3.aws_access_key_id": at.key_id,
            "vfs.s3.aws_secret_access_key": at.secret,
            "vfs.s3.max_parallel_ops": str(CONNECTIONS),
            "sm.io_concurrency_level": str(CONNECTIONS),
            "sm.compute_concurrency_level": str(os.cpu_count()),
        }
    )


def place(name: str) -> str:
    return f"s3://{server().bucket}/tiledb/{name}"


class Reader:
    def __init__(self, array: Any) -> None:
        self.array = array

    def read(self, rows: slice, columns: slice) -> Any:
        return self.array[rows, columns]


class TileDB:
    def write(self, name: str, layout: Layout, values: Any) -> None:
        ctx = context()
        domain = tiledb.Domain(
            *(
                tiledb.Dim(each, domain=(0, size - 1), tile=tile, dtype="u8", ctx=ctx)
                for each, size, tile in zip("yx", layout.shape, layout.chunks, strict=True)
            ),
            ctx=ctx,
        )
        filters = [tiledb.ByteShuffleFilter(), tiledb.GzipFilter(GZIP_LEVEL)]
        attribute = tiledb.Attr(
            dtype=np.float32,
            filters=tiledb.FilterList(filters if layout.gzip else [], ctx=ctx),
            ctx=ctx,
        )
        uri = place(name)
        if tiledb.object_type(uri, ctx=ctx) is not None:
            tiledb.remove(uri, ctx=ctx)
        schema = tiledb.ArraySchema(domain=domain, attrs=[attribute], ctx=ctx)
        tiledb.Array.create(uri, schema, ctx=ctx)
        with tiledb.open(uri, "w", ctx=ctx) as array:
            array[:] = np.asarray(values)

    def open(self, name: str, layout: Layout, repeated: bool) -> Reader:
        return Reader(tiledb.open(place(name), "r", ctx=context()))


def make() -> TileDB:
    return TileDB()
