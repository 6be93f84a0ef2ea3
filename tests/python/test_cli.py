"""The command line as a program: start, words, errors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import arraymorph
import pytest
from arraymorph import _packages
from conftest import Command, Runner, Store

COMMANDS = [
    *("ls", "tree", "info", "cat", "map", "rm", "verify", "gc", "doctor", "bench"),
    *("env", "plugin-path", "pointer"),
]


def test_without_a_command_it_prints_the_environment(arraymorph_program: Command) -> None:
    done = arraymorph_program()
    assert done == arraymorph_program("env")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith(f"export HDF5_PLUGIN_PATH={arraymorph.get_plugin_path()}")
    assert second == "export HDF5_VOL_CONNECTOR=arraymorph"


def test_the_program_is_installed(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "arraymorph"
    done = subprocess.run([program, "plugin-path"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == arraymorph.get_plugin_path()
    shell = f'eval "$({program} env)"; echo "$HDF5_VOL_CONNECTOR $HDF5_PLUGIN_PATH"'
    said = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"arraymorph {arraymorph.get_plugin_path()}")


def test_help_teaches(command: Command) -> None:
    done = command("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert f"  {name} " in done.stdout
        about = command(name, "--help")
        assert about.returncode == 0, name
        assert about.stdout.startswith(f"Usage: arraymorph {name}"), about.stdout
        assert len(about.stdout.splitlines()) > 5, name
    assert "--older-than" in command("gc", "--help").stdout
    assert "Exit status: 0 whole, 1 something is wrong" in command("verify", "--help").stdout


@pytest.mark.parametrize(
    "words", [["nonsense"], ["verify"], ["gc", "a", "b"], ["verify", "--fast"]]
)
def test_usage_errors(command: Command, words: list[str]) -> None:
    done = command(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--help" in done.stderr


def test_importing_the_package_does_not_import_the_command_line(python: Runner) -> None:
    code = "import sys, arraymorph; print([m for m in sys.modules if m in ('typer', 'rich')])"
    assert python(code).stdout == "[]\n"


def test_errors_are_one_line(local_store: Store, arraymorph_program: Command) -> None:
    nowhere = {
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    done = arraymorph_program("verify", "s3://bucket/x.h5", **nowhere)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("arraymorph: ")
    assert "http://127.0.0.1:1 refuses connections" in done.stderr
    assert "Traceback" not in done.stderr
    done = arraymorph_program("gc", "x.h5", STORAGE_PLATFORM="Nowhere")
    assert done.stderr.count("\n") == 1
    assert "STORAGE_PLATFORM=Nowhere is not understood; allowed: S3, Local, Memory" in done.stderr


def test_a_missing_bucket(s3_store: Store, arraymorph_program: Command) -> None:
    for name in "verify", "gc":
        done = arraymorph_program(name, "s3://arraymorph-no-such-bucket/x.h5")
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "arraymorph-no-such-bucket" in done.stderr


# How a person would switch it on there, and what they would look at then.
SHELLS = {
    "sh": 'eval "$(arraymorph env --shell sh)"; echo "$HDF5_VOL_CONNECTOR $HDF5_PLUGIN_PATH"',
    "bash": 'eval "$(arraymorph env)"; echo "$HDF5_VOL_CONNECTOR $HDF5_PLUGIN_PATH"',
    "fish": "arraymorph env --shell fish | source; "
    "echo $HDF5_VOL_CONNECTOR (printenv HDF5_PLUGIN_PATH)",
    "tcsh": "eval `arraymorph env --shell csh`; echo $HDF5_VOL_CONNECTOR $HDF5_PLUGIN_PATH",
    "pwsh": "arraymorph env --shell pwsh | Out-String | Invoke-Expression; "
    'echo "$env:HDF5_VOL_CONNECTOR $env:HDF5_PLUGIN_PATH"',
}


@pytest.mark.parametrize("before", ["", "/else where/a:/b"])
@pytest.mark.parametrize("shell", SHELLS)
def test_shells_take_the_lines(shell: str, before: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    bin_directory = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_directory}{os.pathsep}{os.environ['PATH']}"}
    if before:
        environment["HDF5_PLUGIN_PATH"] = before
    words = [shell, "-c", SHELLS[shell]]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    rest = before or os.pathsep.join(_packages.filter_plugins())
    path = arraymorph.get_plugin_path() + (os.pathsep + rest if rest else "")
    assert done.stdout.strip() == f"arraymorph {path}"


def test_lines_for_the_shell_of_the_user(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert command("env").stdout == command("env", "--shell", "fish").stdout
    assert "set -gx HDF5_VOL_CONNECTOR arraymorph" in command("env").stdout
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert command("env").stdout == command("env", "--shell", "sh").stdout
    done = command("env", "--shell", "cmd")
    assert done.returncode == 2
    assert "fish" in done.stderr


def test_completion(arraymorph_program: Command) -> None:
    """What the shell asks when the tab key is pressed."""
    done = arraymorph_program(
        _ARRAYMORPH_COMPLETE="complete_bash", COMP_WORDS="arraymorph t", COMP_CWORD="1"
    )
    assert done.stdout.split() == ["tree"]
    assert "--install-completion" in arraymorph_program("--help").stdout


def test_commands_start_without_what_they_do_not_need(python: Runner) -> None:
    """Completion starts the program at every press of the tab key."""
    code = (
        "import sys, arraymorph.cli\n"
        "print([m for m in ('h5py', 'numpy', 'rich.console', 'PIL', 'ssl') if m in sys.modules])"
    )
    assert python(code).stdout == "[]\n"


def test_help_fits_a_terminal_of_80_columns(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(*words: str) -> str:
        import contextlib
        import io

        from arraymorph.cli import app

        monkeypatch.setenv("COLUMNS", "80")
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            app([*words, "--help"], prog_name="arraymorph")
        return out.getvalue()

    for name in COMMANDS:
        lines = shown(name).splitlines()
        assert max(map(len, lines)) <= 80, name
        assert any(f"arraymorph {name}" in line for line in lines[1:]), f"{name}: no example"
    assert max(map(len, shown().splitlines())) <= 80
