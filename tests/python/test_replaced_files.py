"""Files that another process replaces while they are open here: never zeros for their data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Command, Requests, Runner, Store
from test_multi import multi

N, CHUNK = 1000, 10
DATA = np.arange(1.0, N + 1)
FAILURE = (OSError, RuntimeError)  # h5py: by the call that failed
REPLACED = "was replaced since it was opened here"

pytestmark = pytest.mark.usefixtures("small_objects", "asked_for_only")


def make(url: str) -> None:
    """`full` has all chunks, `sparse` the first and the last."""
    with arraymorph.File(url, "w") as f:
        f.create_dataset("full", data=DATA, chunks=(CHUNK,), maxshape=(None,))
        f.create_dataset("packed", data=DATA, chunks=(CHUNK,), compression="gzip")
        sparse = f.create_dataset("sparse", (N,), "f8", chunks=(CHUNK,), fillvalue=-1)
        sparse[:CHUNK] = 1
        sparse[-CHUNK:] = 1


OTHER = """
import sys, os, arraymorph, numpy as np
base = sys.argv[1] if len(sys.argv) > 1 else {base!r}
def again(name):
    with arraymorph.File(base + "/" + name, "w") as f:
        for each in ("full", "packed", "sparse"):
            f.create_dataset(each, data=np.full({n}, 7.0), chunks=({chunk},))
def change(name, how):
    with arraymorph.File(base + "/" + name, "r+") as f:
        how(f)
def remake(f):
    for each in ("full", "packed", "sparse"):
        del f[each]
        f.create_dataset(each, data=np.full({n}, 7.0), chunks=({chunk},))
def unrelated(f):
    f.create_dataset("other", data=np.ones(100), chunks=(10,))
    f.attrs["more"] = 1
"""


@pytest.fixture
def other(store: Store, python: Runner) -> Callable[[str], None]:
    """Run code of another process."""
    prelude = OTHER.format(base=store.base, n=N, chunk=CHUNK)

    def run(code: str) -> None:
        python(prelude + code)

    return run


def readers(f: h5py.File, name: str, target: h5py.File) -> list[tuple[str, Callable[[], Any]]]:
    """Every way to ask for chunks of a dataset that have not been read yet."""
    dataset = f[name]
    low = dataset.id
    two = np.zeros(20)

    def write_part() -> None:
        dataset[705:707] = 0

    ways: list[tuple[str, Callable[[], Any]]] = [
        ("a slice", lambda: dataset[500:520]),
        ("a part of a chunk", lambda: dataset[503:505]),
        ("all", lambda: dataset[...]),
        ("points", lambda: dataset[[1, 333, 901]]),
        ("into an array", lambda: dataset.read_direct(two, np.s_[600:620])),
        ("another type", lambda: dataset.astype("f4")[610:615]),
        ("row by row", lambda: [dataset[i : i + CHUNK] for i in range(700, 800, CHUNK)]),
        ("raw", lambda: low.read_direct_chunk((800,))),
        ("number of chunks", low.get_num_chunks),
        ("a chunk by its number", lambda: low.get_chunk_info(0)),
        ("a chunk by its place", lambda: low.get_chunk_info_by_coord((810,))),
        ("every chunk", lambda: low.chunk_iter(lambda _: None)),
        ("stored size", low.get_storage_size),
        ("copy", lambda: f.copy(name, target, f"copy {len(target)}")),
    ]
    if f.mode == "r+":
        ways.append(("write into a chunk", write_part))
    return ways


@pytest.mark.parametrize("how", ["recreated", "remade"])
def test_what_was_replaced_is_an_error_in_every_way(
    store: Store, other: Callable[[str], None], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for mode in ("r", "r+"):
        url = store.url(f"{mode}.h5")
        make(url)
        files.append(arraymorph.File(url, mode))
    known = [f["packed"][:CHUNK] for f in files]
    target = arraymorph.File(store.url("copies.h5"), "w")
    if how == "recreated":
        other('again("r.h5"); again("r+.h5")')
    else:
        other('change("r.h5", remake); change("r+.h5", remake)')
    for f, before in zip(files, known, strict=True):
        for name in ("full", "packed", "sparse"):
            for way, read in readers(f, name, target):
                for _ in range(2):  # what was found out once is not forgotten
                    with pytest.raises(FAILURE, match=REPLACED) as error:
                        read()
                    assert f.filename in str(error.value), way
                    assert "open it again" in str(error.value), way
        np.testing.assert_array_equal(f["packed"][:CHUNK], before)  # what had been read is right
    monkeypatch.setenv("ARRAYMORPH_ON_CONFLICT", "discard")
    for f in [*files, target]:
        f.close()
    for mode in ("r", "r+"):
        with arraymorph.File(store.url(f"{mode}.h5"), "r") as f:
            np.testing.assert_array_equal(f["full"][...], np.full(N, 7.0))


def test_a_deleted_file_is_an_error(store: Store, other: Callable[[str], None]) -> None:
    url = store.url("gone.h5")
    make(url)
    with arraymorph.File(url, "r") as f, arraymorph.File(store.url("to.h5"), "w") as target:
        np.testing.assert_array_equal(f["full"][:CHUNK], DATA[:CHUNK])
        other(
            "from arraymorph.cli import app\n"
            'app(["rm", "--yes", base + "/gone.h5"], standalone_mode=False)'
        )
        for name in ("full", "packed", "sparse"):
            for way, read in readers(f, name, target):
                with pytest.raises(FAILURE, match="was removed since it was opened here") as error:
                    read()
                assert url in str(error.value), way


def test_what_others_add_changes_nothing(
    store: Store, other: Callable[[str], None], requests: Requests
) -> None:
    url = store.url("kept.h5")
    make(url)
    with arraymorph.File(url, "r") as f:
        other('change("kept.h5", unrelated)')
        requests()
        np.testing.assert_array_equal(f["full"][...], DATA)
        assert set(requests()) == {"get"}  # nothing was missing
        assert np.count_nonzero(f["sparse"][...] == -1) == N - 2 * CHUNK
        counted = requests()
        # Which commit it is, and what it says; the commit is fetched once.
        assert (counted["get"], counted["head"]) == (N // CHUNK + 1, 1)
        assert f["sparse"].id.get_num_chunks() == 2
        assert requests() == {"list": 1, "head": 1}
        assert f["sparse"].id.get_num_chunks() == 2
        assert requests() == {"list": 1}


def test_sparse_data_in_many_calls_costs_three_requests(
    store: Store, requests: Requests, other: Callable[[str], None]
) -> None:
    url = store.url("sparse.h5")
    make(url)
    with arraymorph.File(url, "r") as f:
        sparse = f["sparse"]
        total: dict[str, int] = {}
        requests()
        for i in range(0, N, CHUNK):
            assert sparse[i] == (1 if i in (0, N - CHUNK) else -1)
            for name, count in requests().items():
                total[name] = total.get(name, 0) + count
        assert total == {"get": N // CHUNK, "head": 2, "list": 1}
        sparse.id.refresh()
        other('again("sparse.h5")')
        with pytest.raises(FAILURE, match=REPLACED):
            sparse[500]


def test_objects_that_a_later_commit_gives_up(
    store: Store, other: Callable[[str], None], requests: Requests
) -> None:
    """A dataset shrinks, or a chunk moves to a version because its filter mask changes."""
    for name in ("shrunk.h5", "regrown.h5", "moved.h5"):
        make(store.url(name))
    files = {name: arraymorph.File(store.url(name), "r") for name in ("shrunk.h5", "regrown.h5")}
    moved = arraymorph.File(store.url("moved.h5"), "r")
    other("""
def shrink(f): f["full"].resize((50,))
def regrow(f):
    shrink(f)
    f.flush()
    f["full"].resize((1000,))
def skip_filters(f):
    f["packed"].id.write_direct_chunk((20,), np.full(10, 3.0).tobytes(), filter_mask=1)
change("shrunk.h5", shrink)
change("regrown.h5", regrow)
change("moved.h5", skip_filters)
""")
    for f in files.values():
        np.testing.assert_array_equal(f["full"][:50], DATA[:50])
        with pytest.raises(FAILURE, match="was changed since it was opened here"):
            f["full"][500:510]
        assert f["sparse"][500] == -1  # another dataset of the same file
        f.close()
    with pytest.raises(FAILURE, match="was changed since it was opened here"):
        moved["packed"][20:30]
    np.testing.assert_array_equal(moved["packed"][:20], DATA[:20])
    moved.close()
    for name, length in (("shrunk.h5", 50), ("regrown.h5", N)):
        with arraymorph.File(store.url(name), "r") as f:
            np.testing.assert_array_equal(f["full"][:50], DATA[:50])
            np.testing.assert_array_equal(f["full"][50:], np.zeros(length - 50))


def test_new_objects_and_gc(
    store: Store, other: Callable[[str], None], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain objects of the first commit, which a later one has versions of, go with `gc`."""
    url = store.url("new.h5")
    make(url)
    with arraymorph.File(url, "r") as f:
        other("""
os.environ["ARRAYMORPH_WRITE"] = "new-objects"
def some(f): f["full"][500:] = 0
change("new.h5", some)
""")
        np.testing.assert_array_equal(f["full"][490:510], DATA[490:510])
        assert command("gc", url, "--older-than", "0", "--delete").returncode == 0
        with pytest.raises(FAILURE, match="was changed since it was opened here"):
            f["full"][600:]
        np.testing.assert_array_equal(f["full"][100:200], DATA[100:200])


def test_a_source_of_a_virtual_dataset(store: Store, other: Callable[[str], None]) -> None:
    """Sources are opened for each call: they are what their names lead to then."""
    source, master = store.url("source.h5"), store.url("master.h5")
    make(source)
    with arraymorph.File(master, "w") as f:
        layout = h5py.VirtualLayout((N,), "f8")
        layout[:] = h5py.VirtualSource(source, "full", (N,))
        f.create_virtual_dataset("v", layout)
    held = arraymorph.File(source, "r")
    with arraymorph.File(master, "r") as f:
        np.testing.assert_array_equal(f["v"][:CHUNK], DATA[:CHUNK])
        other('again("source.h5")')
        with pytest.raises(FAILURE, match=REPLACED):  # what is open here
            f["v"][500:510]
        held.close()
        np.testing.assert_array_equal(f["v"][500:510], np.full(10, 7.0))


def test_several_datasets_in_one_call_ask_once(store: Store, requests: Requests) -> None:
    url = store.url("multi.h5")
    with arraymorph.File(url, "w") as f:
        for name in "abc":
            f.create_dataset(name, (N,), "f8", chunks=(CHUNK,), fillvalue=3)
    with arraymorph.File(url, "r") as f:
        read = [np.empty(N) for _ in "abc"]
        requests()
        assert multi("H5Dread_multi", [f[name] for name in "abc"], read) >= 0
        assert requests() == {"get": 3 * N // CHUNK, "head": 1}
        for each in read:
            np.testing.assert_array_equal(each, np.full(N, 3.0))


def test_nothing_is_written_onto_a_chunk_of_a_replaced_file(
    store: Store, other: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.url("written.h5")
    make(url)
    f = arraymorph.File(url, "r+")
    other('again("written.h5")')
    for _ in range(2):
        with pytest.raises(FAILURE, match=REPLACED):
            f["full"][501:503] = 5
    monkeypatch.setenv("ARRAYMORPH_ON_CONFLICT", "discard")
    f.close()
    with arraymorph.File(url, "r") as f:
        np.testing.assert_array_equal(f["full"][...], np.full(N, 7.0))


def test_whole_chunks_written_to_a_replaced_file_are_an_error_once(
    store: Store, other: Callable[[str], None], requests: Requests
) -> None:
    """Nothing else is committed that would tell. A file that is only changed stays writable."""
    for name in ("lost.h5", "kept.h5"):
        make(store.url(name))
    lost, kept = (arraymorph.File(store.url(name), "r+") for name in ("lost.h5", "kept.h5"))
    other('again("lost.h5"); change("kept.h5", unrelated)')
    for f in (lost, kept):
        f["full"][500:520] = 5
    requests()
    kept.close()
    made = requests()
    made.pop("put", None)  # the chunk, unless it was stored before
    assert made == {"head": 1, "get": 1}  # which commit it is, and what that says
    with pytest.raises(FAILURE, match="what was written is lost.*" + REPLACED):
        lost.close()
    lost.close()
    with arraymorph.File(store.url("lost.h5"), "r") as f:
        np.testing.assert_array_equal(f["full"][...], np.full(N, 7.0))
    with arraymorph.File(store.url("kept.h5"), "r") as f:
        np.testing.assert_array_equal(f["full"][500:520], np.full(20, 5.0))
        assert "other" in f


def test_chunks_fetched_ahead_are_asked_about_too(
    store: Store, other: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARRAYMORPH_READ_AHEAD")
    url = store.url("ahead.h5")
    make(url)
    with arraymorph.File(url, "r") as f:
        other('again("ahead.h5")')
        for start in range(0, N, CHUNK):
            with pytest.raises(FAILURE, match=REPLACED):
                f["packed"][start : start + CHUNK]


def test_in_one_process_an_open_file_is_not_replaced(store: Store) -> None:
    url = store.url("one.h5")
    make(url)
    with arraymorph.File(url, "r") as f:
        for mode in ("w", "r+", "x"):
            with pytest.raises(OSError, match="already open|exists"):
                arraymorph.File(url, mode)
        np.testing.assert_array_equal(f["full"][...], DATA)
    with arraymorph.File(url, "r+") as f:
        with pytest.raises(OSError, match="already open|exists"):
            arraymorph.File(url, "w")
        np.testing.assert_array_equal(f["full"][...], DATA)


def test_in_one_process_a_file_in_conflict_and_its_successor(
    store: Store, other: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.url("successor.h5")
    make(url)
    f = arraymorph.File(url, "r+")
    f.attrs["ours"] = 1
    other('again("successor.h5")')
    with pytest.raises(FAILURE, match="somebody else has committed"):
        f.flush()
    with arraymorph.File(url, "w") as again:
        again.create_dataset("full", data=np.full(N, 8.0), chunks=(CHUNK,))
        again.flush()
        with pytest.raises(FAILURE, match=REPLACED):
            f["full"][500:510]
        np.testing.assert_array_equal(again["full"][...], np.full(N, 8.0))
    with pytest.raises(FAILURE, match=REPLACED):
        f["packed"][:]
    monkeypatch.setenv("ARRAYMORPH_ON_CONFLICT", "discard")
    f.close()


def test_a_reader_that_follows_a_writer(store: Store, other: Callable[[str], None]) -> None:
    url = store.url("followed.h5")

    def write(mode: str) -> None:
        with arraymorph.File(url, mode, libver="latest") as f:
            for name in ("x", "y"):
                f.create_dataset(name, (100,), "i8", maxshape=(None,), chunks=(10,))[...] = 1

    write("w")
    with arraymorph.File(url, "r", libver="latest", swmr=True) as f:
        x, y = f["x"], f["y"]
        assert x[:CHUNK].sum() == y[:CHUNK].sum() == CHUNK
        other('again("followed.h5")')
        with pytest.raises(FAILURE, match=REPLACED):
            x.refresh()
        for dataset in (x, y):
            with pytest.raises(FAILURE, match=REPLACED):
                dataset[90:]
