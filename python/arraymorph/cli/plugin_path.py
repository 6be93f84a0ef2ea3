"""`arraymorph plugin-path`."""

from __future__ import annotations

from .._h5py import get_plugin_path


def plugin_path() -> None:
    """Print the directory that holds the HDF5 plugin, for HDF5_PLUGIN_PATH.

    \b
    export HDF5_PLUGIN_PATH="$(arraymorph plugin-path)"
    """
    print(get_plugin_path())
