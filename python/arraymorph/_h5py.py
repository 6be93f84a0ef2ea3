"""The few things inside h5py that the package relies on, each checked where it is used."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import _core

_ADVICE = (
    "call arraymorph.enable() before the first `import h5py`, or set HDF5_PLUGIN_PATH and "
    "HDF5_VOL_CONNECTOR before Python starts (`python -m arraymorph` prints them)"
)


def get_plugin_path() -> str:
    """Directory that holds the HDF5 plugin, for HDF5_PLUGIN_PATH.

    >>> import arraymorph
    >>> arraymorph.get_plugin_path()  # doctest: +SKIP
    '/usr/lib/python3/site-packages/arraymorph/lib'
    """
    return str(Path(_core.plugin_library()).resolve().parent)


def is_imported() -> bool:
    """True when HDF5 inside h5py has been initialised: it has read its environment."""
    return "h5py.h5" in sys.modules


class Internals:
    """h5py's modules and the loaded extension that leads to its private libhdf5."""

    def __init__(self) -> None:
        try:
            import h5py
            from h5py import _objects
            from h5py._hl import files

            self.h5py: Any = h5py
            self.files: Any = files
            self.phil: Any = _objects.phil
            self.owner: str = h5py.h5f.__file__
            files.make_fapl  # noqa: B018  (what choosing_make_fapl wraps)
        except (ImportError, AttributeError) as error:
            raise RuntimeError(
                f"this h5py is not known to ArrayMorph ({error}); {_ADVICE}"
            ) from error

    def set_connector(self, fapl: int, ours: bool) -> None:
        """Make the access list with this id open files through ArrayMorph, or natively."""
        with self.phil:
            try:
                if ours:
                    _core.set_connector(self.owner, fapl, get_plugin_path())
                else:
                    _core.set_native_connector(self.owner, fapl)
            except RuntimeError as error:
                raise RuntimeError(f"{error}; {_ADVICE}") from error

    def load_plugin(self) -> None:
        """Register the connector; RuntimeError says why HDF5 does not take it."""
        h5p = self.h5py.h5p
        fapl = h5p.create(h5p.FILE_ACCESS)
        self.set_connector(fapl.id, ours=True)

    def choosing_make_fapl(self, ours: bool) -> Callable[..., Any]:
        """h5py's make_fapl, the maker of its access lists, followed by set_connector.

        HDF5 offers no public way to change the connector of lists yet to be created.
        """
        make_fapl = self.files.make_fapl

        @functools.wraps(make_fapl)
        def make(*args: Any, **kwargs: Any) -> Any:
            fapl = make_fapl(*args, **kwargs)
            self.set_connector(fapl.id, ours)
            return fapl

        return make

    def default_is_ours(self) -> bool:
        """True when HDF5 chose ArrayMorph from the environment, for every new access list."""
        with self.phil:
            return _core.default_connector_is_ours(self.owner)
