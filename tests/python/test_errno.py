"""The errno of a failure is the one that its words mean, as with HDF5 on local files."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import pytest
from conftest import Store


def failure_of(act: Callable[[], Any]) -> OSError:
    with pytest.raises(OSError, match=".") as caught:
        act()
    return caught.value


def test_a_file_that_is_too_large(local_store: Store, python: Callable[..., Any]) -> None:
    done = python(
        f"""
import json, resource
import arraymorph, numpy as np
with arraymorph.File({local_store.url("large.h5")!r}, "w") as f:
    f.create_dataset("small", data=np.zeros(1000), chunks=(1000,))
    f.flush()
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, most))
    try:
        f.create_dataset("large", data=np.random.default_rng(1).random(1 << 19), chunks=(1 << 19,))
        f.flush()
    except (OSError, RuntimeError) as error:
        print(json.dumps(str(error)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
"""
    )
    words = json.loads(done.stdout)
    assert "File too large" in words
    assert f"errno = {errno.EFBIG}" in words
    assert "large/c/0" in words


def test_a_name_that_is_too_long(local_store: Store, tmp_path: Path) -> None:
    native = failure_of(lambda: h5py.File(tmp_path / ("n" * 300)))
    ours = failure_of(lambda: arraymorph.File(local_store.url("n" * 300)))
    assert (type(ours), ours.errno) == (type(native), native.errno) == (OSError, errno.ENAMETOOLONG)
