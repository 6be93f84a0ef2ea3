"""Where real HDF5 files come from: packages of PyPI that carry some."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A wheel, or a source distribution, whose files that begin as HDF5 files do are taken."""

    package: str
    requirement: str
    what: str
    wheel: bool = True


SOURCES = [
    Source("scanpy", "scanpy==1.11.5", "single-cell data, .h5ad of AnnData"),
    Source("tables", "tables==3.11.1", "PyTables' own tests: old files, of many writers"),
    Source("h5py", "h5py==3.16.0", "h5py's own tests"),
    Source("MDAnalysisTests", "MDAnalysisTests==2.11.0", "molecular dynamics, .h5md", wheel=False),
]
