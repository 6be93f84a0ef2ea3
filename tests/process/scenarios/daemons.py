"""Daemon threads that are at work when the program ends: daemons.py ORDER FILE WORK.

ORDER says what is imported first: arraymorph or h5py. Natively such a program hangs.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

if sys.argv[1] == "arraymorph":
    import arraymorph
import common
import h5py

if sys.argv[1] == "h5py":
    import arraymorph

assert arraymorph
file = common.write(sys.argv[2])
file.flush()
busy = threading.Event()


def read() -> None:
    file["x"][::7]


def write() -> None:
    file["x"][100:200] = common.values()[100:200]


def open_again() -> None:
    with h5py.File(sys.argv[2]) as other:
        other["x"][...]


def work(act: Callable[[], None]) -> None:
    while True:
        act()
        busy.set()


threads = [
    threading.Thread(target=work, args=(globals()[name],), daemon=True)
    for name in sys.argv[3].split("+")
]
for thread in threads:
    thread.start()
assert busy.wait(60)
time.sleep(0.05)
print("done", flush=True)
common.mark_end()
