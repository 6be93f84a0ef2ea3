"""The programs that are compared, one adapter each; `PEERS` is the list of them."""

from __future__ import annotations

import importlib
from typing import cast

from peers.peer import Peer

PEERS = {
    "arraymorph": "ArrayMorph",
    "tensorstore": "tensorstore (zarr3)",
    "zarr": "zarr + obstore",
    "tiledb": "TileDB",
    "ros3": "h5py ros3",
    "s3fs": "h5py + s3fs",
}
LIMIT = "raw_loop"  # aws-c-s3 alone


def load(name: str) -> Peer:
    module = importlib.import_module(f"peers.{name}_peer")
    return cast(Peer, module.make())
