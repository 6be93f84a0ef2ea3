"""Writers and readers that work at the same time: plain h5py programs, each in its own process."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np

COLUMNS = 64
BATCH = 50
PATIENCE = 500.0
SAMPLES = 12  # of a soak, at least


def wait_for(gate: str) -> None:
    """All start at the same time."""
    deadline = time.monotonic() + PATIENCE
    while not Path(gate).exists():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def make_rows(url: str, rows: str) -> None:
    with h5py.File(url, "w") as f:
        f.create_dataset("x", (int(rows), COLUMNS), "i4", chunks=(1, COLUMNS), fillvalue=-1)


def row(number: int) -> Any:
    return np.arange(COLUMNS, dtype="i4") + number * COLUMNS


def write_rows(url: str, gate: str, writer: str, writers: str, each: str) -> None:
    """`each` chunks of an existing dataset, nobody else's, in random order."""
    mine = np.arange(int(each)) * int(writers) + int(writer)
    with h5py.File(url, "r+") as f:
        wait_for(gate)
        for number in np.random.default_rng(int(writer)).permutation(mine):
            f["x"][number] = row(number)


def count_wrong_rows(url: str) -> None:
    with h5py.File(url, "r") as f:
        values = f["x"][...]
    expected = np.arange(values.size, dtype="i4").reshape(values.shape)
    print(json.dumps(int((values != expected).any(axis=1).sum())))


def make_empty(url: str) -> None:
    h5py.File(url, "w").close()


def create_own(url: str, gate: str, writer: str) -> None:
    """A dataset of its own in a file that all have open; "" or why it could not be stored."""
    f = h5py.File(url, "r+")
    wait_for(gate)
    f.create_dataset(f"w{writer}", data=row(int(writer)), chunks=(8,))
    try:
        f.close()
    except Exception as error:
        print(json.dumps(str(error)), flush=True)
        os._exit(0)  # else the end of the program tries again and says so
    print(json.dumps(""))


def list_created(url: str) -> None:
    """Names of the datasets whose data is right."""
    with h5py.File(url, "r") as f:
        right = [name for name in f if np.array_equal(f[name][...], row(int(name[1:])))]
        assert len(right) == len(f), f"wrong data in {set(f) - set(right)}"
    print(json.dumps(right))


def commit_often(url: str, gate: str, commits: str) -> None:
    f = h5py.File(url, "r+")
    wait_for(gate)
    for number in range(1, int(commits) + 1):
        f.attrs["first"] = number
        f["table"][...] = number
        f.create_dataset(f"d{number}", data=row(number), chunks=(16,))
        f.attrs["last"] = number
        f.flush()
    f.close()


def make_table(url: str) -> None:
    with h5py.File(url, "w") as f:
        f.attrs["first"] = f.attrs["last"] = 0
        f["table"] = np.zeros(10, "i4")  # small: in the metadata object


def read_often(url: str, commits: str) -> None:
    """Every state that is seen is one committed state, and none is older than the one before."""

    def state(f: h5py.File, with_data: bool) -> int:
        number = int(f.attrs["first"])
        assert f.attrs["last"] == number
        assert (f["table"][...] == number).all()
        assert set(f) == {"table", *(f"d{n}" for n in range(1, number + 1))}
        for each in range(1, number + 1) if with_data else []:
            assert np.array_equal(f[f"d{each}"][...], row(each))
        return number

    kept = h5py.File(url, "r")
    kept_state = state(kept, True)
    seen = [kept_state]
    print("ready", flush=True)
    deadline = time.monotonic() + PATIENCE
    while seen[-1] < int(commits):
        assert time.monotonic() < deadline, f"stuck at {seen[-1]}"
        with h5py.File(url, "r") as f:  # the file is open already: the same state
            assert state(f, False) == kept_state
        kept.close()
        kept = h5py.File(url, "r")
        kept_state = state(kept, True)
        assert kept_state >= seen[-1]
        seen.append(kept_state)
    print(json.dumps(len(set(seen))))


def append(url: str, gate: str, appends: str) -> None:
    """The second one waits until somebody has seen the first."""
    with h5py.File(url, "w", libver="latest") as f:
        dataset = f.create_dataset("x", (0,), "i8", maxshape=(None,), chunks=(64,))
        f.swmr_mode = True
        f.flush()
        print("ready", flush=True)
        wait_for(gate)
        for number in range(int(appends)):
            dataset.resize(((number + 1) * BATCH,))
            dataset[number * BATCH :] = np.arange(number * BATCH, (number + 1) * BATCH)
            dataset.flush()
            if number == 0:
                wait_for(f"{gate}-seen")


def poll(url: str, gate: str, appends: str) -> None:
    """Lengths never shrink, and what is inside is what was written."""
    f = h5py.File(url, "r", libver="latest", swmr=True)
    dataset = f["x"]
    wait_for(gate)
    lengths = [0]
    deadline = time.monotonic() + PATIENCE
    while lengths[-1] < int(appends) * BATCH:
        assert time.monotonic() < deadline, f"stuck at {lengths[-1]}"
        dataset.refresh()
        values = dataset[...]
        assert len(values) >= lengths[-1], "the dataset has shrunk"
        wrong = np.flatnonzero(values != np.arange(len(values)))
        assert wrong.size == 0, f"{values[wrong[:5]]} at {wrong[:5]} of {len(values)}"
        if values.size:
            Path(f"{gate}-seen").touch()
        lengths.append(len(values))
    f.close()
    print(json.dumps(len(set(lengths))))


def resources() -> dict[str, int]:
    """Of this process, from /proc."""
    links = []
    for number in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            continue  # closed meanwhile
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "rss_kib": int(status["VmRSS"].split()[0]),
        "threads": int(status["Threads"]),
        "descriptors": sum(not link.startswith("socket:") for link in links),
        "sockets": sum(link.startswith("socket:") for link in links),
    }


def soak(seconds: str, interval: str, *bases: str) -> None:
    """Mixed work on every base URL in turn; a line of resources now and then."""
    rng = np.random.default_rng(1)
    started = time.monotonic()
    elapsed = due = 0.0
    rounds = samples = 0
    while elapsed < float(seconds) or samples < SAMPLES:
        base = bases[rounds % len(bases)]
        _soak_round(f"{base}/soak-{rounds % 3}.h5", rng)
        rounds += 1
        elapsed = time.monotonic() - started
        if elapsed >= due:
            print(json.dumps({"seconds": elapsed, "rounds": rounds, **resources()}), flush=True)
            samples += 1
            due += float(interval)


def _soak_round(url: str, rng: Any) -> None:
    values = rng.integers(0, 1000, (300, 200)).astype("i4")
    with h5py.File(url, "w", libver="latest") as f:
        f.create_dataset("raw", data=values, chunks=(50, 50), maxshape=(None, 200))
        f.create_dataset("gzip", data=values, chunks=(50, 100), compression="gzip")
        f.create_dataset("flat", data=values)
        f.attrs["note"] = "x" * 100
        f.flush()
        for step in range(3):
            f["gzip"][step * 7 : step * 7 + 20, 30:90] = step
            f["raw"].resize((300 + 40 * step, 200))
            f["raw"][300:] = step
            f.flush()
        del f["flat"]
    with h5py.File(url, "r") as f:
        assert np.array_equal(f["raw"][:300], values)
        assert (f["raw"][300:] == 2).all()
        for start in range(0, 300, 30):
            assert np.array_equal(
                f["raw"][start : start + 30, 10:20], values[start : start + 30, 10:20]
            )
        f["gzip"].refresh()
        assert (f["gzip"][14:34, 30:90] == 2).all()
    try:
        h5py.File(url + ".none", "r")
    except FileNotFoundError:
        return
    raise AssertionError("there is no such file")


def flush_until_stored(url: str) -> None:
    """Write rows and flush after each; what fails is repeated. Reports the errors."""
    errors: list[str] = []

    def persist(action: Any) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return action()
            except (OSError, RuntimeError) as error:
                errors.append(str(error))
                assert time.monotonic() < deadline, errors[-1]
                time.sleep(0.2)

    f = persist(lambda: h5py.File(url, "w"))
    dataset = f.create_dataset(
        "x", (0, COLUMNS), "i4", chunks=(1, COLUMNS), maxshape=(None, COLUMNS)
    )
    for number in range(30):
        persist(lambda number=number: dataset.resize((number + 1, COLUMNS)))
        persist(lambda number=number: dataset.__setitem__(number, row(number)))
        persist(f.flush)
    persist(f.close)
    print(json.dumps({"failed": len(errors), "errors": sorted(set(errors))}))
