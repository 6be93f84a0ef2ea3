"""Switch ArrayMorph on and off for h5py in this process and for child processes."""

from __future__ import annotations

import os
import warnings
from typing import Any

from . import _h5py, _packages
from ._h5py import get_plugin_path

_PATH = "HDF5_PLUGIN_PATH"
_CONNECTOR = "HDF5_VOL_CONNECTOR"
_NAME = "arraymorph"


class _State:
    """What enable() changed, so that disable() can put it back."""

    environment: dict[str, str | None] | None = None
    make_fapl: Any = None


def enable() -> None:
    """Let h5py.File read and write object storage from now on.

    Sets HDF5_PLUGIN_PATH and HDF5_VOL_CONNECTOR, which HDF5 reads when it starts. Where h5py is
    imported already, h5py.File itself is told (h5py.is_hdf5 and h5py.h5f stay native then). Other
    packages with an HDF5 of their own (netCDF4, PyTables) must be imported after this call; a
    RuntimeWarning names those that were not. Calling it again changes nothing.

    Which names go to which store is said by configure_s3() and configure_local(); files that
    are not ArrayMorph's keep opening as before.

    Raises RuntimeError when another connector is chosen already, or when h5py is imported and
    its internals are not the expected ones; the message says what to do.

    >>> import arraymorph
    >>> arraymorph.enable()
    >>> import h5py
    """
    chosen = os.environ.get(_CONNECTOR, "")
    if chosen and chosen.split()[0] != _NAME:
        raise RuntimeError(f"{_CONNECTOR} is already set to {chosen!r}; unset it to use ArrayMorph")
    _set_environment(get_plugin_path())
    if _h5py.is_imported():
        _choose(_h5py.Internals(), ours=True)
    for package in _packages.native_packages():
        warnings.warn(
            f"{package} was imported before arraymorph.enable(), so its HDF5 opens files natively; "
            "import it afterwards, or set the variables that `python -m arraymorph` prints before "
            "Python starts",
            RuntimeWarning,
            stacklevel=2,
        )


def disable() -> None:
    """Undo enable(): h5py.File opens files natively again. Files already open stay usable.

    netCDF4 and PyTables that were imported meanwhile stay on: HDF5 reads its environment once.

    >>> import arraymorph
    >>> arraymorph.disable()
    """
    if _State.environment is not None:
        for name, value in _State.environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _State.environment = None
    if _h5py.is_imported():
        _choose(_h5py.Internals(), ours=False)


def _set_environment(directory: str) -> None:
    if _State.environment is None:
        _State.environment = {name: os.environ.get(name) for name in (_PATH, _CONNECTOR)}
    named = _packages.named_plugins()
    if directory not in named:
        os.environ[_PATH] = os.pathsep.join([directory, *(named or _packages.filter_plugins())])
    os.environ.setdefault(_CONNECTOR, _NAME)


def _choose(h5py: _h5py.Internals, ours: bool) -> None:
    """Make new access lists ours or native, whatever HDF5 took from the environment."""
    with h5py.phil:
        if _State.make_fapl is not None:
            h5py.files.make_fapl = _State.make_fapl
            _State.make_fapl = None
        if h5py.default_is_ours() != ours:
            if ours:
                h5py.load_plugin()  # now, so that failure shows here
            wrapper = h5py.choosing_make_fapl(ours)
            _State.make_fapl = h5py.files.make_fapl
            h5py.files.make_fapl = wrapper
