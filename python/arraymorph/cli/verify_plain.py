"""`arraymorph verify` of a plain HDF5 file: every stored value is read and decoded."""

from __future__ import annotations

from .output import progress
from .stored import Stored, open_file
from .verify_report import Problem, Report
from .verify_sources import check_sources
from .verify_values import check_attributes, check_pieces, pieces


def check_plain(url: str, quick: bool) -> Report:
    """What HDF5 can open and read of the file at `url`. `quick`: only that it opens."""
    found = Stored(url, "plain")
    report = Report(url, layout="plain", content_read=not quick)
    try:
        open_file(found)
        report.problems = [Problem(what) for what in found.broken]
        report.datasets = len(found.datasets)
        parts = [] if quick else list(pieces(list(found.datasets.values()), report))
        report.chunks = sum(len(indices) for dataset, _, indices in parts if dataset.shape)
        for address, (path, handle) in found.virtual.items():
            if address not in found.datasets and not quick:
                report.problems += check_sources(path, handle)
        with progress("chunks", report.chunks) as advance:
            for each in parts:
                check_pieces(report, each, advance)
        if not quick:
            check_attributes(report, found)
    finally:
        found.close()
    return report
