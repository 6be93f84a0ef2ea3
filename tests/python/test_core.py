"""The native module: version, build description, access to h5py's own libhdf5."""

from __future__ import annotations

import re
from pathlib import Path

import arraymorph
import h5py
import pytest
from arraymorph import _core


def test_version_is_the_projects() -> None:
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text()
    found = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)
    assert found is not None
    assert arraymorph.__version__ == found[1]


def test_build_info() -> None:
    info = arraymorph.build_info()
    assert info["version"] == arraymorph.__version__
    assert re.fullmatch(r"aws-sdk-cpp \d+\.\d+\.\d+|aws-c-s3", info["s3_engine"])
    assert re.search(r"\d+\.\d+|unknown version", info["aws_c_s3"])
    assert info["tls"].startswith(("s2n-tls with ", "Secure Transport"))


def test_plugin_links_no_libhdf5() -> None:
    data = Path(_core.plugin_library()).read_bytes()
    assert b"libhdf5.so" not in data
    assert b"libhdf5-" not in data


def test_connector_is_set_in_h5pys_own_library() -> None:
    owner = h5py.h5f.__file__
    fapl = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    paths = h5py.h5pl.size()
    _core.set_connector(owner, fapl.id, arraymorph.get_plugin_path())
    _core.set_native_connector(owner, fapl.id)
    assert h5py.h5pl.size() == paths
    assert not _core.default_connector_is_ours(owner)


def test_library_that_is_not_loaded() -> None:
    with pytest.raises(RuntimeError, match="is not loaded"):
        _core.set_connector("/nowhere/libhdf5.so", 0, "/nowhere")


def test_library_without_hdf5() -> None:
    with pytest.raises(RuntimeError, match="HDF5 1.14 or later"):
        _core.default_connector_is_ours(_core.__file__)


def test_bad_access_list() -> None:
    with pytest.raises(RuntimeError):
        _core.set_native_connector(h5py.h5f.__file__, 0)
