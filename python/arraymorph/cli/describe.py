"""Datasets, types, filters and attributes in words, as tree, ls, info and map show them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Filters by their registered numbers: https://support.hdfgroup.org/services/contributions.html
_FILTERS = {
    1: "gzip",
    2: "shuffle",
    3: "fletcher32",
    4: "szip",
    5: "nbit",
    6: "scale-offset",
    32000: "lzf",
    32001: "blosc",
    32004: "lz4",
    32008: "bitshuffle",
    32013: "zfp",
    32015: "zstd",
    32026: "blosc2",
}
_WITH_LEVEL = ("gzip", "zstd")
_MOST_FIELDS = 4
_LONG = 60  # characters of a value


def filters_of(plist: Any) -> list[str]:
    """Of a creation property list, in the order in which they are applied to written data."""
    found = []
    for number in range(plist.get_nfilters()):
        code, _, values, name = plist.get_filter(number)
        text = _FILTERS.get(code) or name.decode(errors="replace") or f"filter {code}"
        found.append(f"{text}({values[0]})" if text in _WITH_LEVEL and values else text)
    return found


def type_text(kind: Any) -> str:
    """A low-level type (h5py.h5t.TypeID) in the words of NumPy where it has any."""
    from h5py import h5t

    if isinstance(kind, h5t.TypeStringID):
        length = "variable" if kind.is_variable_str() else f"{kind.get_size()} bytes"
        coding = "utf-8" if kind.get_cset() == h5t.CSET_UTF8 else "ascii"
        return f"string ({length}, {coding})"
    if isinstance(kind, h5t.TypeCompoundID):
        return _compound_text(kind)
    if isinstance(kind, h5t.TypeEnumID):
        if kind.dtype == bool:
            return "bool"
        return f"enum of {type_text(kind.get_super())}"
    if isinstance(kind, h5t.TypeVlenID):
        return f"variable-length {type_text(kind.get_super())}"
    if isinstance(kind, h5t.TypeArrayID):
        return f"{kind.get_array_dims()} of {type_text(kind.get_super())}"
    if isinstance(kind, h5t.TypeOpaqueID):
        return f"opaque ({kind.get_size()} bytes)"
    if isinstance(kind, h5t.TypeReferenceID):
        region = kind.equal(h5t.STD_REF_DSETREG)
        return "region reference" if region else "object reference"
    try:
        dtype = kind.dtype
    except (TypeError, ValueError, NotImplementedError):
        return f"type of {kind.get_size()} bytes"
    order = " big-endian" if dtype.byteorder == ">" else ""
    return str(dtype.name) + order


def _compound_text(kind: Any) -> str:
    count = kind.get_nmembers()
    fields = [
        f"{kind.get_member_name(i).decode(errors='replace')}: {type_text(kind.get_member_type(i))}"
        for i in range(min(count, _MOST_FIELDS))
    ]
    more = f", and {count - _MOST_FIELDS} more" if count > _MOST_FIELDS else ""
    return "{" + ", ".join(fields) + more + "}"


def shape_text(space: Any) -> str:
    """A dataspace: "(3, 4)", "scalar", "null"."""
    from h5py import h5s

    kind = space.get_simple_extent_type()
    if kind == h5s.SCALAR:
        return "scalar"
    if kind == h5s.NULL:
        return "null"
    return tuple_text(space.get_simple_extent_dims())


def tuple_text(numbers: tuple[Any, ...]) -> str:
    """As Python writes a tuple of numbers, words among them without quotes."""
    return "(" + ", ".join(map(str, numbers)) + ("," if len(numbers) == 1 else "") + ")"


def attributes_of(item: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of an h5py object's attributes; a value that cannot be read is its error."""
    for name in item.attrs:
        try:
            yield name, item.attrs[name]
        except (OSError, RuntimeError, TypeError, ValueError, KeyError) as error:
            yield name, error


def value_text(value: Any, most: int = _LONG) -> str:
    """An attribute's value in one line of at most `most` characters."""
    import h5py
    import numpy as np

    if isinstance(value, BaseException):
        return f"<cannot be read: {value}>"
    if isinstance(value, h5py.Empty):
        return "null"
    if isinstance(value, bytes | np.bytes_):
        value = value.decode(errors="replace")
    if isinstance(value, np.ndarray):
        text = np.array2string(value, threshold=8, max_line_width=10**6, separator=", ")
    else:
        text = repr(str(value)) if isinstance(value, str) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3] + "..."


def value_json(value: Any) -> Any:
    """An attribute's value for JSON; what JSON has no form for is its text."""
    import h5py
    import numpy as np

    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes | np.bytes_):
        return value.decode(errors="replace")
    if isinstance(value, np.generic) and not isinstance(value, np.void):
        return value_json(value.item())
    if isinstance(value, np.ndarray) and value.dtype.fields is None:
        return [value_json(each) for each in value]
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return str(value)
