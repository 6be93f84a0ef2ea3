"""Programs that fork, or start workers otherwise, around open files.

Every check is an assertion in the process it concerns; a child that fails makes its parent fail.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import common
import h5py
import numpy as np

CHILDREN = 4
ROWS = 50


def in_child(work: Callable[[], None], leave: Callable[[int], None] = os._exit) -> int:
    """Fork; the child works and leaves with 0, or with 1 after a traceback."""
    child = os.fork()
    if child != 0:
        return child
    status = 0
    try:
        work()
    except BaseException:
        traceback.print_exc()
        status = 1
    leave(status)
    raise AssertionError("unreachable")


def wait(children: list[int]) -> None:
    for child in children:
        assert os.waitpid(child, 0)[1] == 0, "a child failed"


def inherited_read(name: str) -> None:
    """One open file read by parent and children at the same time, and again afterwards."""
    common.write_closed(name)
    file = h5py.File(name)
    common.check(file)
    children = [in_child(lambda: common.check(file)) for _ in range(CHILDREN)]
    for _ in range(3):
        common.check(file)
    wait(children)
    common.check(file)


def opened_in_children(name: str) -> None:
    """Children read the parent's file anew and write files of their own."""
    common.write_closed(name)
    file = h5py.File(name)
    common.check(file)

    def work(number: int) -> None:
        with h5py.File(name) as again:
            common.check(again)
        with common.write(f"{name}.{number}") as own:
            common.check(own)
        common.check(file)

    wait([in_child(partial(work, number)) for number in range(CHILDREN)])
    for number in range(CHILDREN):
        with h5py.File(f"{name}.{number}") as own:
            common.check(own)


def nested(name: str) -> None:
    common.write_closed(name)
    file = h5py.File(name)
    common.check(file)

    def work() -> None:
        common.check(file)
        wait([in_child(lambda: common.check(file))])

    wait([in_child(work)])


def refused(change: Callable[[], Any]) -> None:
    answer = "accepted"
    try:
        change()
    except Exception as error:
        answer = str(error)
    assert "opened before this process was forked" in answer, answer


def try_to_write(file: h5py.File) -> None:
    """All kinds of changes; none may be accepted, since none would be stored."""
    x = file["x"]

    def assign() -> None:
        x[...] = 0

    def inline() -> None:
        file["y"][()] = 0

    def direct() -> None:
        x.id.write_direct_chunk((0, 0), b"rubbish")

    def attribute() -> None:
        h5py.h5a.open(x.id, b"before").write(np.array(2))

    for change in (assign, inline, direct, attribute):
        refused(change)
    refused(lambda: file.create_dataset("n", data=np.zeros(100_000), chunks=(1000,)))
    refused(lambda: file.create_group("g"))
    refused(lambda: file.attrs.create("a", 1))
    refused(lambda: file.__delitem__("x"))
    refused(lambda: file.move("x", "z"))
    refused(lambda: file.copy("x", "z"))
    refused(lambda: file["grows"].resize((5,)))
    refused(file.flush)


def dirty(name: str) -> None:
    """What the parent has not stored yet is stored once, by the parent."""
    file = common.write(name)
    grows = file.create_dataset("grows", (10,), "i4", maxshape=(None,), chunks=(1000,))
    file["x"].attrs["before"] = 1
    file.flush()
    part = common.values()[:5] + 1
    file["x"][:5] = part  # a part of some chunks: stays in the cache
    grows[:] = 3
    file.attrs["late"] = 1

    def leave_open() -> None:
        assert (file["x"][:5] == part).all()

    def close() -> None:
        file.close()

    def from_store() -> None:
        with h5py.File(name) as again:
            common.check(again)
            assert "late" not in again.attrs

    def fill_cache() -> None:
        """Pushing the parent's chunks out of the cache must not store them."""
        with h5py.File(f"{name}.{os.getpid()}", "w") as own:
            own.create_dataset("big", data=np.ones((40, 25_000), "i4"), chunks=(1, 25_000))
        from_store()

    children = []
    for leave in (os._exit, sys.exit):
        for work in (leave_open, close, lambda: try_to_write(file), from_store, fill_cache):
            children.append(in_child(work, leave))
    wait(children)
    wait([in_child(from_store)])
    file.close()
    with h5py.File(name) as again:
        assert (again["x"][:5] == part).all()
        assert (again["x"][5:] == common.values()[5:]).all()
        assert (again["grows"][:] == 3).all()
        assert again.attrs["late"] == 1
        assert again["x"].attrs["before"] == 1


def replaced_in_child(name: str) -> None:
    """A child that opens the parent's file anew may write it, once the parent is done."""
    file = common.write(name)
    file.flush()

    def work() -> None:
        with h5py.File(name, "r+") as again:
            again["x"][...] = np.full(common.SHAPE, 7)
            again["by"] = "child"

    wait([in_child(work)])
    file.close()  # unchanged since the flush: nothing to store
    with h5py.File(name) as again:
        assert (again["x"][...] == 7).all()
        assert again["by"][()] == b"child"


def forks_beside_threads(name: str) -> None:
    """Forks at any moment while other threads read and write."""
    common.write_closed(name)
    file = h5py.File(name)
    done = threading.Event()
    errors: list[str] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            while not done.is_set():
                work()
        except BaseException:
            errors.append(traceback.format_exc())

    def read() -> None:
        common.check(file)

    def write(number: int) -> None:
        common.write_closed(f"{name}.{number}")

    # h5py's refresh would be stricter than reading, but crashes natively beside other threads.
    works = [read, read, lambda: write(0), lambda: write(1)]
    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()

    def check_in_child() -> None:
        common.check(file)
        with h5py.File(name) as again:
            common.check(again)

    try:
        for leave in (os._exit, sys.exit) * 2:
            wait([in_child(check_in_child, leave)])
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not errors, errors[0]


def row_sum(task: tuple[str, int]) -> int:
    name, row = task
    with h5py.File(name) as file:
        total: int = file["x"][row].sum().item()
        return total


def pool(name: str, method: str) -> None:
    """multiprocessing.Pool of any start method, with the file open in the parent."""
    common.write_closed(name)
    with h5py.File(name) as file:
        common.check(file)
        with multiprocessing.get_context(method).Pool(2) as workers:
            tasks = [(name, row) for row in range(ROWS)]
            sums = workers.map(row_sum, tasks, chunksize=5)
        common.check(file)
    assert sums == [int(row.sum()) for row in common.values()[:ROWS]]


class Rows:
    """A map-style data set as PyTorch programs write it: opened at once, or at first use."""

    def __init__(self, name: str, lazily: bool) -> None:
        self.name = name
        self.file = None if lazily else h5py.File(name)

    def __len__(self) -> int:
        return common.SHAPE[0]

    def __getitem__(self, row: int) -> Any:
        if self.file is None:
            self.file = h5py.File(self.name)
        return self.file["x"][row]


def serve(rows: Rows, indexes: Any, results: Any) -> None:
    """The loop of a loader's worker."""
    while (batch := indexes.get()) is not None:
        results.put((batch, np.stack([rows[row] for row in batch])))


def loader(name: str, method: str, when: str) -> None:
    """Four workers that get index lists and send batches, two epochs, the parent reading too."""
    common.write_closed(name)
    context: Any = multiprocessing.get_context(method)
    rows = Rows(name, lazily=when == "lazily")
    assert (rows[0] == common.values()[0]).all()
    for _ in range(2):
        # An open file cannot be sent to another process; a forked one has it.
        theirs = rows if method == "fork" else Rows(name, lazily=True)
        batches = [list(range(at, at + 25)) for at in range(0, len(rows), 25)]
        indexes, results = context.Queue(), context.Queue()
        workers = [
            context.Process(target=serve, args=(theirs, indexes, results)) for _ in range(CHILDREN)
        ]
        for worker in workers:
            worker.start()
        for batch in [*batches, *[None] * CHILDREN]:
            indexes.put(batch)
        for _ in batches:
            batch, data = results.get(timeout=300)
            assert (data == common.values()[batch]).all()
            assert (rows[batch[0]] == common.values()[batch[0]]).all()
        for worker in workers:
            worker.join()
            assert worker.exitcode == 0


SCENARIOS = {
    each.__name__: each
    for each in (
        *(inherited_read, opened_in_children, nested, dirty, replaced_in_child),
        *(forks_beside_threads, pool, loader),
    )
}

if __name__ == "__main__":
    common.run(SCENARIOS, sys.argv[1:])
