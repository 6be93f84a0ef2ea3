"""`python -m arraymorph`: print the lines that switch ArrayMorph on in a shell."""

from __future__ import annotations

import shlex
import sys

from ._h5py import get_plugin_path

_USAGE = """usage: python -m arraymorph [env | plugin-path]

env          export lines for HDF5_PLUGIN_PATH and HDF5_VOL_CONNECTOR (the default):
             eval "$(python -m arraymorph env)"
plugin-path  the directory that holds the plugin
"""


def main(arguments: list[str]) -> int:
    """Run with the words after the program name; returns the exit status."""
    command = arguments[0] if arguments else "env"
    if command == "env" and len(arguments) <= 1:
        path = shlex.quote(get_plugin_path())
        print(f"export HDF5_PLUGIN_PATH={path}${{HDF5_PLUGIN_PATH:+:$HDF5_PLUGIN_PATH}}")
        print("export HDF5_VOL_CONNECTOR=arraymorph")
        return 0
    if command == "plugin-path" and len(arguments) == 1:
        print(get_plugin_path())
        return 0
    print(_USAGE, end="", file=sys.stdout if command in ("-h", "--help") else sys.stderr)
    return 0 if command in ("-h", "--help") else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
