"""`arraymorph info`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .. import _core
from .chunk_table import ChunkTable, chunk_table
from .describe import (
    attributes_of,
    filters_of,
    shape_text,
    tuple_text,
    type_text,
    value_json,
    value_text,
)
from .inside import member, opened
from .layouts import LAYOUTS
from .names import file_url, split
from .output import one_line_errors, print_json, say, size_text, time_text

Facts = dict[str, Any]

_BYTES = (
    *("size", "metadata object", "bytes in memory", "bytes stored"),
    *("smallest", "median", "largest", "one in memory"),
)


@one_line_errors
def info(
    url: Annotated[str, typer.Argument(help="a stored file, or FILE::/path")],
    path: Annotated[str | None, typer.Argument(help="a dataset, group or type of it")] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Tell everything about a file, or about one dataset or group of it.

    Of a file: layout, size, entity tag, what it holds, and how HDF5 has laid it out (superblock,
    library versions, user block, file space). Of a dataset: its type, shape, creation properties,
    attributes, and how large its chunks are as stored.

    \b
    arraymorph info s3://bucket/run42.h5
    arraymorph info s3://bucket/run42.h5 /entry/data
    """
    place, inside = split(url, path)
    place = file_url(place)
    with opened(place) as file:
        if path is None and "::" not in url:
            facts = _file(place, file)
        else:
            facts = _object(place, member(file, inside), inside)
    if json:
        facts["attributes"] = {name: value_json(each) for name, each in facts["attributes"].items()}
        print_json({name.replace(" ", "_"): value for name, value in facts.items()})
    else:
        _print(facts)


def _file(url: str, file: Any) -> Facts:
    found = _core.layout(url)
    facts: Facts = {"url": url, "layout": LAYOUTS[found["layout"]], "size": found.get("size")}
    if found["layout"] == "chunks":
        listed = _core.inventory(url, "{}")["objects"]
        facts |= {
            "size": sum(each[1] for each in listed),
            "objects": len(listed),
            "metadata object": found["size"],
        }
    facts |= {"entity tag": found.get("etag"), "modified": found.get("modified") or None}
    facts |= _count(file)
    plist = file.id.get_create_plist()
    low, high = file.libver
    facts |= {
        "superblock version": plist.get_version()[0],
        "library versions": f"{low} to {high}",
        "user block": plist.get_userblock(),
        "driver": file.driver,
        "file space": _file_space(plist),
        "address size": plist.get_sizes()[0],
        "link creation order": _order(plist.get_link_creation_order()),
    }
    facts["attributes"] = dict(attributes_of(file))
    return facts


def _count(file: Any) -> Facts:
    import h5py

    counts = {"groups": 1, "datasets": 0, "committed types": 0, "attributes in all": 0}

    def look(_: str, item: Any) -> None:
        kinds = {h5py.Group: "groups", h5py.Dataset: "datasets"}
        counts[kinds.get(type(item), "committed types")] += 1
        counts["attributes in all"] += len(item.attrs)

    file.visititems(look)
    counts["attributes in all"] += len(file.attrs)
    return dict(counts)


def _file_space(plist: Any) -> str:
    from h5py import h5f

    names = {
        h5f.FSPACE_STRATEGY_FSM_AGGR: "aggregated",
        h5f.FSPACE_STRATEGY_PAGE: "pages",
        h5f.FSPACE_STRATEGY_AGGR: "aggregated, without free-space managers",
        h5f.FSPACE_STRATEGY_NONE: "neither aggregated nor in pages",
    }
    strategy, persist, threshold = plist.get_file_space_strategy()
    text = names.get(strategy, f"strategy {strategy}")
    if strategy == h5f.FSPACE_STRATEGY_PAGE:
        text += f" of {plist.get_file_space_page_size()} bytes"
    return f"{text}, free space {'kept' if persist else 'not kept'}, from {threshold} bytes on"


def _order(flags: int) -> str:
    from h5py import h5p

    words = {h5p.CRT_ORDER_TRACKED: "tracked", h5p.CRT_ORDER_INDEXED: "indexed"}
    found = [word for flag, word in words.items() if flags & flag]
    return " and ".join(found) or "not tracked"


def _object(url: str, item: Any, path: str) -> Facts:
    import h5py

    facts: Facts = {"url": url, "path": path}
    if isinstance(item, h5py.Dataset):
        facts |= _dataset(url, item)
    elif isinstance(item, h5py.Datatype):
        facts |= {"kind": "committed type", "type": type_text(item.id)}
    else:
        plist = item.id.get_create_plist()
        facts |= {
            "kind": "group",
            "members": len(item),
            "link creation order": _order(plist.get_link_creation_order()),
        }
    facts["attributes"] = dict(attributes_of(item))
    return facts


def _dataset(url: str, dataset: Any) -> Facts:
    import h5py

    plist, space = dataset.id.get_create_plist(), dataset.id.get_space()
    layouts = {
        h5py.h5d.COMPACT: "compact",
        h5py.h5d.CONTIGUOUS: "contiguous",
        h5py.h5d.CHUNKED: "chunked",
        h5py.h5d.VIRTUAL: "virtual",
    }
    layout = layouts.get(plist.get_layout(), "unknown")
    size = dataset.id.get_type().get_size()
    facts: Facts = {
        "kind": "dataset",
        "shape": dataset.shape if dataset.shape else shape_text(space),
        "largest shape": None if dataset.maxshape == dataset.shape else dataset.maxshape,
        "type": type_text(dataset.id.get_type()),
        "bytes in memory": (dataset.size or 0) * size,
        "layout": layout,
    }
    if dataset.chunks:
        facts["chunk"] = dataset.chunks
        facts["filters"] = filters_of(plist)
    facts |= _creation(dataset, plist)
    if layout == "virtual":
        facts["sources"] = [
            f"{each.file_name}::{each.dset_name}" for each in dataset.virtual_sources()
        ]
    if dataset.external:
        facts["external files"] = [name for name, _, _ in dataset.external]
    if layout in ("chunked", "contiguous") and dataset.shape and not dataset.external:
        facts |= _chunks(chunk_table(url, dataset))
    else:
        facts["bytes stored"] = dataset.id.get_storage_size()
    return facts


def _creation(dataset: Any, plist: Any) -> Facts:
    from h5py import h5d

    when = {h5d.ALLOC_TIME_EARLY: "at creation", h5d.ALLOC_TIME_LATE: "at the first write"}
    when[h5d.ALLOC_TIME_INCR] = "chunk by chunk"
    times = {
        h5d.FILL_TIME_ALLOC: "on allocation",
        h5d.FILL_TIME_NEVER: "never",
        h5d.FILL_TIME_IFSET: "if one is set",
    }
    values = {
        h5d.FILL_VALUE_UNDEFINED: "undefined",
        h5d.FILL_VALUE_DEFAULT: "the default",
        h5d.FILL_VALUE_USER_DEFINED: "set",
    }
    defined = plist.fill_value_defined()
    fill = values.get(defined, "unknown")
    if defined != h5d.FILL_VALUE_UNDEFINED:
        fill = value_text(dataset.fillvalue) + (f" ({fill})" if fill != "set" else "")
    return {
        "fill value": fill,
        "fill values are written": times.get(plist.get_fill_time()),
        "space is allocated": when.get(plist.get_alloc_time(), "by default"),
        "attribute creation order": _order(plist.get_attr_creation_order()),
        "times are tracked": bool(plist.get_obj_track_times()),
    }


def _chunks(table: ChunkTable) -> Facts:
    what = "pieces" if table.contiguous else "chunks"
    facts: Facts = {what: table.count, "grid": table.grid, f"{what} stored": len(table.sizes)}
    if table.contiguous and table.prefix is not None:
        facts["piece"] = table.chunk
    facts["bytes stored"] = table.stored
    if len(table.sizes):
        import numpy as np

        facts |= {
            "smallest": int(table.sizes.min()),
            "median": int(np.median(table.sizes)),
            "largest": int(table.sizes.max()),
            "one in memory": table.chunk_bytes,
            "compression": round(len(table.sizes) * table.chunk_bytes / max(table.stored, 1), 3),
        }
    if table.masks:
        facts["chunks without some filter"] = table.masks
    if table.prefix is not None:
        facts["objects under"] = table.prefix
    return facts


def _print(facts: Facts) -> None:
    """A fact that is None is left out."""
    attributes = facts.pop("attributes")
    lines: list[tuple[str, str]] = []
    for name, value in facts.items():
        if value is not None:
            lines.append((name, _text(name, value)))
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        say(f"{name:<{width}}  {text}")
    for name, value in attributes.items():
        say(f"@{name} = {value_text(value, 200)}")


def _text(name: str, value: Any) -> str:
    if name == "modified":
        return time_text(value)
    if name in _BYTES:
        return size_text(value) + (f" ({value:,} bytes)" if value >= 1000 else "")
    if isinstance(value, tuple):
        return tuple_text(tuple("unlimited" if each is None else each for each in value))
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
