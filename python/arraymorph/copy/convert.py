"""Encoding a file anew: by HDF5, in slabs, into a file of the same structure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import Progress, ends
from .import_ import create_file
from .options import Encoding
from .recreate import Recreated, Recreation, is_plain


def convert(
    source: ends.End,
    layout: ends.Layout,
    encoding: Encoding,
    folder: str,
    sink: Callable[[Progress], None],
) -> ends.End:
    """The new file, in `folder`, in this layout."""
    path = Path(folder).resolve() / "file.h5"
    url = f"file://{path}"
    with ends.opened(source) as file:
        name = url if layout == "chunks" else str(path)
        target = create_file(name, file, ours=layout == "chunks")
        try:
            _Conversion(file, target, encoding, sink).run()
        finally:
            target.close()
    found = ends.find(url, url, layout)
    assert found is not None
    return found


class _Conversion:
    def __init__(
        self, file: Any, target: Any, encoding: Encoding, sink: Callable[[Progress], None]
    ) -> None:
        self.encoding = encoding
        self.sink = sink
        self.total = int(file.get_filesize())
        self.done = self.items = 0
        self.paths: set[str] = set()
        self.recreation = Recreation(file, target, self._fill, self._change)

    def run(self) -> None:
        self.recreation.run()
        unknown = set(self.encoding.rechunk) - self.paths
        if unknown:
            raise ValueError(f"there is no dataset {sorted(unknown)[0]} to give new chunks")

    def _change(self, path: str, dataset: Any, dcpl: Any) -> Any:
        self.paths.add(path)
        return self.encoding.change(path, dataset, dcpl)

    def _fill(self, dataset: Recreated) -> None:
        h5d, h5t = self.recreation.h5.h5py.h5d, self.recreation.h5.h5py.h5t
        plist = dataset.source.get_create_plist()
        chunked = plist.get_layout() == h5d.CHUNKED
        changes = self.encoding.applies_to(dataset.path, plist)
        if chunked and not changes and is_plain(h5t, dataset.source.get_type()):
            self.items += self.recreation.copy_chunks(dataset)
        else:
            self.recreation.copy_values(dataset)
        self.done = min(self.done + dataset.source.get_storage_size(), self.total)
        self.sink(Progress("convert", self.done, self.total, 0, 0))
