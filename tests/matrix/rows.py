"""The rows of the matrix: programs with an HDF5 library of their own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    package: str  # h5py, netCDF4, tables: what round_trip.py uses; debian: programs in a folder
    requirements: tuple[str, ...] = ()
    dependencies: bool = True  # pip resolves what the wheel asks for
    served: bool = True  # False: an HDF5 older than 1.14, which works natively and says so


_TESTS = ("pytest", "pytest-mpi")  # what h5py's own tests import
_CHECKER = "h5py==3.16.0"  # reads what the other packages wrote

ROWS = (
    Row("debian-trixie", "debian"),
    *(
        Row(f"h5py-{version}", "h5py", (f"h5py=={version}", *_TESTS))
        for version in ("3.12.1", "3.13.0", "3.14.0", "3.15.1", "3.16.0")
    ),
    # Another distribution of the module h5py: pip would put h5py's own files over it.
    Row("h5py-s3-3.16.0", "h5py", ("h5py-s3==3.16.0", "numpy", *_TESTS), dependencies=False),
    *(
        Row(f"netCDF4-{version}", "netCDF4", (f"netCDF4=={version}", _CHECKER))
        for version in ("1.7.2", "1.7.4", "1.7.5.1.post1")
    ),
    Row("tables-3.9.2", "tables", ("tables==3.9.2", "numpy<2", _CHECKER)),
    *(
        Row(f"tables-{version}", "tables", (f"tables=={version}", _CHECKER))
        for version in ("3.10.2", "3.11.1")
    ),
    Row("netCDF4-1.6.5", "netCDF4", ("netCDF4==1.6.5", "numpy<2", _CHECKER), served=False),
    Row("tables-3.8.0", "tables", ("tables==3.8.0", "numpy<2", _CHECKER), served=False),
)


def select(names: list[str]) -> list[Row]:
    """All rows, or those whose name starts with one of `names`. Raises SystemExit for none."""
    chosen = [row for row in ROWS if not names or row.name.startswith(tuple(names))]
    unknown = [name for name in names if not any(row.name.startswith(name) for row in ROWS)]
    if unknown:
        raise SystemExit(f"no such row: {', '.join(unknown)}; rows: {[row.name for row in ROWS]}")
    return chosen
