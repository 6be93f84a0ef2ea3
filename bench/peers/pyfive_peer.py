"""pyfive, HDF5 in Python alone, on a file object of s3fs."""

from __future__ import annotations

from typing import Any

import pyfive

from peers.s3fs_peer import opened_plain


class Pyfive:
    def open_plain(self, key: str, settings: dict[str, Any]) -> Any:
        return pyfive.File(opened_plain(key, settings))


def make() -> Pyfive:
    return Pyfive()
