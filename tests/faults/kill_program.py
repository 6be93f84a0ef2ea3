"""A workload of several commits, and what may be found when its writer was killed: plain h5py.

Step n leads from state n - 1 to state n and ends with a commit. The states come from native HDF5,
which does the same in memory.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Array = np.ndarray[Any, Any]
State = dict[str, dict[str, Any]]  # path: what is there


def values(seed: int, shape: tuple[int, ...], dtype: str) -> Array:
    return np.random.default_rng(seed).integers(1, 10_000, shape).astype(dtype)


def create(f: h5py.File) -> None:
    options: dict[str, Any] = {"chunks": (16, 16), "maxshape": (None, 30), "fillvalue": -1}
    f.create_dataset("a", data=values(1, (40, 30), "i4"), **options)
    f.create_dataset(
        "z", data=values(2, (100,), "f8"), chunks=(32,), maxshape=(None,), compression="gzip"
    )
    f.create_dataset("flat", data=values(3, (50, 20), "f4"))
    f["g/deep/small"] = values(4, (5,), "i2")
    f["g"].attrs["name"] = "first"


def append(f: h5py.File) -> None:
    f["a"].resize((60, 30))
    f["a"][40:] = values(5, (20, 30), "i4")
    f["z"].resize((150,))
    f["z"][100:] = values(6, (50,), "f8")


def overwrite_a_part(f: h5py.File) -> None:
    f["a"][5:20, 3:10] = values(7, (15, 7), "i4")
    f["flat"][10:20] = values(8, (10, 20), "f4")
    f["z"][30:35] = 5.5


def shrink(f: h5py.File) -> None:
    f["a"].resize((25, 30))
    f["z"].resize((40,))


def grow_again(f: h5py.File) -> None:
    f["a"].resize((70, 30))
    f["a"][60:] = values(9, (10, 30), "i4")
    f["z"].resize((140,))


def replace(f: h5py.File) -> None:
    del f["z"], f["flat"]
    f.create_dataset(
        "z",
        data=values(10, (90, 4), "i8"),
        chunks=(30, 4),
        maxshape=(None, 4),
        shuffle=True,
        compression="lzf",
    )
    f["flat"] = values(11, (30, 30), "i8")


def rename(f: h5py.File) -> None:
    f.move("a", "g/b")
    f.move("g/deep", "moved")
    f["g"].attrs["name"] = "second"
    f["g/b"].attrs["unit"] = "m"


def append_many(f: h5py.File) -> None:
    for number in range(8):
        rows = f["z"].shape[0]
        f["z"].resize((rows + 7, 4))
        f["z"][rows:] = values(20 + number, (7, 4), "i8")


def overwrite_only(f: h5py.File) -> None:
    """No change of the metadata."""
    f["g/b"][0:48] = values(12, (48, 30), "i4")


def empty_and_fill(f: h5py.File) -> None:
    f["g/b"].resize((0, 30))
    f["g/b"].resize((30, 30))
    f["g/b"][20:] = values(13, (10, 30), "i4")


def remove_group(f: h5py.File) -> None:
    f.copy("g/b", "kept")
    del f["g"]
    f["g"] = values(14, (40, 40), "f4")


def append_and_shrink(f: h5py.File) -> None:
    f["kept"].resize((90, 30))
    f["kept"][30:] = values(15, (60, 30), "i4")
    f["z"].resize((20, 4))


def grow_unwritten(f: h5py.File) -> None:
    f["z"].resize((200, 4))
    f["kept"].resize((130, 30))


@dataclass
class Step:
    apply: Callable[[h5py.File], None]
    # Datasets whose committed chunks are overwritten: in place, the one thing that is not atomic.
    overwrites: set[str] = field(default_factory=set)
    close: bool = False  # commit by closing; the next step opens the file again
    changes_metadata: bool = True


STEPS = [
    Step(create),
    Step(append),
    Step(overwrite_a_part, {"/a", "/flat", "/z"}),
    Step(shrink),
    Step(grow_again),
    Step(replace, close=True),
    Step(rename),
    Step(append_many),
    Step(overwrite_only, {"/g/b"}, changes_metadata=False),
    Step(empty_and_fill, {"/g/b"}),
    Step(remove_group, close=True),
    Step(append_and_shrink),
    Step(grow_unwritten, close=True),
]


def run_step(f: h5py.File, number: int) -> None:
    step = STEPS[number - 1]
    step.apply(f)
    if step.changes_metadata:
        f.attrs["step"] = number


def state_of(f: h5py.File) -> State:
    found: State = {}

    def visit(name: str, item: Any) -> None:
        entry: dict[str, Any] = {"attributes": {key: str(item.attrs[key]) for key in item.attrs}}
        if isinstance(item, h5py.Dataset):
            entry["layout"] = (
                (str(item.dtype), item.shape, item.maxshape, item.chunks),
                (item.compression, item.shuffle, str(item.fillvalue)),
            )
            entry["values"] = item[...]
        found["/" + name] = entry

    visit("", f["/"])
    f.visititems(visit)
    return found


def make_states(target: str) -> None:
    """Write all states, from native HDF5."""
    states: list[State] = [{}]
    with h5py.File("native.h5", "w", driver="core", backing_store=False) as f:
        for number in range(1, len(STEPS) + 1):
            run_step(f, number)
            states.append(state_of(f))
    Path(target).write_bytes(pickle.dumps(states))
    print(len(states))


def write(url: str, log: str, start: str = "0") -> None:
    """All steps after `start`. A committed one is reported in `log` before the next begins."""
    reports = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    f = h5py.File(url, "r+" if start != "0" else "w")
    for number in range(int(start) + 1, len(STEPS) + 1):
        run_step(f, number)
        if STEPS[number - 1].close:
            f.close()
        else:
            f.flush()
        os.write(reports, f"{number}\n".encode())
        os.fsync(reports)
        if STEPS[number - 1].close and number < len(STEPS):
            f = h5py.File(url, "r+")
    count = getattr(ctypes.CDLL(None), "kill_at_count", None)
    print(count() if count is not None else 0)


def difference(found: State, old: State, new: State, overwritten: set[str]) -> str:
    """Why `found` is not `old`; values in `overwritten` may be those of `new` as well."""
    if list(found) != list(old):
        return f"objects {list(found)}, expected {list(old)}"
    for path, entry in old.items():
        for part in ("attributes", "layout"):
            if found[path].get(part) != entry.get(part):
                return f"{part} of {path}: {found[path].get(part)}, expected {entry.get(part)}"
        if "values" not in entry:
            continue
        same = found[path]["values"] == entry["values"]
        if path in overwritten:
            other = new[path]["values"]
            common = tuple(slice(min(sizes)) for sizes in zip(same.shape, other.shape, strict=True))
            same[common] |= found[path]["values"][common] == other[common]
        if not same.all():
            where = tuple(int(each) for each in np.argwhere(~same)[0])
            got, wanted = found[path]["values"][where], entry["values"][where]
            return f"{path}{list(where)} is {got}, expected {wanted} ({(~same).sum()} differ)"
    return ""


def which_state(found: State, states: list[State], reported: int, exact: bool) -> tuple[int, str]:
    """The state that the file is in: the one reported last, or the one under way."""
    reasons = []
    for number in (reported + 1, reported):
        if number >= len(states):
            continue
        new = states[min(number + 1, len(states) - 1)]
        under_way = number == reported and reported < len(STEPS) and not exact
        overwritten = STEPS[reported].overwrites if under_way else set()
        reason = difference(found, states[number], new, overwritten)
        if not reason:
            return number, ""
        reasons.append(f"not state {number}: {reason}")
    return -1, "; ".join(reasons)


def check_growth(url: str) -> str:
    """What becomes part of a dataset without being written is its fill value."""
    grown = {}

    def grow(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.maxshape[0] is None:
            grown[name] = item.shape[0]
            item.resize(item.shape[0] + 45, axis=0)

    with h5py.File(url, "r+") as f:
        f.visititems(grow)
    with h5py.File(url, "r") as f:
        for name, before in grown.items():
            strange = f[name][before:] != f[name].fillvalue
            if strange.any():
                where = np.argwhere(strange)[0] + [before] + [0] * (f[name].ndim - 1)
                return f"after growing, {name}{[int(n) for n in where]} is not the fill value"
    return ""


def verify(url: str, log: str, states_file: str, mode: str, then: str) -> None:
    """Report which state the file is in, and what is wrong, as JSON. `then`: "grow", or "go on"
    with the workload where the file stands."""
    states: list[State] = pickle.loads(Path(states_file).read_bytes())
    lines = Path(log).read_text().split() if Path(log).exists() else []
    reported = int(lines[-1]) if lines else 0
    try:
        with h5py.File(url, "r") as f:
            found = state_of(f)
    except FileNotFoundError as error:
        wrong = "" if reported == 0 else f"state {reported} was reported, but {error}"
        print(json.dumps({"reported": reported, "state": 0, "wrong": wrong}))
        return
    state, wrong = which_state(found, states, reported, exact=mode != "in-place")
    if not wrong and then == "grow":
        wrong = check_growth(url)
    elif not wrong and state < len(STEPS):
        write(url, log, str(state))
        with h5py.File(url, "r") as f:
            reason = difference(state_of(f), states[-1], {}, set())
        wrong = f"going on from state {state}: {reason}" if reason else ""
    print(json.dumps({"reported": reported, "state": state, "wrong": wrong}))
