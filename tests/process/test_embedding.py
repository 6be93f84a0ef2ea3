"""A C program with an interpreter inside: finalised, finalised twice, or never."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import arraymorph
import common
import pytest
from conftest import Store
from repeat import SCENARIOS, Outcome, Repeat

SOURCE = Path(__file__).parent / "embed.c"


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/process/embed.c, built against this very Python."""
    config = sysconfig.get_config_vars()
    headers = Path(sysconfig.get_path("include"))
    compiler = shutil.which("cc")
    if compiler is None or not (headers / "Python.h").exists():
        pytest.skip(f"a C compiler and {headers}/Python.h are needed to build an embedding program")
    library = Path(config["LIBDIR"])
    target = tmp_path_factory.mktemp("embed") / "embed"
    command = [compiler, "-rdynamic", f"-I{headers}", str(SOURCE), "-o", str(target)]
    command += [f"-L{library}", f"-L{config['LIBPL']}", f"-Wl,-rpath,{library}"]
    command += [f"-lpython{config['LDVERSION']}", *config["LIBS"].split(), "-lm"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        pytest.skip(f"this Python's library cannot be linked: {built.stderr.strip()[-300:]}")
    return target


def with_python(environment: dict[str, str]) -> dict[str, str]:
    """The embedded interpreter finds the standard library and this environment's packages."""
    paths = [str(SCENARIOS), *(path for path in sys.path if path.endswith("site-packages"))]
    return {**environment, "PYTHONHOME": sys.base_prefix, "PYTHONPATH": os.pathsep.join(paths)}


@pytest.mark.parametrize("mode", ["finalize", "return", "exit", "twice"])
def test_embedded(
    mode: str,
    program: Path,
    store: Store,
    native: dict[str, str],
    *,
    expected: dict[str, Outcome],
    repeat: Repeat,
) -> None:
    def command(tag: str) -> list[str]:
        return [str(program), mode, str(SCENARIOS / "embedded.py"), f"{tag}.h5"]

    name = f"embedded {mode}"
    if name not in expected:
        expected[name] = repeat.once(command("native"), with_python(native), "native")
    wanted = expected[name]
    assert (wanted.status, wanted.stderr) == (7, "")

    def judge(tag: str, outcome: Outcome) -> str | None:
        if (outcome.status, outcome.stdout, outcome.stderr) != (7, wanted.stdout, ""):
            return f"status 7, this output and nothing on stderr expected:\n{wanted.stdout}"
        with arraymorph.File(store.url(f"{tag}.h5")) as file:
            common.check(file)
        return None

    repeat.all(command, with_python(store.switched_on), judge)
