"""enable() and disable(): before and after `import h5py`, from the environment, in children."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Runner, Store

WRITE = """
with h5py.File("run42.h5", "w") as f:
    f["x"] = [1, 2, 3]
"""


def stored(store: Store) -> bool:
    assert store.root is not None
    return (store.root / "run42.h5" / ".arraymorph" / "metadata.h5").is_file()


def test_plain_names_go_to_the_store_when_enabled_first(
    python: Runner, local_store: Store, tmp_path: Path
) -> None:
    python(f"import arraymorph; arraymorph.enable(); import h5py\n{WRITE}")
    assert stored(local_store)
    assert not (tmp_path / "run42.h5").exists()


def test_plain_names_go_to_the_store_when_enabled_late(
    python: Runner, local_store: Store, tmp_path: Path
) -> None:
    python(f"import h5py, arraymorph; arraymorph.enable()\n{WRITE}")
    assert stored(local_store)
    assert not (tmp_path / "run42.h5").exists()


def test_environment_variables_alone_are_enough(
    python: Runner, local_store: Store, enabled_environment: dict[str, str]
) -> None:
    python(f"import h5py\n{WRITE}", **enabled_environment)
    assert stored(local_store)


def test_shell_lines_of_the_command_line_are_enough(local_store: Store, tmp_path: Path) -> None:
    line = (
        f'eval "$({sys.executable} -m arraymorph env)" && '
        f"exec {sys.executable} -c '{'import h5py' + WRITE}'"
    )
    subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True)
    assert stored(local_store)


@pytest.mark.parametrize(
    "order", ["arraymorph.enable(); import h5py", "import h5py; arraymorph.enable()"]
)
def test_disable_returns_to_native_files(
    python: Runner, local_store: Store, tmp_path: Path, order: str
) -> None:
    python(
        f"""
import arraymorph; {order}
import os
arraymorph.disable()
assert "HDF5_VOL_CONNECTOR" not in os.environ, os.environ["HDF5_VOL_CONNECTOR"]
assert "HDF5_PLUGIN_PATH" not in os.environ
{WRITE}
"""
    )
    assert not stored(local_store)
    assert (tmp_path / "run42.h5").is_file()


def test_off_and_on_again(python: Runner, local_store: Store) -> None:
    python(
        f"""
import h5py, arraymorph
original = h5py._hl.files.make_fapl
for _ in range(3):
    arraymorph.enable(); arraymorph.enable()
    arraymorph.disable(); arraymorph.disable()
assert h5py._hl.files.make_fapl is original
arraymorph.enable()
{WRITE}
"""
    )
    assert stored(local_store)


def test_a_file_stays_usable_after_disable(python: Runner, local_store: Store) -> None:
    python(
        """
import h5py, arraymorph
arraymorph.enable()
f = h5py.File("run42.h5", "w")
arraymorph.disable()
f["x"] = [1, 2, 3]
f.close()
"""
    )
    assert stored(local_store)


def test_child_processes_inherit(python: Runner, local_store: Store) -> None:
    python(
        f"""
import arraymorph, subprocess, sys
arraymorph.enable()
subprocess.run([sys.executable, "-c", '''import h5py{WRITE}'''], check=True)
"""
    )
    assert stored(local_store)


def test_environment_keeps_what_was_there(python: Runner) -> None:
    python(
        """
import arraymorph, os
here = arraymorph.get_plugin_path()
arraymorph.enable(); arraymorph.enable()
assert os.environ["HDF5_PLUGIN_PATH"] == here + ":/some/filters"
arraymorph.disable()
assert os.environ["HDF5_PLUGIN_PATH"] == "/some/filters"
""",
        HDF5_PLUGIN_PATH="/some/filters",
    )


def test_another_connector_is_refused(python: Runner) -> None:
    result = python(
        "import arraymorph; arraymorph.enable()",
        check=False,
        HDF5_VOL_CONNECTOR="pass_through under_vol=0;under_info={}",
    )
    assert result.returncode == 1
    assert "HDF5_VOL_CONNECTOR is already set" in result.stderr


def test_unknown_h5py_internals_are_named(python: Runner) -> None:
    result = python(
        "import h5py, arraymorph; del h5py._hl.files.make_fapl; arraymorph.enable()", check=False
    )
    assert result.returncode == 1
    assert "make_fapl" in result.stderr
    assert "before the first `import h5py`" in result.stderr


def test_plugin_path_command() -> None:
    import arraymorph

    output = subprocess.run(
        [sys.executable, "-m", "arraymorph", "plugin-path"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    assert output == arraymorph.get_plugin_path()
    assert os.path.isfile(os.path.join(output, "libarraymorph.so"))


def test_unknown_command_prints_usage() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "arraymorph", "frobnicate"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert result.stderr.startswith("Usage:")


def test_import_alone_changes_nothing(python: Runner, tmp_path: Path) -> None:
    python(f"import arraymorph, h5py\n{WRITE}")
    assert (tmp_path / "run42.h5").is_file()
