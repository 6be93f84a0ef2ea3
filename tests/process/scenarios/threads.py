"""Many Python threads on one file and on several, also without the global interpreter lock."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable

import common
import h5py
import numpy as np

THREADS = 8
ROUNDS = 6


def in_threads(work: Callable[[int], None]) -> None:
    """Run work(number) in THREADS threads that start together; the first failure is raised."""
    errors: list[str] = []
    start = threading.Barrier(THREADS)

    def guarded(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException:
            errors.append(traceback.format_exc())

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors[0]


def one_file(name: str) -> None:
    """All threads share one file: each writes its own rows, and reads those of others."""
    with h5py.File(name, "w") as file:
        x = file.create_dataset("x", (THREADS * 10, 1000), "i4", chunks=(3, 1000))

        def work(number: int) -> None:
            rows = slice(number * 10, number * 10 + 10)
            for step in range(1, ROUNDS + 1):
                x[rows] = number * 100 + step
                assert (x[rows] == number * 100 + step).all()
                other = (number + step) % THREADS
                row = x[other * 10]
                assert row[0] == 0 or row[0] // 100 == other
                assert (row == row[0]).all()
                file.flush()

        in_threads(work)
    with h5py.File(name) as file:
        wanted = np.repeat(np.arange(THREADS), 10) * 100 + ROUNDS
        assert (file["x"][...] == wanted[:, None]).all()


def many_files(name: str) -> None:
    """Each thread creates, reads and extends files of its own."""

    def work(number: int) -> None:
        for step in range(3):
            own = f"{name}.{number}.{step % 2}"  # the first one is replaced at the end
            common.write_closed(own)
            with h5py.File(own, "r+") as file:
                common.check(file)
                file["more"] = number
            with h5py.File(own) as file:
                assert file["more"][()] == number

    in_threads(work)


def open_and_close(name: str) -> None:
    """Some threads open, read and close one file, others read it through an object that stays
    open, others write and read files next to it."""
    common.write_closed(name)
    shared = h5py.File(name)

    def work(number: int) -> None:
        for _ in range(ROUNDS):
            if number % 3 == 0:
                with h5py.File(name) as file:
                    common.check(file)
            elif number % 3 == 1:
                common.check(shared)
            else:
                with common.write(f"{name}.{number}") as file:
                    common.check(file)

    in_threads(work)
    shared.close()


SCENARIOS = {each.__name__: each for each in (one_file, many_files, open_and_close)}

if __name__ == "__main__":
    common.run(SCENARIOS, sys.argv[1:])
