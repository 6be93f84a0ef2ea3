"""Many Python threads. The same tests serve a free-threaded Python, which must stay so."""

from __future__ import annotations

import subprocess
import sys
import sysconfig

import pytest
from conftest import Store
from repeat import Repeat, scenario
from test_fork import silent

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


# Without a cache that holds anything every access asks the store; with one, threads share it.
@pytest.mark.parametrize("cache", ["64K", "256M"])
@pytest.mark.parametrize("name", ["one_file", "many_files", "open_and_close"])
def test_threads(name: str, cache: str, store: Store, repeat: Repeat) -> None:
    environment = {**store.switched_on, "ARRAYMORPH_CACHE_BYTES": cache}
    repeat.all(scenario("threads", name), environment, silent)


@pytest.mark.skipif(not FREE_THREADED, reason="this Python has a global interpreter lock")
def test_importing_leaves_the_interpreter_free_threaded(native: dict[str, str]) -> None:
    code = "import sys, arraymorph, h5py; assert not sys._is_gil_enabled()"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=native,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
