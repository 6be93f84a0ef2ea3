"""`arraymorph cat`."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from .inside import member, opened
from .names import file_url, split
from .output import escaped, one_line_errors, progress
from .slices import Index, blocks, read_slice, result_shape

_BLOCK = 32 << 20  # bytes read at a time
_SHOWN = 1000  # elements; more are shown in part
_EDGE = 3  # elements shown at each end of a long axis


@one_line_errors
def cat(
    url: Annotated[str, typer.Argument(help="a stored file, or FILE::/path")],
    path: Annotated[str | None, typer.Argument(help="a dataset of it")] = None,
    *,
    part: Annotated[
        str, typer.Option("--slice", "-s", help='which part: "0:10, :, 3", "-1", "..., ::2"')
    ] = "",
    full: Annotated[
        bool, typer.Option("--full", help=f"print all, also of more than {_SHOWN} elements")
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="a line for each row, all elements; one or two axes")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--npy", "-o", help="write a NumPy file instead")
    ] = None,
) -> None:
    """Print the values of a dataset, or of a part of it.

    More than 1000 elements are shown as NumPy shows them, the ends of each axis, and only those
    are read. Everything else is read in blocks of 32 MB: a part may be larger than the memory.

    \b
    arraymorph cat s3://bucket/run42.h5 /entry/title
    arraymorph cat s3://bucket/run42.h5 /entry/data --slice "0:10, :, 3"
    arraymorph cat s3://bucket/run42.h5 /entry/table --csv > table.csv
    arraymorph cat s3://bucket/run42.h5 /entry/data -s 0 -o first.npy
    """
    if csv and output is not None:
        raise typer.BadParameter("--csv and --npy exclude each other")
    place, inside = split(url, path)
    with opened(file_url(place)) as file:
        dataset = member(file, inside)
        index = _index(dataset, part)
        if output is not None:
            _write_npy(dataset, index, output)
        elif index is None:
            _write(f"{_plain(dataset[()])}\n")
        elif csv:
            _print_csv(dataset, index)
        elif full and math.prod(result_shape(index)) > _SHOWN:
            _print_all(dataset, index)
        else:
            _print_ends(dataset, index)


def _index(dataset: Any, part: str) -> Index | None:
    """None: a single value, or none at all."""
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(
            f"{dataset.name} is no dataset; `arraymorph ls` and `tree` show what is there"
        )
    if dataset.shape is None or dataset.shape == ():
        if part:
            raise typer.BadParameter(f"{dataset.name} has no axes that could be sliced")
        return None
    return read_slice(part, dataset.shape)


def _plain(value: Any) -> Any:
    """Text instead of bytes, whatever HDF5 calls it."""
    import h5py
    import numpy as np

    if isinstance(value, h5py.Empty):
        return "null"
    if isinstance(value, bytes | np.bytes_):
        return value.decode(errors="replace")
    if isinstance(value, np.ndarray) and value.dtype.kind == "S":
        return np.char.decode(value, "utf-8", "replace")
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        flat = [_plain(each) for each in value.reshape(-1)]
        text = np.empty(len(flat), dtype=object)
        text[:] = flat
        return text.reshape(value.shape)
    return value


def _write(text: str) -> None:
    """As it is, for programs that read on; a terminal gets its lines and nothing that it obeys."""
    sys.stdout.write(escaped(text, keep="\n\t") if sys.stdout.isatty() else text)


class _Output:
    """The same as a file."""

    write = staticmethod(_write)


def _read(dataset: Any, index: Index) -> Any:
    import numpy as np

    return _plain(np.asarray(dataset[index]))


def _blocks(dataset: Any, index: Index) -> list[Index]:
    return list(blocks(index, dataset.chunks, dataset.dtype.itemsize, _BLOCK))


def _print_ends(dataset: Any, index: Index) -> None:
    """What NumPy would print of everything, from the ends of each axis."""

    small = math.prod(result_shape(index)) <= _SHOWN
    value = _read(dataset, index) if small else _ends(dataset, index)
    print(_text(value, threshold=sys.maxsize if small else 0))
    if not small:
        shape = " x ".join(map(str, result_shape(index)))
        print(f"note: the ends of {shape} elements; --full prints all", file=sys.stderr)


def _ends(dataset: Any, index: Index) -> Any:
    """The selection with the middle of each long axis taken out: seven elements stand for all."""
    import numpy as np

    axes = [number for number, each in enumerate(index) if isinstance(each, slice)]
    pieces: list[tuple[Index, tuple[slice, ...]]] = [(index, ())]
    for number in axes:
        part = index[number]
        assert isinstance(part, slice)
        places = range(part.start, part.stop, part.step)
        cuts = [(0, len(places))]
        if len(places) > 2 * _EDGE + 1:
            cuts = [(0, _EDGE + 1), (len(places) - _EDGE, len(places))]
        taken = []
        for piece, into in pieces:
            at = 0
            for low, high in cuts:
                cut = slice(places[low], places[high - 1] + 1, part.step)
                to = slice(at, at + high - low)
                taken.append(((*piece[:number], cut, *piece[number + 1 :]), (*into, to)))
                at += high - low
        pieces = taken
    shape = tuple(min(size, 2 * _EDGE + 1) for size in result_shape(index))
    result = np.empty(shape, dtype=_read(dataset, pieces[0][0]).dtype)
    for piece, into in pieces:
        value = _read(dataset, piece)
        if value.dtype.kind == "U" and value.dtype.itemsize > result.dtype.itemsize:
            result = result.astype(value.dtype)
        result[into] = value
    return result


def _text(value: Any, threshold: int) -> str:
    import numpy as np

    return np.array2string(
        value,
        threshold=threshold,
        edgeitems=_EDGE,
        max_line_width=_width(),
        formatter=_formatter(value),
    )


def _formatter(value: Any) -> Any:
    """Strings in quotes, as in a list."""
    return {"object": repr} if value.dtype.kind == "O" else None


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _print_all(dataset: Any, index: Index) -> None:
    """Block by block: each as NumPy prints it, without the brackets around the whole."""

    parts = _blocks(dataset, index)
    with progress("blocks", len(parts)) as advance:
        for each in parts:
            print(_text(_read(dataset, each), threshold=sys.maxsize))
            advance(1)


def _print_csv(dataset: Any, index: Index) -> None:
    import csv

    import numpy as np

    rank = len(result_shape(index))
    if rank > 2:
        raise typer.BadParameter(
            f"{rank} axes do not fit in lines of columns: take one or two with --slice"
        )
    writer = csv.writer(_Output(), lineterminator="\n")
    names = dataset.dtype.names
    if names:
        if rank > 1:
            raise typer.BadParameter("of a table with two axes take one row with --slice")
        writer.writerow(names)
    parts = _blocks(dataset, index)
    columns = result_shape(index)[1] if rank == 2 else 1
    line: list[Any] = []
    with progress("blocks", len(parts)) as advance:
        for each in parts:
            value = np.atleast_1d(_read(dataset, each))
            if names:
                writer.writerows([_plain(cell) for cell in row] for row in value.tolist())
            else:
                # A row may be longer than a block.
                line += value.reshape(-1).tolist()
                whole = len(line) // columns * columns
                rows = [line[at : at + columns] for at in range(0, whole, columns)]
                writer.writerows(rows)
                del line[:whole]
            advance(1)


def _write_npy(dataset: Any, index: Index | None, path: Path) -> None:
    """Under another name until it is complete."""
    import numpy as np

    target = path if path.suffix == ".npy" else path.with_name(path.name + ".npy")
    draft = target.with_name(f".{target.name}.part")
    try:
        with draft.open("wb") as file:
            if index is None or dataset.dtype.kind == "O":
                value = dataset[()] if index is None else _read(dataset, index)
                np.save(file, _fixed(np.asarray(_plain(value)), dataset.name), allow_pickle=False)
            else:
                _write_blocks(dataset, index, file)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _fixed(value: Any, name: str) -> Any:
    """Text of variable length as that of the longest: a NumPy file holds nothing else."""
    if value.dtype.kind != "O":
        return value
    if all(isinstance(each, str) for each in value.reshape(-1)):
        return value.astype("U")
    raise ValueError(f"{name} has values of varying length, which a .npy file cannot hold")


def _write_blocks(dataset: Any, index: Index, file: IO[bytes]) -> None:
    import warnings

    import numpy as np
    from numpy.lib import format as npy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what h5py notes of text types goes unsaid
        described = npy.dtype_to_descr(dataset.dtype)
    header = {"descr": described, "fortran_order": False, "shape": result_shape(index)}
    npy.write_array_header_2_0(file, header)
    parts = _blocks(dataset, index)
    with progress("blocks", len(parts)) as advance:
        for each in parts:
            np.ascontiguousarray(dataset[each]).tofile(file)
            advance(1)
