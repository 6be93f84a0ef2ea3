"""ArrayMorph beside other programs, on one real S3 server, at several distances from it.

Everything runs against SeaweedFS on this machine, one program after the other in turn, each
measurement in a fresh process with cold caches; what was read is compared every time. The limit is
aws-c-s3 alone (raw_loop). Prints tables, writes build/bench/results.json and plots beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

import environments
import peers
import publish
import report
import seaweed
import targets
from case import Case
from questions import QUESTIONS
from results import OURS, Results
from scale import SCALES, Scale
from stage import CaseError, Stage

T = TypeVar("T")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="just bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  just bench --quick                      everything in a few minutes, less of it\n"
        "  just bench --only whole_read rows       two questions at full size\n"
        "  just bench --peers tensorstore --delays 0 20\n"
        "  just bench --publish                    everything; then the README's tables and plots\n"
        "  just bench --only plain_open_read plain_windows listing transfer --publish\n"
        "                                          the page of plain files alone\n"
        "  just bench --again --publish            the same from the last run's results\n",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="smaller arrays, fewer repeats")
    size.add_argument("--smoke", action="store_true", help="tiny: does everything still run?")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=QUESTIONS,
        metavar="QUESTION",
        help=f"of: {', '.join(QUESTIONS)}",
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        choices=list(peers.ALL),
        metavar="PEER",
        help=f"beside the limit and ArrayMorph; of: {', '.join(peers.ALL)}",
    )
    parser.add_argument("--delays", nargs="+", type=float, metavar="MS", help="added latencies")
    parser.add_argument("--repeats", type=int, help="of every measurement (slow ones get fewer)")
    parser.add_argument(
        "--again", action="store_true", help="measure nothing, report the last run once more"
    )
    parser.add_argument(
        "--publish", action="store_true", help="put the results into README.md and docs"
    )
    return parser.parse_args()


class Session:
    """All measurements of one command, with their results in the order they were made."""

    def __init__(self, scale: Scale, chosen: list[str], delays: list[float] | None) -> None:
        self.scale = scale
        self.kept = {*environments.OURS, *chosen}
        self.delays = delays
        self.runs: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self.started = time.monotonic()
        self.stage: Stage | None = None

    def run(self, questions: list[str]) -> None:
        """Ends early, with what there is, on Ctrl-C."""
        with contextlib.ExitStack() as stack, contextlib.suppress(KeyboardInterrupt):
            for name in questions:
                module = importlib.import_module(f"questions.{name}")
                try:
                    self._ask(module, stack)
                except seaweed.SeaweedError as error:
                    self._failed(module.TITLE, error)

    def _ask(self, module: ModuleType, stack: contextlib.ExitStack) -> None:
        cases = self._cases(module)
        if hasattr(module, "OWN_SERVER"):
            for delay in dict.fromkeys(case.delay_ms for case in cases):
                with contextlib.ExitStack() as own:
                    part = [case for case in cases if case.delay_ms == delay]
                    self._measure(new_stage(own, self.scale.touched_bytes), module, part)
            return
        if self.stage is None:
            self.stage = new_stage(stack, self.scale.touched_bytes)
        self._measure(self.stage, module, cases)

    def _cases(self, module: ModuleType) -> list[Case]:
        most = getattr(module, "MOST_DELAY_MS", float("inf"))
        usual = [delay for delay in self.scale.delays_ms if delay <= most]
        made: list[Case] = module.cases(self.scale, tuple(self.delays or usual))
        return [case for case in made if case.peer in self.kept]

    def _measure(self, stage: Stage, module: ModuleType, cases: list[Case]) -> None:
        """The programs of one row of a table take turns, in both orders."""
        for label, delay in dict.fromkeys((case.label, case.delay_ms) for case in cases):
            row = [case for case in cases if (case.label, case.delay_ms) == (label, delay)]
            for case in row:
                self._try(f"storing {case.label} for {case.peer}", partial(stage.prepare, case))
            spent = dict.fromkeys((case.peer for case in row), 0.0)
            fewer = hasattr(module, "SWEEP") or delay > max(targets.NEAR)
            for turn in range(self.scale.sweep_repeats if fewer else self.scale.repeats):
                for case in row if turn % 2 == 0 else reversed(row):
                    if spent[case.peer] < self.scale.cell_seconds:
                        began = time.monotonic()
                        self._once(stage, module.TITLE, case, turn)
                        spent[case.peer] += time.monotonic() - began

    def _once(self, stage: Stage, title: str, case: Case, turn: int) -> None:
        asked = replace(case, options={**case.options, "round": turn})
        name = f"{title}, {case.label}, +{case.delay_ms:g} ms, {report.NAMES[case.peer]}"
        result = self._try(name, partial(stage.measure, asked))
        if result is not None:
            self.say(f"{name}: {result['wall']:.3f} s, CPU {result['cpu']:.3f} s")
            described = {"question": case.question, "label": case.label, "peer": case.peer}
            self.runs.append({**described, "delay_ms": case.delay_ms, "round": turn, **result})

    def _try(self, name: str, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except CaseError as error:
            self._failed(name, error)
            return None

    def _failed(self, name: str, error: Exception) -> None:
        self.failures.append(f"{name}: {error}")
        self.say(f"{name} FAILED: {error}")

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.started:5.0f} s] {text}", file=sys.stderr, flush=True)


def new_stage(stack: contextlib.ExitStack, touched_bytes: int) -> Stage:
    server = stack.enter_context(seaweed.running())
    return Stage(server, environments.PLACE / "data", touched_bytes)


def measure(asked: argparse.Namespace) -> tuple[dict[str, Any], Session]:
    """Install the peers, run what was asked for; what it was measured with, and the session."""
    size = "quick" if asked.quick else "smoke" if asked.smoke else "full"
    scale = SCALES[size]
    if asked.repeats:
        scale = replace(scale, repeats=asked.repeats, sweep_repeats=asked.repeats)
    everybody = [] if asked.smoke else [peer for peer in peers.ALL if peer != OURS]
    chosen = everybody if asked.peers is None else asked.peers
    for name in dict.fromkeys(map(environments.environment_of, chosen)):
        if name is not None:
            environments.install(name)
    session = Session(scale, chosen, asked.delays)
    session.run(asked.only or list(QUESTIONS))
    about = {"size": size, "side": scale.side, "machine": environments.machine()}
    return {**about, "versions": environments.versions(chosen)}, session


def main() -> int:
    asked = arguments()
    place = environments.PLACE / "smoke" if asked.smoke else environments.PLACE
    failures: list[str] = []
    if asked.again:
        stored = publish.read(place)
        about, results = stored["about"], Results(stored["runs"])
    else:
        about, session = measure(asked)
        results, failures = Results(session.runs), session.failures
    verdicts = targets.judge(results)
    print(f"{report.whole(results)}\n\n### Targets\n\n{targets.table(verdicts)}")
    publish.write(place, about, results, verdicts)
    if asked.publish:
        left = publish.publish(about, results)
        failures += [f"not measured, so its page stays as it is: {name}" for name in left]
    for failure in failures:
        print(f"bench: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
