"""What connections, event loops and codec threads do to ArrayMorph's speed on this machine.

One setting is changed at a time, every value in a process of its own, in turn, several rounds, on a
real SeaweedFS behind a relay that adds latency. Each run is `arraymorph bench`: chunks of 1 MiB
written and read, raw and with gzip and shuffle, then 4 KiB of every chunk. Prints tables; with
--publish they also go into docs/tuning.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import environments
import seaweed
from stage import VARIABLES, relayed

PAGE = environments.ROOT / "docs" / "tuning.md"
BEGIN, END = "<!-- tuning -->", "<!-- end of tuning -->"
STEPS = ("write, raw", "read, raw", "write, gzip", "read, gzip", "4 KiB of each chunk")
AUTOMATIC = "automatic"

# Variable -> values; the automatic one is measured once, as the row that others compare with.
GRID = {
    "ARRAYMORPH_PRESET": ("local", "production"),
    "ARRAYMORPH_CONNECTIONS": ("4", "8", "16", "32", "128", "256"),
    "ARRAYMORPH_EVENT_LOOPS": ("1", "2", "4", "8", "32", "256"),
    "ARRAYMORPH_CODEC_THREADS": ("1", "2", "4", "16", "64"),
}

Setting = tuple[str, str]  # variable and value
Run = dict[str, float]  # step -> seconds; "CPU" and "start"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="just bench-tuning",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--size", type=int, default=128, help="MiB a step moves (default 128)")
    parser.add_argument("--rounds", type=int, default=3, help="of everything (default 3)")
    parser.add_argument("--delays", type=float, nargs="+", default=[0, 20], metavar="MS")
    parser.add_argument("--only", nargs="+", choices=GRID, metavar="VARIABLE", default=list(GRID))
    parser.add_argument("--publish", action="store_true", help="put the tables into docs/tuning.md")
    return parser.parse_args()


def run(environment: dict[str, str], setting: Setting, size: int) -> Run:
    """One process with one setting."""
    variable, value = setting
    chosen = {} if value == AUTOMATIC else {variable: value}
    words = [sys.executable, "-m", "arraymorph", "bench", "--size", str(size), "--json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, env={**environment, **chosen}, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    steps: list[dict[str, Any]] = json.loads(done.stdout)["steps"]
    seconds = {step["what"]: float(step["seconds"]) for step in steps}
    seconds["CPU"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds


def measure(settings: list[Setting], delay: float, options: argparse.Namespace) -> dict[str, Any]:
    """Setting -> step -> median seconds."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLES)}
    runs: dict[Setting, list[Run]] = defaultdict(list)
    with seaweed.running() as server, relayed(server.port, delay) as (port, _):
        environment = {
            **clean,
            **server.environment(),
            "ARRAYMORPH_PROBE": "off",
            "AWS_ENDPOINT_URL_S3": f"http://{seaweed.HOST}:{port}",
        }
        for number in range(options.rounds):
            for setting in settings if number % 2 == 0 else reversed(settings):
                runs[setting].append(run(environment, setting, options.size))
                print(f"+{delay:g} ms, {'='.join(setting)}: {runs[setting][-1]}", file=sys.stderr)
    return {
        "=".join(setting): {step: median(each[step] for each in found) for step in found[0]}
        for setting, found in runs.items()
    }


def table(variable: str, found: dict[str, Any], size: int) -> str:
    """MiB/s of each step, and the CPU of the whole run beside the automatic one's."""
    automatic = found[f"{variable}={AUTOMATIC}"]
    lines = [
        f"| `{variable}` | {' | '.join(STEPS[:4])} | {STEPS[4]} | CPU |",
        "|---|" + "---|" * (len(STEPS) + 1),
    ]
    for name, steps in found.items():
        rates = [f"{size / steps[step]:.0f} MiB/s" for step in STEPS[:4]]
        rates.append(f"{size / steps[STEPS[4]]:.0f} /s")
        cpu = steps["CPU"] / automatic["CPU"]
        lines.append(f"| {name.partition('=')[2]} | {' | '.join(rates)} | {cpu:.2f} x |")
    return "\n".join(lines)


def report(options: argparse.Namespace) -> str:
    cores = len(os.sched_getaffinity(0))
    parts = [
        f"Measured by `./just bench-tuning` on {date.today()}: {cores} cores "
        f"({platform.machine()}), shared with the server (SeaweedFS), {options.size} chunks of "
        f"1 MiB, medians of {options.rounds}. CPU is that of a whole run with its start, as a "
        "multiple of the automatic one's."
    ]
    for delay in options.delays:
        parts.append(f"### {delay:g} ms more to the server")
        for variable in options.only:
            settings = [(variable, AUTOMATIC), *((variable, value) for value in GRID[variable])]
            parts.append(table(variable, measure(settings, delay, options), options.size))
    return "\n\n".join(parts)


def publish(text: str, page: Path = PAGE) -> None:
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def main() -> None:
    options = arguments()
    text = report(options)
    print(text)
    if options.publish:
        publish(text)


if __name__ == "__main__":
    main()
