"""Ways a program ends. Each leaves something undone that an exit must cope with."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import common
import h5py
import numpy as np

kept: list[Any] = []  # alive until the interpreter takes modules apart


def left_open(name: str) -> None:
    """Files, groups and attributes open and dirty."""
    file = common.write(name)
    group = file.create_group("g")
    group.attrs["a"] = 1
    kept.extend([file, group, file["x"]])
    print("done")


def closed(name: str) -> None:
    common.write_closed(name)
    print("done")


def dataset_kept(name: str) -> None:
    file = common.write(name)
    dataset = file["x"]
    file.id.close()
    dataset.attrs["late"] = 1
    kept.append(dataset)


def exception(name: str) -> None:
    kept.append(common.write(name))
    raise KeyError("mine")


def sys_exit(name: str) -> None:
    kept.append(common.write(name))
    sys.exit(3)


def os_exit(name: str) -> None:
    file = common.write(name)
    file.flush()
    file["z"] = 6
    kept.append(file)
    os._exit(5)


def sigterm(name: str) -> None:
    file = common.write(name)
    file.flush()
    kept.append(file)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)


def sigterm_handled(name: str) -> None:
    def end(_number: int, _frame: object) -> None:
        sys.exit(4)

    signal.signal(signal.SIGTERM, end)
    kept.append(common.write(name))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)


def sigint_during_read(name: str) -> None:
    """Ctrl-C at any moment of a long series of reads, with something unsaved."""
    pressed = threading.Event()
    # Python's own handler would raise in whatever runs next, in h5py mostly a weak reference's
    # callback, from where no exception comes out.
    signal.signal(signal.SIGINT, lambda *_: pressed.set())
    file = common.write(name)
    kept.append(file)
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
    while not pressed.is_set():
        file["x"].id.refresh()  # nothing from the cache
        file["x"][...]
    raise KeyboardInterrupt


def in_flight(name: str) -> None:
    """Threads in the middle of reads and writes, which the interpreter waits for. (Daemon threads
    it does not wait for: those die with h5py's lock in their hands, and h5py itself hangs.)"""
    common.write_closed(name)

    def write(number: int) -> None:
        with h5py.File(f"{name}.{number}", "w") as file:
            x = file.create_dataset("x", (64, 10_000), "i4", chunks=(1, 10_000))
            for row in range(64):
                x[row] = row

    def read() -> None:
        for _ in range(5):
            with h5py.File(name) as file:
                common.check(file)

    pool = ThreadPoolExecutor(8)
    for number in range(4):
        pool.submit(write, number)
        pool.submit(read)
    kept.append(pool)


def background_puts(name: str) -> None:
    """Chunks still on their way to the store when the program ends."""
    file = common.write(name)
    file.create_dataset("big", data=np.ones((64, 100_000), "i4"), chunks=(1, 100_000))
    kept.append(file)


def own_atexit(name: str) -> None:
    """A program that closes its files itself, at exit."""
    file = common.write(name)
    atexit.register(file.close)


def python_file(name: str) -> None:
    """A file of h5py's that is none of ours, driven by Python code, open and dirty."""
    import io

    memory = io.BytesIO()
    kept.append(memory)
    kept.append(h5py.File(memory, "w"))
    kept[-1]["x"] = np.arange(1000)
    kept.append(common.write(name))


def thread_left(name: str) -> None:
    """A thread that the interpreter waits for goes on using a file."""
    file = common.write(name)

    def late() -> None:
        time.sleep(0.1)
        file["late"] = 7

    kept.append(file)
    threading.Thread(target=late).start()


def server_gone(name: str) -> None:
    """The server goes away while a file is dirty; its end is awaited on standard input."""
    file = common.write(name)
    file.flush()
    file["x"][...] = 0
    file["z"] = 6
    kept.extend([file, file["x"], file["y"]])
    print("ready", flush=True)
    sys.stdin.readline()


def server_gone_enabled(name: str) -> None:
    import arraymorph

    arraymorph.enable()
    server_gone(name)


def unused(_name: str) -> None:
    """h5py alone."""
    print("done")


def enabled_unused(_name: str) -> None:
    import arraymorph

    arraymorph.enable()
    print("done")


def enabled_after(name: str) -> None:
    """h5py is imported already: files go through arraymorph's own exit handler."""
    import arraymorph

    arraymorph.enable()
    kept.append(common.write(name))


SCENARIOS = {
    each.__name__: each
    for each in (
        *(left_open, closed, dataset_kept, exception, sys_exit, os_exit, sigterm, sigterm_handled),
        *(sigint_during_read, in_flight, background_puts, own_atexit, python_file, thread_left),
        *(server_gone, server_gone_enabled, unused, enabled_unused, enabled_after),
    )
}

if __name__ == "__main__":
    try:
        common.run(SCENARIOS, sys.argv[1:])
    finally:
        common.mark_end()
