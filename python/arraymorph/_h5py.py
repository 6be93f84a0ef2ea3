"""The few things inside h5py that the package relies on, each checked where it is used."""

from __future__ import annotations

import sys
from typing import Any

from . import _core

_ADVICE = (
    "call arraymorph.enable() before the first `import h5py`, or set HDF5_PLUGIN_PATH and "
    "HDF5_VOL_CONNECTOR before Python starts (`python -m arraymorph` prints them)"
)


def is_imported() -> bool:
    """True when HDF5 inside h5py has been initialised: it has read its environment."""
    return "h5py.h5" in sys.modules


class Internals:
    """h5py's modules and the loaded extension that leads to its private libhdf5."""

    def __init__(self) -> None:
        try:
            import h5py
            from h5py import _objects, h5pl
            from h5py._hl import files

            self.h5py: Any = h5py
            self.files: Any = files
            self.plugin_paths: Any = h5pl
            self.phil: Any = _objects.phil
            self.owner: str = h5py.h5f.__file__
            for name in ("make_fapl", "make_fcpl", "make_fid"):
                getattr(files, name)
        except (ImportError, AttributeError) as error:
            raise RuntimeError(
                f"this h5py is not known to ArrayMorph ({error}); {_ADVICE}"
            ) from error

    def add_plugin_path(self, directory: str) -> None:
        """Make HDF5 search `directory` first; does nothing when it searches there already."""
        with self.phil:
            if self._find(directory) is None:
                self.plugin_paths.prepend(directory.encode())

    def remove_plugin_path(self, directory: str) -> None:
        """Undo add_plugin_path."""
        with self.phil:
            index = self._find(directory)
            if index is not None:
                self.plugin_paths.remove(index)

    def set_connector(self, fapl: int, ours: bool) -> None:
        """Make the access list with this id open files through ArrayMorph, or natively."""
        change = _core.set_connector if ours else _core.set_native_connector
        with self.phil:
            try:
                change(self.owner, fapl)
            except RuntimeError as error:
                raise RuntimeError(f"{error}; {_ADVICE}") from error

    def set_default_list(self, ours: bool) -> None:
        """The same for calls that give no access list at all (h5py.is_hdf5, h5py.h5f.open)."""
        self.set_connector(_core.default_fapl(self.owner), ours)

    def default_is_ours(self) -> bool:
        """True when HDF5 chose ArrayMorph from the environment, for every new access list."""
        with self.phil:
            return _core.default_connector_is_ours(self.owner)

    def _find(self, directory: str) -> int | None:
        wanted = directory.encode()
        for index in range(self.plugin_paths.size()):
            if self.plugin_paths.get(index) == wanted:
                return index
        return None
