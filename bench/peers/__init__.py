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
# Read a plain HDF5 file where it lies.
PLAIN = {
    **{name: PEERS[name] for name in ("arraymorph", "ros3", "s3fs")},
    "remfile": "h5py + remfile",
    "pyfive": "pyfive + s3fs",
}
ALL = {**PEERS, **PLAIN}
LIMIT = "raw_loop"  # aws-c-s3 alone


def load(name: str) -> Peer:
    module = importlib.import_module(f"peers.{name}_peer")
    return cast(Peer, module.make())
