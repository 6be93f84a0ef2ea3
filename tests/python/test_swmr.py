"""Single writer, multiple readers: a reader in another process follows the writer's flushes."""

from __future__ import annotations

import subprocess
import sys

import arraymorph
from conftest import Runner, Store

READER = """
import sys, arraymorph
f = arraymorph.File(sys.argv[1], "r", libver="latest", swmr=True)
dataset = f["x"]
print(len(dataset), dataset[...].sum(), flush=True)
for line in sys.stdin:
    dataset.refresh()
    print(len(dataset), dataset[...].sum(), flush=True)
"""


def test_reader_follows_the_writer(store: Store) -> None:
    url = store.url("swmr.h5")
    with arraymorph.File(url, "w", libver="latest") as f:
        dataset = f.create_dataset("x", (10,), "i8", maxshape=(None,), chunks=(7,))
        dataset[...] = 1
        f.swmr_mode = True
        f.flush()
        with subprocess.Popen(
            [sys.executable, "-c", READER, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as reader:
            assert reader.stdin is not None
            assert reader.stdout is not None
            assert reader.stdout.readline().split() == ["10", "10"]
            for length in (15, 40):
                dataset.resize((length,))
                dataset[...] = length
                dataset.flush()
                reader.stdin.write("\n")
                reader.stdin.flush()
                assert reader.stdout.readline().split() == [str(length), str(length**2)]
            reader.stdin.close()
            assert reader.wait() == 0


def test_readers_may_come_as_soon_as_the_mode_is_on(store: Store, python: Runner) -> None:
    url = store.url("start.h5")
    with arraymorph.File(url, "w", libver="latest") as f:
        f.create_dataset("x", data=range(10), maxshape=(None,), chunks=(5,))
        f.swmr_mode = True
        result = python(
            f"import arraymorph; print(arraymorph.File({url!r}, swmr=True)['x'][...].sum())"
        )
    assert result.stdout == "45\n"
