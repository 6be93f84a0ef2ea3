"""Every kind of fault in every operation: right data or a clear error, and nothing lost after it.

`--matrix=all --publish` writes docs/fault-matrix.md."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fault_relay
import pytest
from fault_relay import Remote
from matrix_program import OPERATIONS
from zygote import Zygote

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "fault-matrix.md"
RESULTS = ROOT / "build" / "fault-matrix.json"
PATIENCE = {
    "ARRAYMORPH_TIMEOUT": "1",
    "ARRAYMORPH_RETRIES": "2",
    "ARRAYMORPH_PROBE": "off",  # the server behind the relay is known; faults are for the operation
    "ARRAYMORPH_DEADLINE": "5",
    "ARRAYMORPH_INLINE_BYTES": "0",
    "ARRAYMORPH_CHECKSUMS": "crc32c",
}
DEADLINE = 5.0
# A call may have to wait for one request after the other, each with a deadline of its own.
LONGEST = 3 * DEADLINE + 30
# For the kinds of faults that nothing has to wait for: a slow server is not one.
MUCH_PATIENCE = {"ARRAYMORPH_TIMEOUT": "60", "ARRAYMORPH_DEADLINE": "300"}


@dataclass(frozen=True)
class Kind:
    """A fault: what it is, what its error has to say, whether repeating the request helps."""

    title: str
    fault: str
    cause: str
    transient: bool = False
    rule: dict[str, Any] = field(default_factory=dict)


NO_FILE = "not an HDF5 file"  # HDF5's own words when H5Fdelete finds none
KINDS = {
    kind.fault: kind
    for kind in [
        Kind("500 InternalError", "500", "500|failing", transient=True),
        Kind("502 of a proxy", "502", "502|failing", transient=True),
        Kind("503 SlowDown", "503", "SlowDown|overloaded", transient=True),
        # Answers to HEAD have no body to tell the code.
        Kind("403 AccessDenied", "denied", "AccessDenied|HEAD.*403"),
        Kind("400 ExpiredToken", "expired", "ExpiredToken.*have expired|HEAD.*400"),
        Kind("403 RequestTimeTooSkewed", "skewed", "RequestTimeTooSkewed.*clock|HEAD.*403"),
        Kind("507 InsufficientStorage", "full", "InsufficientStorage|HEAD.*507"),
        Kind("403 QuotaExceeded", "quota", "QuotaExceeded|HEAD.*403"),
        Kind("404 NoSuchKey, metadata", "404", "NoSuchKey|no file|removed|exist|" + NO_FILE),
        Kind("404 NoSuchBucket", "no-bucket", "bucket|" + NO_FILE),
        Kind("412 PreconditionFailed", "412", "Precondition|somebody else|exists"),
        Kind("answer lost", "lose-answer", "no answer|closed|reset", transient=True),
        Kind("connection reset", "reset", "no answer|closed|reset", transient=True),
        Kind("body truncated", "truncate", "no answer|closed|short|truncated", transient=True),
        Kind(
            "body and length short",
            "shorten",
            "short|length|bytes|checksum|corrupt|trailer|well-formed",
        ),
        Kind(
            "bit flipped in an answer",
            "corrupt",
            "checksum|fletcher32|CRC|corrupt|damaged|well-formed",
        ),
        Kind(
            "bit flipped in an upload",
            "corrupt-upload",
            "SHA256|ignature|digest|Digest|checksum",
            transient=True,
        ),
        Kind(
            "server falls silent", "stall", "no answer|not done|not answered|time", transient=True
        ),
        Kind("answer drips", "drip", "not done|not answered|no answer"),
        Kind("connections refused", "refuse", "refuses connections"),
    ]
}
KINDS["404"].rule.update(key="metadata\\.h5$")
LOCAL = {
    "disk full": ("full", "No space left"),
    "directory read-only": ("read-only", "[Rr]ead-only file system"),
}
SOME = ["503", "lose-answer", "corrupt"]


@dataclass
class Case:
    kind: str
    operation: str
    lasting: bool
    fault: str  # as matrix_program.failing() takes it
    cause: str  # what an error has to say
    outcome: str = ""
    trouble: str = ""


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest) -> Iterator[list[Case]]:
    found: list[Case] = []
    yield found
    bad = [case for case in found if case.trouble]
    print(f"\nfault matrix: {len(found)} cases, {len(bad)} in trouble")
    if request.config.getoption("--publish"):
        DOCUMENT.write_text(document(with_others(found)), encoding="utf-8")


def with_others(found: list[Case]) -> list[Case]:
    """Also the kinds that earlier runs have looked at (a run may choose with -k)."""
    with RESULTS.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        rows: dict[str, list[Any]] = json.loads(file.read() or "{}")
        rows |= {
            kind: [vars(case) for case in found if case.kind == kind]
            for kind in {case.kind for case in found}
        }
        file.truncate(0)
        file.write(json.dumps(rows))
    order = [*(kind.title for kind in KINDS.values()), *LOCAL]
    return [Case(**case) for kind in order for case in rows.get(kind, [])]


def document(found: list[Case]) -> str:
    """The table, as Markdown."""
    lines = [
        "# Fault matrix",
        "",
        "Written by `./just test-faults --publish`: a plain h5py program on SeaweedFS behind a",
        "relay that fails by rule (or on a file system that is full or read-only), with",
        "`ARRAYMORPH_RETRIES=2`, `ARRAYMORPH_TIMEOUT=1`, `ARRAYMORPH_DEADLINE=5` and",
        "`ARRAYMORPH_CHECKSUMS=crc32c`. In each cell: what happens when one request meets the",
        "fault / when all do. *right data*: the operation succeeded and is right. *clear error*:",
        "an h5py exception that names object and cause; repeated without the fault, it succeeds.",
        "After each case a fresh process has found everything that was reported as stored, and",
        "nothing half. *no request*: the operation asks nothing of the store that the fault could",
        "hit. A 404 for a chunk is no fault but an answer: the chunk was never written.",
        "",
        f"| fault | {' | '.join(OPERATIONS)} |",
        f"|---|{'---|' * len(OPERATIONS)}",
    ]
    for kind in dict.fromkeys(case.kind for case in found):
        cells = []
        for operation in OPERATIONS:
            here = [case for case in found if (case.kind, case.operation) == (kind, operation)]
            here.sort(key=lambda case: case.lasting)
            outcomes = [
                f"**{case.trouble[:80]}**" if case.trouble else case.outcome for case in here
            ]
            cells.append(" / ".join(dict.fromkeys(outcomes)).replace("\n", " "))
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    bad = [case for case in found if case.trouble]
    lines += ["", f"{len(found)} cases, {len(bad)} of them neither right data nor a clear error."]
    return "\n".join(lines) + "\n"


def run_case(
    zygote: Zygote, case: Case, url: str, through: dict[str, str], past: dict[str, str]
) -> None:
    """Fills in `case`. `through`, `past`: the fault."""
    program = zygote.start("matrix_program:run", case.operation, url, case.fault, **through)
    outcome = program.wait()
    if "the fault has not happened" in outcome.stderr:
        case.outcome = "no request"
        return
    if outcome.hung or outcome.status != 0:
        case.trouble = "hangs" if outcome.hung else f"ends with {outcome.status}"
        print(case, outcome.stderr[-1500:])
        return
    result: dict[str, Any] = outcome.result()
    stored = not result["repeated"]
    check = zygote.run(
        "matrix_program:check",
        case.operation,
        url,
        "stored" if stored else "failed",
        **past,
    )
    wrong = check.result() if check.status == 0 else check.stderr.strip().splitlines()[-1]
    case.outcome = "clear error" if result["error"] else "right data"
    if wrong:
        case.trouble = f"afterwards {wrong}"
    elif not result["right"]:
        case.trouble = "wrong data"
    elif result["seconds"] > LONGEST:
        case.trouble = f"takes {result['seconds']:.0f} s"
    elif result["error"] and not re.search(case.cause, result["error"], re.DOTALL):
        case.trouble = f"the error does not tell the cause: {result['error']}"
    elif result["error"] and not re.search(f"{url.rpartition('/')[2]}|{NO_FILE}", result["error"]):
        case.trouble = f"the error does not name the file: {result['error']}"
    elif result["repeated"]:
        case.trouble = f"cannot be repeated: {result['repeated']}"
    if case.trouble:
        print(case, result)


@dataclass(frozen=True)
class Bucket:
    relay: Remote
    url: str
    past: dict[str, str]  # settings that do not meet the relay

    @property
    def through(self) -> dict[str, str]:
        return {**self.past, "AWS_ENDPOINT_URL_S3": self.relay.endpoint}


@pytest.fixture(scope="module")
def bucket(server: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Bucket]:
    more = {} if request.config.getoption("--matrix") == "all" else MUCH_PATIENCE
    with fault_relay.started(server["AWS_ENDPOINT_URL_S3"]) as relay:
        yield Bucket(relay, f"s3://{server['BUCKET_NAME']}", {**server, **PATIENCE, **more})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function is test_s3:
        chosen = KINDS if metafunc.config.getoption("--matrix") == "all" else SOME
        metafunc.parametrize("kind", [KINDS[each] for each in chosen], ids=list(chosen))


def test_s3(
    kind: Kind,
    bucket: Bucket,
    zygote: Zygote,
    cases: list[Case],
    request: pytest.FixtureRequest,
) -> None:
    everything = request.config.getoption("--matrix") == "all"
    here = []
    for operation in OPERATIONS:
        for lasting in [False, True] if everything else [not kind.transient]:
            rule: dict[str, Any] = {"fault": kind.fault, **kind.rule}
            if not lasting:
                rule["count"] = 1
            fault = f"relay {bucket.relay.control} {json.dumps([rule])}"
            case = Case(kind.title, operation, lasting, fault, kind.cause)
            here.append(case)
            url = f"{bucket.url}/m-{uuid.uuid4().hex}.h5"
            run_case(zygote, case, url, bucket.through, bucket.past)
            if kind.transient and not lasting and case.outcome == "clear error":
                case.trouble = case.trouble or "one failure was not mended by a retry"
    cases += here
    bad = [case for case in here if case.trouble]
    assert not bad


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(directory)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mount refused: {done.stderr.strip()}")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


@pytest.mark.parametrize("kind", LOCAL)
def test_local(kind: str, small_disk: Path, zygote: Zygote, cases: list[Case]) -> None:
    fault, cause = LOCAL[kind]
    here = []
    for operation in OPERATIONS:
        case = Case(kind, operation, True, f"{fault} {small_disk}", cause)
        here.append(case)
        run_case(zygote, case, f"file://{small_disk}/m-{uuid.uuid4().hex}.h5", PATIENCE, PATIENCE)
    cases += here
    assert not [case for case in here if case.trouble]
