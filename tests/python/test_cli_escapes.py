"""What commands print of files and servers shows control characters, and never sends any."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import arraymorph
import h5py
import numpy as np
import pytest
from arraymorph.cli.output import escaped
from conftest import Command, Done, Store

ESC = "\x1b]0;owned\x07\x1b[31m"
SHOWN = r"\x1b]0;owned\x07\x1b[31m"
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.fixture
def url(local_store: Store, small_objects: None) -> str:
    """A file that names everything so."""
    url = local_store.url(f"f{ESC}.h5")
    with arraymorph.File(url, "w") as f:
        f.attrs[f"a{ESC}"] = f"v{ESC}"
        f.create_dataset(f"d{ESC}", data=np.arange(8), chunks=(2,))
        f[f"l{ESC}"] = h5py.ExternalLink(f"{ESC}.h5", f"/{ESC}")
        f[f"s{ESC}"] = h5py.SoftLink(f"/none{ESC}")
        f["text"] = f"first{ESC}\n\tsecond"
        f["table"] = np.zeros(2, [(f"column{ESC}", "i4")])
    (chunks(local_store) / "9").write_bytes(b"left over")
    (chunks(local_store) / f"x{ESC}").write_bytes(b"of somebody else")
    return url


def chunks(store: Store) -> Path:
    assert store.root is not None
    return next(store.root.glob("f*/d*/c"))


def check(done: Done, status: int = 0) -> None:
    said = done.stdout + done.stderr
    assert done.returncode == status, said
    assert not CONTROLS.search(said), repr(said)
    assert SHOWN in said


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("tree", "-a", "{url}"), 0),
        (("ls", "{folder}/"), 0),
        (("ls", "{url}::/"), 0),
        (("ls", "{folder}/none" + ESC), 1),
        (("info", "{url}"), 0),
        (("info", "{url}", "/d" + ESC), 0),
        (("cat", "{url}", "/l" + ESC), 1),
        (("cat", "{url}", "/s" + ESC), 1),
        (("cat", "{url}", "/none" + ESC), 1),
        (("cat", "{url}", "/d" + ESC, "--slice", "1,2" + ESC), 2),
        (("map", "{url}", "/d" + ESC), 0),
        (("verify", "{url}"), 0),
        (("gc", "--older-than", "0", "{url}"), 0),
        (("rm", "--dry-run", "{url}"), 0),
        (("rm", "--dry-run", "-r", "{folder}/"), 0),
        (("rm", "{url}"), 1),
        (("copy", "{url}", "{folder}/copied" + ESC + ".h5"), 0),
        (("copy", "{url}", "{url}"), 1),
        (("pointer", "{url}", "/none" + ESC + "/x.h5"), 1),
        (("doctor", "--quick", "{url}"), None),
    ],
    ids=lambda value: "_".join(value[:2]).replace(ESC, "") if isinstance(value, tuple) else None,
)
def test_commands_escape(
    words: tuple[str, ...], status: int | None, url: str, local_store: Store, command: Command
) -> None:
    done = command(*(word.format(url=url, folder=local_store.base) for word in words))
    check(done, done.returncode if status is None else status)


def test_problems_are_escaped(url: str, local_store: Store, command: Command) -> None:
    (chunks(local_store) / "0").write_bytes(b"short")
    check(command("verify", url), 1)


def test_json_is_escaped_as_json(url: str, command: Command) -> None:
    done = command("tree", "--json", url)
    assert not CONTROLS.search(done.stdout)
    assert f"d{ESC}" in json.loads(done.stdout)["members"]


def on_a_terminal(*words: str) -> str:
    terminal, end = pty.openpty()
    program = [sys.executable, "-m", "arraymorph", *words]
    none = subprocess.DEVNULL  # a progress bar moves the cursor
    with subprocess.Popen(program, stdin=none, stdout=end, stderr=none) as process:
        os.close(end)
        text = b""
        try:
            while part := os.read(terminal, 4096):
                text += part
        except OSError:  # Linux: nobody has its other end open
            pass
        assert process.wait(60) == 0, text
    os.close(terminal)
    return text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("options", [(), ("--csv",)])
def test_values_go_to_programs_as_they_are(
    options: tuple[str, ...], url: str, command: Command
) -> None:
    name = "/table" if options else "/text"
    said = f"column{ESC}\n0\n0\n" if options else f"first{ESC}\n\tsecond\n"
    assert command("cat", url, name, *options).stdout == said
    shown = on_a_terminal("cat", url, name, *options)
    assert re.sub(" {2,}", "\t", shown) == said.replace(ESC, SHOWN)


def test_what_is_escaped(tmp_path: Path) -> None:
    assert escaped("é 漢 \U0001f600 \\x") == "é 漢 \U0001f600 \\x"
    assert escaped("\x00\n\t\r\x7f\x9b") == r"\x00\n\t\r\x7f\x9b"
    assert escaped("\u202e\u2066\ud800") == r"\u202e\u2066\ud800"
    assert escaped(os.fsdecode(b"\xff")) == r"\xff"
    assert escaped("a\n\x1b", keep="\n") == "a\n\\x1b"
