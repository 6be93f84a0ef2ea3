"""`arraymorph env`."""

from __future__ import annotations

import os
import shlex
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from .._h5py import get_plugin_path
from .._packages import filter_plugins
from .output import one_line_errors


class Shell(str, Enum):
    """Whose syntax the lines have."""

    sh = "sh"
    bash = "bash"
    zsh = "zsh"
    fish = "fish"
    csh = "csh"
    tcsh = "tcsh"
    powershell = "powershell"
    pwsh = "pwsh"


@one_line_errors
def env(
    shell: Annotated[
        Shell | None,
        typer.Option(help="syntax of the lines; without it that of $SHELL, sh where unknown"),
    ] = None,
) -> None:
    """Print the lines that switch ArrayMorph on in a shell.

    Every HDF5 program started from that shell then uses it.

    \b
    eval "$(arraymorph env)"                        # bash, zsh, sh
    arraymorph env --shell fish | source            # fish
    eval `arraymorph env --shell csh`               # csh, tcsh
    arraymorph env --shell powershell | Out-String | Invoke-Expression
    """
    others = filter_plugins()
    print("\n".join(_lines(shell or _current(), get_plugin_path(), others)))


def _current() -> Shell:
    """$SHELL is the login shell, which may not be the one that runs: only those count that could
    not read the lines of sh."""
    name = Path(os.environ.get("SHELL", "")).name
    return Shell(name) if name in ("fish", "csh", "tcsh") else Shell.sh


def _lines(shell: Shell, path: str, others: list[str]) -> list[str]:
    """`others`: directories that HDF5 searches only while HDF5_PLUGIN_PATH is not set."""
    default = os.pathsep.join(others)
    if shell is Shell.fish:
        return _fish(path, default)
    if shell in (Shell.csh, Shell.tcsh):
        return _csh(path, default)
    if shell in (Shell.powershell, Shell.pwsh):
        return _powershell(path, default)
    rest = (
        f":${{HDF5_PLUGIN_PATH:-{shlex.quote(default)}}}"
        if default
        else ("${HDF5_PLUGIN_PATH:+:$HDF5_PLUGIN_PATH}")
    )
    return [
        f"export HDF5_PLUGIN_PATH={shlex.quote(path)}{rest}",
        "export HDF5_VOL_CONNECTOR=arraymorph",
    ]


def _fish(path: str, default: str) -> list[str]:
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    fresh = path + (os.pathsep + default if default else "")
    return [
        "if set -q HDF5_PLUGIN_PATH",
        f'    set -gx HDF5_PLUGIN_PATH {quoted(path)}":$HDF5_PLUGIN_PATH"',
        "else",
        f"    set -gx HDF5_PLUGIN_PATH {quoted(fresh)}",
        "end",
        "set -gx HDF5_VOL_CONNECTOR arraymorph",
    ]


def _csh(path: str, default: str) -> list[str]:
    """For `eval`, which joins lines; csh looks at variables also where `if` says no."""
    return [
        f"if ( ! $?HDF5_PLUGIN_PATH ) setenv HDF5_PLUGIN_PATH {shlex.quote(default)};",
        f'setenv HDF5_PLUGIN_PATH {shlex.quote(path)}:"$HDF5_PLUGIN_PATH";',
        "setenv HDF5_VOL_CONNECTOR arraymorph;",
    ]


def _powershell(path: str, default: str) -> list[str]:
    def quoted(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    rest = quoted(os.pathsep + default) if default else "''"
    return [
        f"$env:HDF5_PLUGIN_PATH = {quoted(path)} + "
        f"$(if ($env:HDF5_PLUGIN_PATH) {{ ':' + $env:HDF5_PLUGIN_PATH }} else {{ {rest} }})",
        "$env:HDF5_VOL_CONNECTOR = 'arraymorph'",
    ]
