"""The same tests on every S3 server that this machine has, and the table of what they can do."""

from __future__ import annotations

import argparse
import datetime
import json
import signal
import sys
from dataclasses import asdict
from typing import Any

import daemon
import page
import serve
import servers
import steps

REPORT = steps.REPORTS / "servers.json"
EPILOG = """
Steps: cells (what the server does with each kind of request, tests/servers), conformance (the
store's contract, C++), python (tests/python on S3), h5py (its own suite), speed (arraymorph bench).

  ./just servers --install        # first: the servers that this machine can have
  ./just test-servers             # all of them that are here, all steps; ten minutes each
  ./just test-servers garage --only cells
  ./just test-servers --large --publish
  ./just test-servers --again --publish       # only the table, from the last results
"""


def main() -> int:
    asked = _arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, serve.exit_on_signal)
    steps.REPORTS.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    good = True
    if not asked.again:
        names = asked.names or [each.name for each in servers.SERVERS]
        extra = ["--large"] if asked.large else []
        for name in names:
            server = servers.named(name)
            if absent := server.absent():
                print(f"{server.title}: absent: {absent}", flush=True)
                report.setdefault(name, _about(server))["absent"] = absent
                good = good and not asked.names
            else:
                good = _run(server, asked.only or list(steps.STEPS), extra, report) and good
            REPORT.write_text(json.dumps(report, indent=1))
    print("\n" + page.summary(report))
    if asked.publish:
        page.publish(report)
    return 0 if good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="just test-servers",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [each.name for each in servers.SERVERS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--only", nargs="+", choices=steps.STEPS, help="some steps; others stay")
    parser.add_argument("--large", action="store_true", help="also an object of 5.1 GiB")
    parser.add_argument("--publish", action="store_true", help="write README.md, docs/servers.md")
    parser.add_argument("--again", action="store_true", help="run nothing, take the last results")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(names):
        parser.error(f"no server {', '.join(sorted(unknown))}")
    return asked


def _about(server: servers.Server) -> dict[str, Any]:
    return {"title": server.title, "imitation": server.imitation, "steps": {}}


def _run(server: servers.Server, only: list[str], extra: list[str], report: dict[str, Any]) -> bool:
    """One server for all steps. What an imitation cannot do is no failure of ours."""
    version = server.version()
    if report.get(server.name, {}).get("version") != version:
        report[server.name] = {**_about(server), "version": version}
    entry = report[server.name]
    entry.pop("absent", None)
    entry["date"] = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    good = True
    for step in only:
        if server.imitation and step != "cells":
            continue
        try:
            with server.running() as settings:
                outcome = steps.run(step, server.name, settings, extra)
        except daemon.DaemonError as error:
            outcome = steps.Outcome(problems=[str(error)])
        entry["steps"][step] = _kept(asdict(outcome), entry["steps"].get(step))
        good = good and not outcome.problems
    return good


def _kept(new: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
    """Cells that were not tried this time keep what an earlier run of the same server found."""
    before = {each["title"]: each for each in (old or {}).get("figures", {}).get("cells", [])}
    for each in new["figures"].get("cells", []):
        if each["note"] == "takes --large" and each["title"] in before:
            each.update(before[each["title"]])
    return new


if __name__ == "__main__":
    sys.exit(main())
