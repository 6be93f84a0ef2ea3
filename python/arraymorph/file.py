"""Open one file through ArrayMorph, whatever the process-wide default is."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any

from . import _h5py

if TYPE_CHECKING:
    import h5py


def File(  # noqa: N802  (named like the class it stands for)
    url: str | os.PathLike[str], mode: str = "r", **kwargs: Any
) -> h5py.File:
    """Open or create `url` in object storage and return an h5py.File.

    `url` is "s3://bucket/key", "file:///directory/x.h5", or a plain name that the configuration
    places (configure_s3, configure_local). `mode` and the keyword arguments are h5py.File's.
    Neither the environment nor h5py's defaults are changed; enable() is not needed.

    Raises what h5py.File raises: FileNotFoundError, FileExistsError, PermissionError, OSError.

    >>> import arraymorph, tempfile
    >>> directory = tempfile.mkdtemp()
    >>> with arraymorph.File(f"file://{directory}/run42.h5", "w") as f:
    ...     f["temperature"] = [1.0, 2.0, 3.0]
    """
    internals = _h5py.Internals()
    files = internals.files
    name = os.fspath(url)
    swmr = bool(kwargs.pop("swmr", False))
    userblock_size = kwargs.pop("userblock_size", None)
    if kwargs.get("fs_strategy") and mode not in ("w", "w-", "x"):
        raise ValueError("Unable to set file space strategy of an existing file")
    if kwargs.get("track_order") is None:
        kwargs["track_order"] = internals.h5py.get_config().track_order
    creation = {
        key: kwargs.pop(key)
        for key in inspect.signature(files.make_fcpl).parameters
        if key in kwargs
    }
    kwargs.setdefault("driver", None)
    with internals.phil:
        fapl = files.make_fapl(**kwargs)
        internals.set_connector(fapl.id, ours=True)
        fcpl = files.make_fcpl(**creation)
        fid = files.make_fid(os.fsencode(name), mode, userblock_size, fapl, fcpl, swmr=swmr)
    file: h5py.File = internals.h5py.File(fid)
    return file
