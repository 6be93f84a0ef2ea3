"""Install and start S3 servers on this machine, for the tests and for trying things out."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import daemon
from servers import SERVERS, Server, named

SETTINGS = Path(__file__).resolve().parents[2] / "build" / "servers"

EPILOG = """
Each server listens on 127.0.0.1 only, at free ports, keeps its data in a folder of its own below
/tmp (TMPDIR: another place), has one bucket, and is gone with its data at Ctrl-C.
What leads there stands in build/servers/NAME.env while it runs:

  ./just servers garage &                   # installs it at the first time, starts it
  set -a; . build/servers/garage.env; set +a
  arraymorph doctor

  ./just servers                            # all that this machine can have
  ./just servers --list                     # which there are, what they cost, which are here
  ./just servers --install minio            # only install
  ./just servers garage --run arraymorph bench   # one command with the server beside it
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="just servers",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(each.name for each in SERVERS)
    )
    parser.add_argument("--list", action="store_true", help="say which there are")
    parser.add_argument("--install", action="store_true", help="install, start nothing")
    parser.add_argument("--no-install", action="store_true", help="start only what is here")
    parser.add_argument(
        "--run",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="run it with the one server in its environment, then stop; its exit status",
    )
    asked = parser.parse_args()
    try:
        chosen = [named(name) for name in asked.names]
    except KeyError as error:
        parser.error(error.args[0])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, exit_on_signal)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell ignores it
    if asked.list:
        _print_list()
        return 0
    if asked.run is not None and (len(chosen) != 1 or not asked.run):
        parser.error("--run takes one NAME before it and a COMMAND behind it")
    servers = chosen or [each for each in SERVERS if not each.by_name_only]
    ready = [each for each in servers if asked.no_install or _installed(each)]
    if asked.install:
        return 0 if ready == servers else 1
    if asked.run is not None:
        return _run(ready, asked.run)
    return _serve(ready)


def exit_on_signal(number: int, _frame: FrameType | None) -> None:
    """Handles a signal by an end that cleans up."""
    raise SystemExit(128 + number)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print_list() -> None:
    for each in SERVERS:
        absent = each.absent()
        state = f"absent: {absent}" if absent else f"here, {each.version()}"
        print(f"{each.name:<10} {each.title}: {state}\n{'':<10} installing: {each.cost}")


def _installed(server: Server) -> bool:
    """Installs what is missing; says why not."""
    if not server.absent():
        return True
    _say(f"servers: installing {server.title}: {server.cost}")
    try:
        server.install()
    except daemon.DaemonError as error:
        _say(f"servers: {server.title} is absent: {error}")
        return False
    return not server.absent()


def _run(servers: Sequence[Server], command: list[str]) -> int:
    if not servers:
        return 1
    with servers[0].running() as settings:
        environment = {**daemon.outer_environment(), **settings, "SERVER_NAME": servers[0].name}
        child = subprocess.Popen(command, env=environment)
        try:
            return child.wait()
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()


def _serve(servers: Sequence[Server]) -> int:
    with contextlib.ExitStack() as stack:
        started = 0
        for each in servers:
            if absent := each.absent():
                _say(f"servers: {each.title} is absent: {absent}")
                continue
            settings = stack.enter_context(each.running())
            path = _write(each, settings)
            stack.callback(path.unlink, missing_ok=True)
            print(f"# {each.title} {each.version()}: . {path.relative_to(Path.cwd())}")
            print(path.read_text(), flush=True)
            started += 1
        if not started:
            return 1
        _say("servers: ready; Ctrl-C stops them and removes their data")
        try:
            signal.pause()
        except KeyboardInterrupt:
            _say("servers: stopped")
    return 0


def _write(server: Server, settings: dict[str, str]) -> Path:
    """For `. FILE` in a shell."""
    SETTINGS.mkdir(parents=True, exist_ok=True)
    path = SETTINGS / f"{server.name}.env"
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items()))
    return path


if __name__ == "__main__":
    try:
        sys.exit(main())
    except daemon.DaemonError as error:
        sys.exit(f"servers: {error}")
