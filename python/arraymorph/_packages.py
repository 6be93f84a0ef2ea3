"""Other Python packages with an HDF5 library of their own: netCDF4 and PyTables."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from . import _core

# Package -> its extension module, which leads to its libhdf5.
_EXTENSIONS = {"netCDF4": "netCDF4._netCDF4", "tables": "tables.hdf5extension"}


def native_packages() -> list[str]:
    """Packages whose HDF5 has started without ArrayMorph: it reads its environment only once."""
    return [
        package
        for package, extension in _EXTENSIONS.items()
        if extension in sys.modules and not is_ours(package)
    ]


def is_ours(package: str) -> bool:
    """True when the HDF5 of an imported package has chosen ArrayMorph from the environment."""
    extension = sys.modules[_EXTENSIONS[package]]
    try:
        return _core.default_connector_is_ours(str(extension.__file__))
    except RuntimeError:  # HDF5 older than 1.14
        return False


def filter_plugins() -> list[str]:
    """What HDF5_PLUGIN_PATH has to name besides us while the user names nothing there.

    The folder of netCDF4's plugins, which netCDF4 itself names when it is imported and the variable
    is free. They break in any other libhdf5: the dot at its end tells our plugin
    (src/hdf5/plugin_folders.h) to take the folder away there.
    """
    found = importlib.util.find_spec("netCDF4")
    if found is None or not found.origin:
        return []
    directory = Path(found.origin).parent / "plugins"
    if not any(directory.glob("lib__nczhdf5filters.*")):
        return []
    return [os.path.join(directory, ".")]


def named_plugins() -> list[str]:
    """The folders that HDF5_PLUGIN_PATH names, without what the import of netCDF4 has put there."""
    named = os.environ.get("HDF5_PLUGIN_PATH", "")
    imported = sys.modules.get("netCDF4")
    if imported is not None and named == os.path.join(imported.__path__[0], "plugins"):
        return []
    return [folder for folder in named.split(os.pathsep) if folder]
