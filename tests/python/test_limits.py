"""Programs with few descriptors or few threads: slower and with one warning, but right."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Runner, Store

# Writes and reads chunks of 64 KiB, some compressed, and says how many threads there were.
PROGRAM = """
import os, sys
import arraymorph, numpy as np
url, chunks = sys.argv[1], int(os.environ.get("CHUNKS", "64"))
values = np.arange(chunks * 8192.0).reshape(chunks, 8192)
with arraymorph.File(url, "w") as file:
    file.create_dataset("raw", data=values, chunks=(1, 8192))
    file.create_dataset("gzip", data=values, chunks=(1, 8192), compression="gzip")
with arraymorph.File(url) as file:
    assert (file["raw"][...] == values).all()
    assert (file["gzip"][...] == values).all()
print("threads", len(os.listdir("/proc/self/task")), "files", len(os.listdir("/proc/self/fd")))
"""


# Root is held to no number of processes, and a user with others is held to fewer.
AS_ANOTHER_USER = ["setpriv", f"--reuid={20000 + os.getpid() % 40000}", "--clear-groups"]


def limited(
    url: str, resource_: int, limit: int, *before: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    # NumPy would start threads of its own.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **settings}
    return subprocess.run(
        [*before, sys.executable, "-c", PROGRAM, url],
        env=environment,
        preexec_fn=lambda: resource.setrlimit(resource_, (limit, limit)),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def warnings(result: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("arraymorph: warn")]


@pytest.mark.parametrize("preset", ["auto", "production"])
@pytest.mark.parametrize("files", [32, 64])
def test_few_descriptors(s3_store: Store, files: int, preset: str) -> None:
    url = s3_store.url("few.h5")
    result = limited(url, resource.RLIMIT_NOFILE, files, ARRAYMORPH_PRESET=preset)
    assert result.returncode == 0, result.stderr
    (warning,) = warnings(result)
    asked = {"auto": "64 connections", "production": "256 connections"}[preset]
    assert asked in warning
    assert f"ulimit -n {files}; raise it: `ulimit -n 4096`" in warning


def test_s3_too_few_descriptors(s3_store: Store) -> None:
    """Fewer than the engine itself needs, which would abort the program."""
    statuses = set()
    for files in (12, 14, 16, 17, 18, 19, 20, 21, 22, 24, 26, 28):
        result = limited(s3_store.url("few.h5"), resource.RLIMIT_NOFILE, files, CHUNKS="16")
        assert result.returncode in (0, 1), (files, result.stderr)
        if result.returncode == 1:
            assert "ulimit -n" in result.stderr.splitlines()[-1], (files, result.stderr)
        statuses.add(result.returncode)
    assert statuses == {0, 1}


def test_enough_descriptors_are_not_spoken_of(s3_store: Store) -> None:
    result = limited(s3_store.url("enough.h5"), resource.RLIMIT_NOFILE, 256)
    assert result.returncode == 0, result.stderr
    assert warnings(result) == []


@pytest.fixture
def another_user() -> None:
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv, for a user who has no other processes")
    command = [*AS_ANOTHER_USER, sys.executable, "-c", "import arraymorph, h5py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"another user cannot use this installation: {done.stderr}")


@pytest.mark.parametrize("threads", [4, 9, 24])
def test_few_threads(s3_store: Store, another_user: None, threads: int) -> None:
    result = limited(
        s3_store.url("threads.h5"),
        resource.RLIMIT_NPROC,
        threads,
        *AS_ANOTHER_USER,
        ARRAYMORPH_PRESET="production",
        XDG_CACHE_HOME="",
        HOME="/nonexistent",
    )
    assert "arraymorph: warn: 256 connections" in result.stderr, result.stderr
    assert f"ulimit -u {threads}; raise it: `ulimit -u 4096`" in result.stderr
    assert len(warnings(result)) == 1, result.stderr
    if threads > 4:
        assert result.returncode == 0, result.stderr
    else:  # fewer than the engine itself needs, which would abort the program
        assert result.returncode == 1, result.stderr
        assert (
            f"S3 needs 7 threads, and the system does not let this process have so many more ("
            f"ulimit -u {threads})" in result.stderr.splitlines()[-1]
        )


def test_few_threads_on_a_directory(local_store: Store, another_user: None) -> None:
    root = Path(local_store.url("x").removeprefix("file://")).parent
    root.chmod(0o777)
    for each in root.parents:
        mode = each.stat().st_mode
        if each.stat().st_uid == os.getuid() and mode & 0o011 != 0o011:
            each.chmod(mode | 0o011)
    result = limited(
        local_store.url("few.h5"),
        resource.RLIMIT_NPROC,
        6,
        *AS_ANOTHER_USER,
        ARRAYMORPH_CODEC_THREADS="64",
        HOME="/nonexistent",
    )
    assert result.returncode == 0, result.stderr
    (warning,) = warnings(result)
    assert "64 codec threads are too many" in warning


# Counts the threads of event loops by their names.
LOOPS = """
import os, sys
import arraymorph
arraymorph.File(sys.argv[1], "w").close()
os.environ.update(ARRAYMORPH_EVENT_LOOPS="2", ARRAYMORPH_CONNECTIONS="7")
arraymorph.File(sys.argv[1]).close()
names = [open(f"/proc/self/task/{each}/comm").read() for each in os.listdir("/proc/self/task")]
print(sum(name.startswith("AwsEventLoop") for name in names))
"""


def test_the_first_file_decides_about_event_loops(s3_store: Store, python: Runner) -> None:
    done = python(
        LOOPS.replace("sys.argv[1]", repr(s3_store.url("loops.h5"))),
        ARRAYMORPH_EVENT_LOOPS="3",
        ARRAYMORPH_LOG="info",
    )
    # Each client has two groups more; there are two, for the numbers of connections differ.
    assert int(done.stdout) == 3 * (1 + 2 * 2)
    assert "info: ARRAYMORPH_EVENT_LOOPS: 2 are asked for, but the process has 3" in done.stderr
