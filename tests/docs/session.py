"""What a reader who follows a page has open: a shell, and a Python beside it, in one folder."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import seaweed

_SECONDS = 600.0  # for one command: a hang, not a slow machine
_MARK = b"\036"
# As long as the folder's real name, so that tables keep their shape.
FOLDER = "/home/you/project"
INSTALLED = "/home/you/env/lib/python3/site-packages"
ENDPOINT = "http://localhost:8333"
BUCKET = "my-bucket"
KEY_ID = "my-key-id"
SECRET = "my-secret"

# Reads "LINE LENGTH\n" and so many bytes of code; runs all in one namespace, as a console does.
_PYTHON = """
import sys
source, mark = sys.stdin.buffer, "\\n\\036%d\\036\\n"
space = {"__name__": "__main__"}
while head := source.readline():
    line, length = map(int, head.split())
    code = "\\n" * line + source.read(length).decode()
    status = 0
    try:
        exec(compile(code, sys.argv[1], "exec"), space)
    except BaseException:
        import traceback
        traceback.print_exc()
        status = 1
    sys.stdout.write(mark % status)
    sys.stdout.flush()
"""


class Session:
    """The folder of one page, with the programs that its blocks are given to."""

    def __init__(self, page: str, server: dict[str, str] | None, bucket: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="docs", dir="/tmp"))
        self._page = page
        self._server = server
        self._bucket = bucket
        self._home = Path(tempfile.mkdtemp(prefix="docs-home"))
        self._words = [(FOLDER, str(self.folder))]
        if server is not None:
            _bucket(server, "PUT", bucket)
            real = server["AWS_ENDPOINT_URL_S3"]
            self._words += [
                (ENDPOINT, real),
                (ENDPOINT.removeprefix("http://"), real.removeprefix("http://")),
                (BUCKET, bucket),
                (KEY_ID, server["AWS_ACCESS_KEY_ID"]),
                (SECRET, server["AWS_SECRET_ACCESS_KEY"]),
            ]
        self._shell = _Program(["bash", "--norc", "--noprofile"], self.folder, self._environment())
        self._python: _Program | None = None

    def _environment(self) -> dict[str, str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(seaweed.SETTINGS)
        }
        for name in ("FORCE_COLOR", "PYTHONPATH", "VIRTUAL_ENV", "XDG_CACHE_HOME"):
            clean.pop(name, None)
        return {
            **clean,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self._home),
            "TMPDIR": str(self._home),
            "PWD": str(self.folder),
            "COLUMNS": "100",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def real(self, shown: str) -> str:
        for word, ours in self._words:
            shown = shown.replace(word, ours)
        return shown

    def shown(self, real: str) -> str:
        for word, ours in self._words:
            real = real.replace(ours, word)
        return re.sub(r"/[^\s:]*/lib/python3[.\d]*/site-packages", INSTALLED, real)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.real(text), encoding="utf-8")

    def run_shell(self, command: str) -> tuple[int, str]:
        """Exit status, and output with errors, of one command of the page's shell."""
        file = self._home / "command"
        file.write_text(self.real(command), encoding="utf-8")
        line = f". {file} </dev/null; printf '\\n\\036%d\\036\\n' $?\n"
        status, output = self._shell.run(line.encode())
        return status, self.shown(output)

    def run_python(self, code: str, line: int) -> tuple[int, str]:
        """The same for Python code. It starts with what the shell has exported until then."""
        if self._python is None:
            listing = self._home / "environment"
            self.run_shell(f"env -0 >{listing}; pwd >>{listing}\n")
            *entries, folder = listing.read_text(encoding="utf-8").rstrip("\n").split("\0")
            environment = dict(entry.split("=", 1) for entry in entries)
            command = [sys.executable, "-c", _PYTHON, self._page]
            self._python = _Program(command, Path(folder), environment)
        body = self.real(code).encode()
        status, output = self._python.run(b"%d %d\n" % (line, len(body)) + body)
        return status, self.shown(output)

    def close(self) -> None:
        for program in (self._python, self._shell):
            if program is not None:
                program.close()
        for folder in (self.folder, self._home):
            shutil.rmtree(folder, ignore_errors=True)
        if self._server is not None:
            with contextlib.suppress(OSError):  # one that the tests started may be gone already
                _bucket(self._server, "DELETE", self._bucket)


class _Program:
    """A process that is given one piece after the other and marks the end of each one's output."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, piece: bytes) -> tuple[int, str]:
        assert self._process.stdin is not None
        self._process.stdin.write(piece)
        self._process.stdin.flush()
        output = self._read_to_mark()
        body, status, _ = output.rsplit(_MARK, 2)
        return int(status), body.decode(errors="replace").removesuffix("\n")

    def _read_to_mark(self) -> bytes:
        assert self._process.stdout is not None
        output = b""
        deadline = time.monotonic() + _SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while output.count(_MARK) < 2:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"no end after {_SECONDS:.0f} s; until then:\n{output!r}")
                piece = os.read(self._process.stdout.fileno(), 1 << 16)
                if not piece:
                    return output + b"\n" + _MARK + b"%d" % (self._process.wait() or 1) + _MARK
                output += piece
        return output

    def close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def open_session(page: str, server: dict[str, str] | None) -> Session:
    """`server`: settings, where the page needs one. It gets a bucket of its own there."""
    bucket = f"page-{os.getpid() % 10000:04}"
    assert len(bucket) == len(BUCKET)
    return Session(page, server, bucket)


def _bucket(settings: dict[str, str], method: str, bucket: str) -> None:
    host = urlsplit(settings["AWS_ENDPOINT_URL_S3"]).netloc
    keys = (seaweed.ADMIN_ACCESS_KEY, seaweed.ADMIN_SECRET_KEY)
    status, body = seaweed.signed_request(host, keys, method, f"/{bucket}")
    assert status in (200, 204, 404, 409), (status, body)
