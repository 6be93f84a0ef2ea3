"""Files, datasets and processes: who may outlive whom, and what is stored when."""

from __future__ import annotations

import arraymorph
import numpy as np
from conftest import Runner, Store

WRITE = """
import h5py, numpy as np
values = np.arange(200_000, dtype="i4").reshape(500, 400)
f = h5py.File("x.h5", "w")
f.create_dataset("x", data=values, chunks=(100, 100), compression="gzip")
f["y"] = 5
"""


def check(store: Store) -> None:
    with arraymorph.File("x.h5") as f:
        np.testing.assert_array_equal(f["x"][...], np.arange(200_000).reshape(500, 400))
        assert f["y"][()] == 5


def test_dataset_outlives_its_file(store: Store) -> None:
    url = store.url("o.h5")
    f = arraymorph.File(url, "w")
    dataset = f.create_dataset("x", (100, 100), "i4", chunks=(10, 10))
    f.id.close()
    dataset[...] = 4
    dataset.attrs["late"] = 1
    del dataset, f
    with arraymorph.File(url) as g:
        assert (g["x"][...] == 4).all()
        assert g["x"].attrs["late"] == 1


def test_flush_is_a_durability_point(store: Store, python: Runner) -> None:
    url = store.url("f.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=np.arange(100_000), chunks=(1000,))
        f.flush()
        code = f"import arraymorph; print(arraymorph.File({url!r})['x'][...].sum())"
        assert python(code).stdout.strip() == str(sum(range(100_000)))


def test_exit_without_close(
    store: Store, python: Runner, enabled_environment: dict[str, str]
) -> None:
    result = python(WRITE, **enabled_environment)
    assert result.stderr == ""
    check(store)


def test_exit_without_close_after_enable(store: Store, python: Runner) -> None:
    result = python("import arraymorph; arraymorph.enable()\n" + WRITE)
    assert result.stderr == ""
    check(store)


def test_exit_status_is_the_programs_own(
    store: Store, python: Runner, enabled_environment: dict[str, str]
) -> None:
    result = python(WRITE + "\nimport sys; sys.exit(7)", check=False, **enabled_environment)
    assert (result.returncode, result.stderr) == (7, "")
    check(store)


def test_uncaught_exception(
    store: Store, python: Runner, enabled_environment: dict[str, str]
) -> None:
    result = python(WRITE + "\nraise KeyError('mine')", check=False, **enabled_environment)
    assert result.returncode == 1
    assert result.stderr.strip().endswith("KeyError: 'mine'")
    check(store)


def test_killed_process_leaves_the_last_commit(
    store: Store, python: Runner, enabled_environment: dict[str, str]
) -> None:
    python(WRITE + "\nf.close()", **enabled_environment)
    result = python(
        """
import h5py, os, signal
f = h5py.File("x.h5", "r+")
f["z"] = 6
del f["y"]
os.kill(os.getpid(), signal.SIGKILL)
""",
        check=False,
        **enabled_environment,
    )
    assert result.returncode == -9
    check(store)


def test_fork(store: Store, python: Runner, enabled_environment: dict[str, str]) -> None:
    python(
        WRITE
        + """
f.close()
import os
f = h5py.File("x.h5")
assert (f["x"][:100] == values[:100]).all()
child = os.fork()
if child == 0:
    assert (f["x"][...] == values).all()
    with h5py.File("x.h5") as g:
        assert (g["x"][...] == values).all()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert (f["x"][...] == values).all()
""",
        **enabled_environment,
    )


def test_multiprocessing_pool(
    store: Store, python: Runner, enabled_environment: dict[str, str]
) -> None:
    python(
        WRITE
        + """
f.close()
import multiprocessing
def total(row):
    with h5py.File("x.h5") as g:
        return int(g["x"][row].sum())
with h5py.File("x.h5") as f:
    f["x"][0]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(total, range(20)) == [int(values[i].sum()) for i in range(20)]
""",
        **enabled_environment,
    )


def test_shutdown_and_go_on(store: Store, python: Runner) -> None:
    url = store.url("s.h5")
    python(
        f"""
import arraymorph, h5py, numpy as np
from arraymorph import _core
f = arraymorph.File({url!r}, "w")
f.create_dataset("x", data=np.arange(10_000), chunks=(1000,))
with h5py._objects.phil:
    _core.shutdown()
    _core.shutdown()
with arraymorph.File({url!r}) as g:
    assert g["x"][9_999] == 9_999
f["x"][0] = 5
f.close()
with arraymorph.File({url!r}) as g:
    assert g["x"][0] == 5
"""
    )


def test_shutdown_stores_open_files(store: Store, python: Runner) -> None:
    url = store.url("s.h5")
    python(
        f"""
import os, arraymorph, h5py, numpy as np
from arraymorph import _core
f = arraymorph.File({url!r}, "w")
x = f.create_dataset("x", data=np.arange(10_000), chunks=(1000,))
f.id.close()  # the dataset holds the file open
with h5py._objects.phil:
    _core.shutdown()
os._exit(0)
"""
    )
    with arraymorph.File(url) as f:
        assert f["x"][9_999] == 9_999


def test_many_files_at_once(store: Store) -> None:
    files = [arraymorph.File(store.url(f"{i}.h5"), "w") for i in range(20)]
    for i, f in enumerate(files):
        f.create_dataset("x", data=np.full(5000, i), chunks=(500,))
    for f in files:
        f.close()
    for i in range(20):
        with arraymorph.File(store.url(f"{i}.h5")) as f:
            assert (f["x"][...] == i).all()


def test_userblock(store: Store) -> None:
    url = store.url("u.h5")
    with arraymorph.File(url, "w", userblock_size=1024) as f:
        f.create_dataset("x", data=np.arange(100_000), chunks=(1000,))
    with arraymorph.File(url) as f:
        assert f.userblock_size == 1024
        assert f["x"][77_777] == 77_777


def test_libver_latest(store: Store) -> None:
    url = store.url("latest.h5")
    with arraymorph.File(url, "w", libver="latest") as f:
        f.create_dataset("x", data=np.arange(100_000), chunks=(1000,), maxshape=(None,))
        for i in range(50):
            f.create_group(f"g{i}").attrs["i"] = i
    with arraymorph.File(url, libver="latest") as f:
        assert f["x"][...].sum() == sum(range(100_000))
        assert f["g49"].attrs["i"] == 49


def test_swmr_append_and_poll(store: Store) -> None:
    url = store.url("swmr.h5")
    writer = arraymorph.File(url, "w", libver="latest")
    x = writer.create_dataset("x", (0,), "i4", chunks=(100,), maxshape=(None,))
    writer.swmr_mode = True
    reader = arraymorph.File(url, "r", libver="latest", swmr=True)
    seen = reader["x"]
    for step in range(1, 6):
        x.resize((step * 150,))
        x[-150:] = step
        x.flush()
        seen.refresh()
        assert seen.shape == (step * 150,)
        assert (seen[-150:] == step).all()
    reader.close()
    writer.close()


def test_delete_while_open(store: Store) -> None:
    url = store.url("d.h5")
    with arraymorph.File(url, "w") as f:
        x = f.create_dataset("x", data=np.arange(100_000), chunks=(1000,))
        del f["x"]
        assert x[5] == 5
    with arraymorph.File(url) as f:
        assert list(f) == []


def test_truncating_an_existing_file(local_store: Store) -> None:
    for _ in range(3):
        with arraymorph.File("x.h5", "w") as f:
            f.create_dataset("x", data=np.arange(100_000), chunks=(1000,))
    with arraymorph.File("x.h5", "w") as f:
        f["tiny"] = 1
    assert local_store.root is not None
    left = [path.name for path in (local_store.root / "x.h5").rglob("*") if path.is_file()]
    assert sorted(left) == ["emptied.json", "metadata.h5"]


def test_an_open_dataset_outlives_its_link_unread(store: Store) -> None:
    url = store.url("unlinked.h5")
    data = np.arange(1000.0)
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=data, chunks=(100,))
    with arraymorph.File(url, "r+") as f:
        held = f["x"]
        del f["x"]
        f.flush()
        np.testing.assert_array_equal(held[...], data)
    with arraymorph.File(url, "r") as f:
        assert list(f) == []
