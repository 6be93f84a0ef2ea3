"""Open one file through ArrayMorph, whatever the process-wide default is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import _h5py

if TYPE_CHECKING:
    from h5py import File as File_


def File(  # noqa: N802  (named like the class it stands for)
    url: str | os.PathLike[str], mode: str = "r", **kwargs: Any
) -> File_:
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
    h5py = _h5py.Internals()
    # h5py makes every access list in make_fapl, under its lock, which nobody else gets meanwhile.
    with h5py.phil:
        before = h5py.files.make_fapl
        h5py.files.make_fapl = h5py.choosing_make_fapl(ours=True)
        try:
            file: File_ = h5py.h5py.File(os.fspath(url), mode, **kwargs)
        finally:
            h5py.files.make_fapl = before
    return file
