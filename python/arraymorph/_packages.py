"""Other Python packages with an HDF5 library of their own: netCDF4 and PyTables."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from . import _core

# Package -> its extension module, which leads to its libhdf5.
_EXTENSIONS = {"netCDF4": "netCDF4._netCDF4", "tables": "tables.hdf5extension"}

_HDF5_DEFAULT = Path("/usr/local/hdf5/lib/plugin")  # HDF5's own H5PL_DEFAULT_PATH


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
    """Directories of HDF5 filters that are searched only while HDF5_PLUGIN_PATH is not set."""
    directories = [_HDF5_DEFAULT] if _HDF5_DEFAULT.is_dir() else []
    found = importlib.util.find_spec("netCDF4")
    if found is not None and found.origin:
        directory = Path(found.origin).parent / "plugins"
        if any(directory.glob("lib__nczhdf5filters.*")):
            directories.append(directory)
    return [str(directory) for directory in directories]
