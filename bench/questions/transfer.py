"""A plain file into the bucket, chunk by chunk, and back: beside a bare upload and download.

The limit moves as many objects of the same size: it signs and sends them from memory, and writes
what it gets into a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peers
import raw_loop
from case import Case
from layout import GZIP_LEVEL, Layout, square, values
from measure import DifferentError, measured
from scale import Scale

TITLE = "Import and export of a plain file"
MOST_DELAY_MS = 20
OWN_SERVER = True
WAYS = ("import", "export")


def cases(scale: Scale, delays: tuple[float, ...]) -> list[Case]:
    layout = square(scale.transfer_side, gzip=True)
    return [
        Case("transfer", way, peer, delay, layout)
        for delay in delays
        for way in WAYS
        for peer in (peers.LIMIT, "arraymorph")
    ]


def run(case: Case, data: Path) -> dict[str, Any]:
    layout = case.layout
    assert layout is not None
    source = plain_file(data, layout)
    name = f"{layout.name}-{case.label}-{case.options['round']}"
    back = data / f"{name}.back"
    try:
        if case.peer == peers.LIMIT:
            return _limit(case.label, layout, source, name, back)
        return _ours(case.label, source, name, back)
    finally:
        back.unlink(missing_ok=True)


def _limit(way: str, layout: Layout, source: Path, name: str, back: Path) -> dict[str, Any]:
    count = layout.chunk_count
    size = source.stat().st_size // count // 8 * 8
    made = raw_loop.put(count, size, f"raw/{name}")
    if way == "export":
        made = raw_loop.get(count, size, f"raw/{name}", back)
    return {**made, "bytes": count * size}


def _ours(way: str, source: Path, name: str, back: Path) -> dict[str, Any]:
    import arraymorph
    from peers.arraymorph_peer import place

    url, size = place(name), source.stat().st_size
    # The process has its client by then, as the limit has.
    arraymorph.copy(_small(source.parent), place(f"{name}-first"))
    if way == "import":
        _, result = measured(lambda: arraymorph.copy(source, url))
        return {**result, "bytes": size}
    arraymorph.copy(source, url)
    done, result = measured(lambda: arraymorph.copy(url, back))
    import h5py

    with (
        h5py.File(source, driver="stdio") as one,
        h5py.File(back, driver="stdio") as two,
    ):
        for start in (
            (0, 0),
            tuple(n - c for n, c in zip(one["x"].shape, one["x"].chunks, strict=True)),
        ):
            if one["x"].id.read_direct_chunk(start) != two["x"].id.read_direct_chunk(start):
                raise DifferentError("the exported file is not the imported one")
    return {**result, "bytes": done.bytes}


def plain_file(data: Path, layout: Layout) -> Path:
    """Made by native HDF5 on first use."""
    import h5py

    path = data / f"{layout.name}.h5"
    if not path.exists():
        draft = path.with_suffix(".unfinished")
        array = values(data, layout.shape)
        with h5py.File(draft, "w", driver="stdio") as f:  # other names lead into the bucket
            x = f.create_dataset(
                "x",
                layout.shape,
                "f4",
                chunks=layout.chunks,
                shuffle=True,
                compression="gzip",
                compression_opts=GZIP_LEVEL,
            )
            for start in range(0, layout.shape[0], layout.chunks[0]):
                part = slice(start, start + layout.chunks[0])
                x[part] = array[part]
        draft.rename(path)
    return path


def _small(data: Path) -> Path:
    import h5py

    path = data / "small.h5"
    if not path.exists():
        with h5py.File(path, "w", driver="core") as f:  # other names lead into the bucket
            f["x"] = 1
    return path
