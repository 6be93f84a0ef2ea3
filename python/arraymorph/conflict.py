"""Conflicts between writers, as an exception of their own."""

from __future__ import annotations

import functools
import importlib.util
import sys
import weakref
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import _core

_WORDS = "somebody else has committed"  # src/vol/conflict.cc
_MODULE = "h5py._hl.files"


class ConflictError(OSError):
    """Somebody else has committed the file since it was opened here.

    Raised by close() and flush() of h5py.File, also at the end of a `with` block. What the others
    have stored stays, what was changed here is not stored: open the file again and apply the
    changes. Where h5py is used without `import arraymorph`, it is a RuntimeError with this text.
    """


def raise_conflicts() -> None:
    """Let h5py.File raise ConflictError, from now on or as soon as h5py is imported."""
    module = sys.modules.get(_MODULE)
    if module is not None:
        _prepare(module)
    else:
        sys.meta_path.insert(0, _WhenImported())


class _WhenImported:
    """A finder of sys.meta_path: prepares h5py's module right after it has been executed, once."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _prepare(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _prepare(module: ModuleType) -> None:
    for name in ("close", "flush"):
        setattr(module.File, name, _raising(getattr(module.File, name)))


def _raising(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except (OSError, RuntimeError) as error:  # h5py: by the call that failed
            if _WORDS not in str(error):
                raise
            conflict = _conflict(str(error))
        _let_go_with(self)
        raise conflict

    return call


def _conflict(text: str) -> ConflictError:
    """The connector's words without those that HDF5 and h5py put around them."""
    import errno

    return ConflictError(errno.ESTALE, text[text.index(_WORDS) :].removesuffix(")"))


def _let_go_with(file: Any) -> None:
    """Once nobody holds `file` any more, HDF5 may close it: its conflict has been reported."""
    from . import _h5py

    owner = _h5py.Internals().owner
    weakref.finalize(file, _let_go, owner, file.id.id).atexit = False


def _let_go(owner: str, identifier: int) -> None:
    from . import _h5py

    with _h5py.Internals().phil:
        _core.let_go(owner, identifier)
