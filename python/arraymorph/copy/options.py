"""How data is to be encoded anew: --rechunk and --compression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_ALL, _SHUFFLE, _FLETCHER32, _NBIT, _SCALE_OFFSET = 0, 2, 3, 5, 6
_KEPT = {_SHUFFLE, _FLETCHER32, _NBIT, _SCALE_OFFSET}  # these change values, not only bytes
# Name: filter, level if none is given, least and most level; (0, 0): it has none.
_COMPRESSIONS = {
    "gzip": (1, 4, 0, 9),
    "lzf": (32000, 0, 0, 0),
    "zstd": (32015, 3, 1, 22),
    "none": (0, 0, 0, 0),
}


@dataclass
class Encoding:
    """False where nothing is to change."""

    rechunk: dict[str, tuple[int, ...]] = field(default_factory=dict)
    compression: str = ""
    level: int = 0

    def __bool__(self) -> bool:
        return bool(self.rechunk or self.compression)

    def change(self, path: str, dataset: Any, dcpl: Any) -> Any:
        """The creation property list of the dataset's copy: the given one where all stays."""
        import h5py

        chunked = dcpl.get_layout() == h5py.h5d.CHUNKED
        shape = self.rechunk.get(path)
        if shape is None and not (chunked and self.compression):
            return dcpl
        changed = dcpl.copy()
        if shape is not None:
            rank = dataset.get_space().get_simple_extent_ndims()
            if len(shape) != rank:
                raise ValueError(f"{path} has {rank} axes, its new chunks {len(shape)}: {shape}")
            changed.set_layout(h5py.h5d.CHUNKED)
            changed.set_chunk(shape)
        if self.compression:
            _compress(changed, self.compression, self.level)
        return changed

    def applies_to(self, path: str, dcpl: Any) -> bool:
        """The dataset's chunks cannot go over as they are stored."""
        import h5py

        chunked = dcpl.get_layout() == h5py.h5d.CHUNKED
        return path in self.rechunk or (chunked and bool(self.compression))


def read_encoding(rechunk: dict[str, tuple[int, ...]], compression: str | None) -> Encoding:
    """ValueError says what is allowed."""
    for path, shape in rechunk.items():
        if not path.startswith("/") or not shape or min(shape) < 1:
            raise ValueError(f"rechunk {path}={shape}: write an absolute path and sizes from 1 on")
    encoding = Encoding(dict(rechunk))
    if compression:
        name, _, level = compression.partition(":")
        known = _COMPRESSIONS.get(name)
        if known is None or (
            level and not (level.isdigit() and known[2] <= int(level) <= known[3])
        ):
            raise ValueError(
                f"compression {compression!r} is not known: write gzip, gzip:0 to gzip:9, zstd, "
                "zstd:1 to zstd:22, lzf, or none"
            )
        encoding.compression, encoding.level = name, int(level) if level else known[1]
    return encoding


def _compress(dcpl: Any, name: str, level: int) -> None:
    """Before a checksum, if there is one; "none" takes shuffle away too, of no use then."""
    import h5py

    before = [dcpl.get_filter(i) for i in range(dcpl.get_nfilters())]
    dcpl.remove_filter(_ALL)  # HDF5 frees what it does not own when it removes one of several
    for code, flags, values, _ in before:
        if code in _KEPT and code != _FLETCHER32 and not (code == _SHUFFLE and name == "none"):
            # HDF5 finds out the parameters of the others for each dataset.
            dcpl.set_filter(code, flags, values if code == _SCALE_OFFSET else ())
    code = _COMPRESSIONS[name][0]
    if code:
        _load_filters(code, name)
        dcpl.set_filter(code, h5py.h5z.FLAG_OPTIONAL if code == 1 else 0, (level,) if level else ())
    if any(each[0] == _FLETCHER32 for each in before):
        dcpl.set_fletcher32()


def _load_filters(code: int, name: str) -> None:
    """Filters that HDF5 does not have come with hdf5plugin."""
    import h5py

    if h5py.h5z.filter_avail(code):
        return
    try:
        import hdf5plugin  # noqa: F401
    except ImportError as error:
        raise ValueError(
            f"this HDF5 has no {name} filter: pip install hdf5plugin, or use gzip"
        ) from error
