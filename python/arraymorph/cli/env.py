"""`arraymorph env`."""

from __future__ import annotations

import os
import shlex

from .._h5py import get_plugin_path
from .._packages import filter_plugins


def env() -> None:
    """Print the lines that switch ArrayMorph on in a shell.

    eval "$(arraymorph env)" lets every HDF5 program started from that shell use it.
    """
    path = shlex.quote(get_plugin_path())
    others = "${HDF5_PLUGIN_PATH:+:$HDF5_PLUGIN_PATH}"
    if found := filter_plugins():
        others = f":${{HDF5_PLUGIN_PATH:-{shlex.quote(os.pathsep.join(found))}}}"
    print(f"export HDF5_PLUGIN_PATH={path}{others}")
    print("export HDF5_VOL_CONNECTOR=arraymorph")
