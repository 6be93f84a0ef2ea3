"""Counters of what the plugin asked of object stores."""

from __future__ import annotations

from typing import Any

from . import _core


def stats() -> dict[str, Any]:
    """Requests, bytes, retries and cache hits since the process started or stats_reset().

    >>> import arraymorph
    >>> isinstance(arraymorph.stats(), dict)
    True
    """
    return _core.stats()


def stats_reset() -> None:
    """Set every counter to zero.

    >>> import arraymorph
    >>> arraymorph.stats_reset()
    """
    _core.stats_reset()
