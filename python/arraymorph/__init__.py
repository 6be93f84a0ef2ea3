"""HDF5 on S3-compatible object storage, for unchanged h5py programs.

Example::

    import arraymorph

    arraymorph.configure_s3(bucket="my-bucket", endpoint="http://localhost:8333")
    arraymorph.enable()

    import h5py

    with h5py.File("run42.h5", "w") as f:
        f["temperature"] = [1.0, 2.0, 3.0]
"""

from . import _exit
from ._core import build_info as build_info
from ._core import version as _version
from ._h5py import get_plugin_path
from .configure import configure_local, configure_s3
from .conflict import ConflictError, raise_conflicts
from .copy import copy
from .enable import disable, enable
from .file import File
from .pointer import pointer
from .stats import stats, stats_reset

__version__ = _version()

__all__ = [
    "ConflictError",
    "File",
    "__version__",
    "build_info",
    "configure_local",
    "configure_s3",
    "copy",
    "disable",
    "enable",
    "get_plugin_path",
    "pointer",
    "stats",
    "stats_reset",
]

_exit.register()
raise_conflicts()
