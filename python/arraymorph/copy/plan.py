"""What has to be moved, as data: made once, kept in the journal, carried out by the C++ mover."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any, Literal

Move = tuple[str, int | None, int, str, int]  # see arraymorph_move in include/arraymorph/api.h
Segment = tuple[int, int, str | None, int, int]  # see arraymorph_assemble


@dataclass
class Plan:
    """`literal`: the bytes of the metadata object's HDF5 file, or those of an assembled file that
    are no chunks."""

    kind: Literal["move", "assemble"]
    literal: bytes = b""
    etag: str = ""  # that every answer of the source must have
    moves: list[Move] = field(default_factory=list)
    catalog: str = ""  # of a metadata object; "": none is put, as the moves are everything
    segments: list[Segment] = field(default_factory=list)
    size: int = 0  # of the assembled file
    part_size: int = 0
    upload: str = ""
    dangling: int = 0

    @property
    def bytes(self) -> int:
        """What will lie at the destination."""
        if self.kind == "assemble":
            return self.size
        return sum(move[2] for move in self.moves)

    @property
    def items(self) -> int:
        """Objects, or parts of the one."""
        if self.kind == "move":
            return len(self.moves)
        return max(1, -(-self.size // self.part_size)) if self.part_size else 1

    def save(self, folder: Path) -> None:
        """In two files."""
        fields: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields_of(self)}
        (folder / "literal").write_bytes(fields.pop("literal"))
        (folder / "plan.json").write_text(json.dumps(fields), encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Plan:
        """OSError, ValueError, KeyError or TypeError where there is none."""
        fields = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        fields["moves"] = [tuple(each) for each in fields["moves"]]
        fields["segments"] = [tuple(each) for each in fields["segments"]]
        return Plan(literal=(folder / "literal").read_bytes(), **fields)
