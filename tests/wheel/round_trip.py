"""Write and read a file with plain h5py, switched to ArrayMorph by the environment alone.

Usage: python round_trip.py local | s3     (s3: the server that the environment names)
Needs an installed arraymorph and nothing else, so that every built wheel can be asked this. The
children import h5py only; they must find the connector by HDF5_PLUGIN_PATH and
HDF5_VOL_CONNECTOR, as printed by `python -m arraymorph env`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

NAME = "folder/run.h5"
DATA = np.arange(60_000, dtype="f8").reshape(300, 200)


def write() -> None:
    with h5py.File(NAME, "w") as file:
        file.attrs["title"] = "round trip"
        group = file.create_group("group")
        group.create_dataset("gzip", data=DATA, chunks=(100, 100), compression="gzip", shuffle=True)
        group.create_dataset("contiguous", data=DATA)
        file["names"] = np.array(["a", "bc"], dtype=h5py.string_dtype())
    with h5py.File(NAME, "r+") as file:
        file["group/gzip"][7] = -1.0
    try:
        h5py.File("missing.h5", "r")
    except FileNotFoundError:
        return
    raise SystemExit("opening a missing file must raise FileNotFoundError")


def read() -> None:
    expected = DATA.copy()
    expected[7] = -1.0
    with h5py.File(NAME, "r") as file:
        assert file.attrs["title"] == "round trip"
        assert sorted(file) == ["group", "names"]
        np.testing.assert_array_equal(file["group/gzip"][...], expected)
        np.testing.assert_array_equal(file["group/contiguous"][5:9], DATA[5:9])
        assert list(file["names"].asstr()) == ["a", "bc"]


# What the README tells a shell user to do, then an unchanged program.
SHELL = 'eval "$("$0" -m arraymorph env)" && exec "$0" "$@"'


def main(store: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root, elsewhere = Path(directory, "store"), Path(directory, "work")
        root.mkdir()
        elsewhere.mkdir()
        environment = dict(os.environ)
        if store == "local":
            environment |= {"STORAGE_PLATFORM": "Local", "ARRAYMORPH_ROOT": str(root)}
        for step in ("write", "read"):
            command = ["/bin/sh", "-c", SHELL, sys.executable, str(Path(__file__).resolve()), step]
            subprocess.run(command, env=environment, cwd=elsewhere, check=True)
        if list(elsewhere.iterdir()):
            raise SystemExit("h5py wrote to the working directory: the connector was not used")
        if store == "local" and not (root / NAME / "group/gzip/c/2/1").is_file():
            raise SystemExit("the chunks of the dataset are not in the store")
    print(
        f"round trip on {store} passed: h5py {h5py.__version__}, HDF5 {h5py.version.hdf5_version}"
    )


if __name__ == "__main__":
    if sys.argv[1] in ("write", "read"):
        {"write": write, "read": read}[sys.argv[1]]()
    else:
        main(sys.argv[1])
