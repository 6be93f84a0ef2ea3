"""Opens, walks and reads files that may be damaged, each named on a line of stdin ("MODE PATH").

For each it prints "begin", then one line of JSON: {"data": {path: digest}} or {"error": "..."}. So
whoever runs it knows which file it was when the process is killed, hangs, or runs out of memory: it
may use LIMIT bytes of address space more than it has after importing h5py.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
from pathlib import Path

import h5py
import numpy as np

LIMIT = 1 << 30
LARGEST = 1 << 24  # bytes of a dataset that are read at once


def limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def read(path: str, mode: str) -> dict[str, str]:
    digests: dict[str, str] = {}

    def visit(name: str, item: object) -> None:
        assert isinstance(item, h5py.Dataset | h5py.Group | h5py.Datatype)
        for key in item.attrs:
            item.attrs[key]
        if not isinstance(item, h5py.Dataset):
            return
        item.id.get_storage_size()
        if item.chunks:
            item.id.get_num_chunks()
        data = item[()] if item.nbytes <= LARGEST else item[(0,) * item.ndim]
        plain = isinstance(data, np.ndarray) and not data.dtype.hasobject
        digests[name] = hashlib.sha1(data.tobytes() if plain else repr(data).encode()).hexdigest()

    with h5py.File(path, mode) as file:
        file.visititems(visit)
    return digests


def main() -> None:
    limit_memory()
    for line in sys.stdin:
        mode, path = line.rstrip("\n").split(" ", 1)
        print("begin", flush=True)
        try:
            outcome: dict[str, object] = {"data": read(path, mode)}
        except Exception as error:  # whatever h5py makes of it
            outcome = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
