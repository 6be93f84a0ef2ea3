"""`python -m arraymorph`: the lines that switch ArrayMorph on in a shell, and pointer files."""

from __future__ import annotations

import os
import shlex
import sys

from ._h5py import get_plugin_path
from ._packages import filter_plugins
from .pointer import pointer

_USAGE = """usage: python -m arraymorph [env | plugin-path | pointer URL PATH]

env          export lines for HDF5_PLUGIN_PATH and HDF5_VOL_CONNECTOR (the default):
             eval "$(python -m arraymorph env)"
plugin-path  the directory that holds the plugin
pointer      make the local file PATH a pointer to the file at URL, for programs that look at the
             disk first (netCDF4, PyTables)
"""


def main(arguments: list[str]) -> int:
    """Run with the words after the program name; returns the exit status."""
    command = arguments[0] if arguments else "env"
    if command == "env" and len(arguments) <= 1:
        path = shlex.quote(get_plugin_path())
        others = "${HDF5_PLUGIN_PATH:+:$HDF5_PLUGIN_PATH}"
        if found := filter_plugins():
            others = f":${{HDF5_PLUGIN_PATH:-{shlex.quote(os.pathsep.join(found))}}}"
        print(f"export HDF5_PLUGIN_PATH={path}{others}")
        print("export HDF5_VOL_CONNECTOR=arraymorph")
        return 0
    if command == "plugin-path" and len(arguments) == 1:
        print(get_plugin_path())
        return 0
    if command == "pointer" and len(arguments) == 3:
        try:
            pointer(arguments[1], arguments[2])
        except (OSError, ValueError) as error:
            print(f"arraymorph: {error}", file=sys.stderr)
            return 1
        return 0
    print(_USAGE, end="", file=sys.stdout if command in ("-h", "--help") else sys.stderr)
    return 0 if command in ("-h", "--help") else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
