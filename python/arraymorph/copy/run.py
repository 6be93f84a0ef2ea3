"""One copy from its beginning to its end."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import tempfile
import time
from collections.abc import Callable
from typing import Any

from .. import _core
from . import Copied, Progress, ends, transfer
from .convert import convert
from .ends import METADATA_KEY, End
from .export import plan_export
from .import_ import plan_import
from .journal import Journal, locked
from .options import read_encoding
from .plan import Plan
from .verify import verify_copy

_CHUNK_KEY = re.compile(r"(.*)(/c(?:~[A-Za-z0-9-]+)?(?:/[0-9]+)*)")

Sink = Callable[[Progress], None]


def run(
    src: str,
    dst: str,
    *,
    layout: ends.Layout | None,
    rechunk: dict[str, tuple[int, ...]],
    compression: str | None,
    overwrite: bool,
    verify: bool,
    resume: bool,
    progress: Sink | None,
) -> Copied:
    """See `arraymorph.copy`."""
    began = time.monotonic()
    encoding = read_encoding(rechunk, compression)
    source = ends.source(src)
    if not dst.startswith("http") and ends.url_of(dst) == source.url:
        raise ValueError(f"{src} and {dst} are the same file")
    target, there = ends.target(dst, layout, overwrite)
    sink: Sink = progress or (lambda _: None)
    with locked(target.url) as journal, contextlib.ExitStack() as stack:
        given = source
        if encoding:
            beside = target.path.parent if target.path is not None else None
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix=".arraymorph-copy-", dir=beside)
            )
            source, resume = convert(source, target.layout, encoding, folder, sink), False
        copy = _Copy(source, target, there, sink=sink, journal=journal, resume=resume)
        plan = copy.run()
        if verify:
            verify_copy(source, target, plan, given, sink)
    return Copied(
        source=given.url,
        target=target.url,
        source_layout=given.layout,
        target_layout=target.layout,
        bytes=plan.bytes,
        items=plan.items,
        resumed=copy.resumed,
        seconds=time.monotonic() - began,
        verified=verify,
        dangling_references=plan.dangling,
    )


class _Copy:
    def __init__(
        self,
        source: End,
        target: End,
        there: End | None,
        *,
        sink: Sink,
        journal: Journal,
        resume: bool,
    ) -> None:
        self.source = source
        self.target = target
        self.there = there
        self.sink = sink
        self.journal = journal
        self.resume = resume
        self.resumed = 0

    def run(self) -> Plan:
        """The plan that has been carried out."""
        self.sink(Progress("structure", 0, 0, 0, 0))
        identity = self._identity()
        plan = self.journal.load(identity) if self.resume else None
        if plan is None:
            self._give_up_earlier()
            plan = self._make_plan()
            if plan.kind == "assemble":
                begun = _core.begin_upload(self.target.url, plan.size)
                plan.upload, plan.part_size = begun["id"], begun["part_size"]
            self.journal.begin(identity, plan)
        try:
            self._carry_out(plan)
        except FileNotFoundError:
            # An upload that is gone, or a source: neither goes on from here.
            self.journal.end()
            raise
        self.journal.end()
        return plan

    def _identity(self) -> dict[str, Any]:
        return {
            "source": self.source.url,
            "source_layout": self.source.layout,
            "source_etag": self.source.etag,
            "source_size": self.source.size,
            "target": self.target.url,
            "target_layout": self.target.layout,
            "target_etag": self.target.etag,
        }

    def _give_up_earlier(self) -> None:
        """An interrupted copy to the same place that is not gone on with leaves no parts behind."""
        earlier = self.journal.stale_plan()
        if earlier is not None and earlier.kind == "assemble":
            with contextlib.suppress(OSError):
                _core.abort_upload(self.target.url, earlier.size, earlier.part_size, earlier.upload)

    def _make_plan(self) -> Plan:
        if self.target.layout == "plain":
            if self.source.layout == "chunks":
                return plan_export(self.source)
            whole = (0, self.source.size, "", 0, 0)
            return Plan(
                kind="assemble", etag=self.source.etag, segments=[whole], size=self.source.size
            )
        plan = plan_import(self.source) if self.source.layout == "plain" else self._plan_objects()
        # Whatever lies there already must never be taken for chunks of the new file.
        if _core.objects(self.target.url)["objects"]:
            _tag_prefixes(plan, secrets.token_hex(4))
        return plan

    def _plan_objects(self) -> Plan:
        stored = _core.get_metadata(self.source.url)
        known = json.dumps({})
        found = _core.inventory(self.source.url, known)
        if found["missing"]:
            key = found["missing"][0][0]
            raise OSError(f"{self.source.url}/{key}, an object of the file, does not exist")
        catalog = json.loads(stored["catalog"])
        catalog.pop("trash", None)
        return Plan(
            kind="move",
            literal=stored["bytes"],
            moves=[
                (key, None, size, key, size)
                for key, size, _, kind, _, _ in found["objects"]
                if kind == "chunk"
            ],
            catalog=json.dumps(catalog),
        )

    def _carry_out(self, plan: Plan) -> None:
        if plan.kind == "assemble":
            report = self._reporter(plan.bytes, plan.items)
            self.resumed = transfer.assemble(
                self.source.url,
                self.target.url,
                plan,
                report,
                committed=self.source.etag if self.source.layout == "chunks" else "",
                replace=self.there is not None,
            )
            return
        before = dict(_core.objects(self.target.url)["objects"])
        left = [move for move in plan.moves if before.get(move[3]) != move[4]]
        self.resumed = len(plan.moves) - len(left)
        done = plan.bytes - sum(move[2] for move in left)
        report = self._reporter(plan.bytes, plan.items, done, self.resumed)
        transfer.move(self.source.url, self.target.url, left, report, etag=plan.etag)
        if (
            self.source.layout == "chunks"
            and _core.head(self.source.url)["etag"] != self.source.etag
        ):
            raise OSError(
                f"{self.source.url} was changed while it was copied; copy it again when nobody "
                "writes to it"
            )
        _core.put_metadata(self.target.url, plan.literal, plan.catalog, self.target.etag)
        self._remove_replaced(plan, list(before))

    def _remove_replaced(self, plan: Plan, before: list[str]) -> None:
        """What the file that was overwritten had."""
        if self.there is None:
            return
        new = {move[3] for move in plan.moves} | {METADATA_KEY}
        old = [key for key in before if key not in new]
        etag = _core.head(self.target.url)["etag"]
        if old:
            _core.remove(self.target.url, json.dumps(old), etag)

    def _reporter(
        self, total: int, items: int, done: int = 0, done_items: int = 0
    ) -> transfer.Report:
        return lambda moved, count: self.sink(
            Progress("data", done + moved, total, done_items + count, items)
        )


def _tag_prefixes(plan: Plan, tag: str) -> None:
    catalog = json.loads(plan.catalog)
    for entry in catalog["datasets"]:
        entry["prefix"] = f"{entry['prefix']}~{tag}"
    plan.catalog = json.dumps(catalog)
    plan.moves = [(*move[:3], _tagged(move[3], tag), move[4]) for move in plan.moves]


def _tagged(key: str, tag: str) -> str:
    """ "x/c/0/1" becomes "x~tag/c/0/1"."""
    found = _CHUNK_KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"{key} is not the key of a chunk")
    return f"{found[1]}~{tag}{found[2]}"
