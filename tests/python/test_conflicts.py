"""Somebody else has committed: what programs are told, once, and what is left in the store."""

from __future__ import annotations

import errno
import gc
import os
import sys
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Runner, Store

OTHER = """
import arraymorph
with arraymorph.File({url!r}, "r+") as f:
    f["theirs"] = 1
"""

# The loop of docs/limits.md; the first two attempts lose.
LOOP = """
import arraymorph, subprocess, sys
arraymorph.enable()
import h5py, numpy as np

def add(name):
    code = "import arraymorph; arraymorph.File({url!r}, 'r+')[%r] = 1" % name
    subprocess.run([sys.executable, "-c", code], check=True)

for attempt in range(5):
    try:
        with h5py.File({url!r}, "r+") as f:
            f.create_dataset("mine", data=np.arange(100000), chunks=(10000,))
            if attempt < 2:
                add("theirs%d" % attempt)
        break
    except arraymorph.ConflictError as error:
        print(error)
"""


def make(url: str) -> None:
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=np.arange(40), chunks=(4,), maxshape=(None,))


def leftovers(url: str) -> list[str]:
    from arraymorph.cli import gc as collector
    from arraymorph.cli.stored import stored

    with stored(url) as file:
        return [each.key for each in collector.plan(file, 0).remove]


def in_conflict(store: Store, python: Runner) -> h5py.File:
    url = store.url("two.h5")
    make(url)
    f = arraymorph.File(url, "r+")
    f.create_dataset("ours", data=np.arange(500.0), chunks=(50,))
    python(OTHER.format(url=url))
    return f


@pytest.mark.parametrize("method", ["close", "flush", "__exit__"])
def test_it_has_a_class_of_its_own(store: Store, python: Runner, method: str) -> None:
    f = in_conflict(store, python)
    arguments = (None, None, None) if method == "__exit__" else ()
    with pytest.raises(arraymorph.ConflictError) as raised:
        getattr(f, method)(*arguments)
    assert isinstance(raised.value, OSError)
    assert raised.value.errno == errno.ESTALE
    text = str(raised.value)
    assert text.startswith(
        f"[Errno {errno.ESTALE}] somebody else has committed {store.url('two.h5')}"
    )
    assert "open the file again and apply the changes" in text
    assert "\n" not in text
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


@pytest.mark.parametrize("importing", ["h5py, arraymorph", "arraymorph, h5py"])
@pytest.mark.parametrize("enabling", ["arraymorph.enable()", ""])
def test_it_is_raised_however_it_is_switched_on(
    python: Runner,
    local_store: Store,
    enabled_environment: dict[str, str],
    importing: str,
    enabling: str,
) -> None:
    url = local_store.url("x.h5")
    make(url)
    python(
        f"""
import {importing}, subprocess, sys
{enabling}
f = h5py.File({url!r}, "r+")
f["mine"] = 1
subprocess.run([sys.executable, "-c", {OTHER.format(url=url)!r}], check=True)
try:
    f.close()
    raise SystemExit("stored")
except arraymorph.ConflictError:
    pass
""",
        **({} if enabling else enabled_environment),
    )


def test_without_the_package_h5py_raises_the_words(
    python: Runner, local_store: Store, enabled_environment: dict[str, str]
) -> None:
    url = local_store.url("x.h5")
    make(url)
    result = python(
        f"""
import h5py, subprocess, sys
f = h5py.File({url!r}, "r+")
f["mine"] = 1
subprocess.run([sys.executable, "-c", {OTHER.format(url=url)!r}], check=True)
try:
    f.close()
except (OSError, RuntimeError) as error:
    print(error)
f.id.locked = True  # h5py would close it once more
assert "arraymorph" not in sys.modules
""",
        **enabled_environment,
    )
    assert f"somebody else has committed {url}" in result.stdout
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""


def test_native_files_keep_their_errors(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f.flush()
    assert h5py.File.close.__name__ == "close"
    assert h5py.File.flush.__doc__
    with pytest.raises(RuntimeError, match="file or file object"):
        f.flush()


def test_a_loop_stores_everything_and_leaves_nothing(python: Runner, store: Store) -> None:
    url = store.url("x.h5")
    make(url)
    result = python(LOOP.format(url=url))
    assert result.stdout.count("somebody else has committed") == 2
    assert result.stderr == ""  # neither at the end of an attempt nor of the program
    with arraymorph.File(url) as f:
        assert sorted(f) == ["mine", "theirs0", "theirs1", "x"]
        np.testing.assert_array_equal(f["mine"][...], np.arange(100000))
        np.testing.assert_array_equal(f["x"][...], np.arange(40))
    assert leftovers(url) == []


def test_the_end_of_the_program_is_quiet_too(python: Runner, store: Store) -> None:
    """The failed handle is held until then."""
    url = store.url("x.h5")
    make(url)
    code = LOOP.format(url=url).replace("with h5py.File", "keep = []\n        with h5py.File")
    result = python(code.replace("f.create_dataset", "keep.append(f); f.create_dataset"))
    assert result.stderr == ""
    assert leftovers(url) == []


def test_what_nobody_was_told_is_said_at_the_end(python: Runner, local_store: Store) -> None:
    url = local_store.url("x.h5")
    make(url)
    result = python(
        f"""
import arraymorph, subprocess, sys
f = arraymorph.File({url!r}, "r+")
f["mine"] = 1
g = arraymorph.File({url!r} + "2", "w")
g["mine"] = 1
subprocess.run([sys.executable, "-c", {OTHER.format(url=url)!r}], check=True)
""",
    )
    [line] = result.stderr.splitlines()
    assert line.startswith("arraymorph: error: a file could not be flushed: somebody else has")
    with arraymorph.File(url + "2") as g:
        assert "mine" in g


def test_the_handle_can_be_read_until_it_is_let_go(store: Store, python: Runner) -> None:
    f = in_conflict(store, python)
    url = store.url("two.h5")
    with pytest.raises(arraymorph.ConflictError):
        f.flush()
    with arraymorph.File(url, "r+") as again:
        again["ours"] = f["ours"][...]
        np.testing.assert_array_equal(f["ours"][...], np.arange(500.0))
    ours = f["ours"]
    del f
    gc.collect()
    np.testing.assert_array_equal(ours[...], np.arange(500.0))  # it holds the file open
    del ours
    gc.collect()
    assert leftovers(url) == []
    with arraymorph.File(url) as again:
        assert sorted(again) == ["ours", "theirs", "x"]
        np.testing.assert_array_equal(again["ours"][...], np.arange(500.0))


def test_versions_of_a_failed_commit_are_removed(
    store: Store, python: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of earlier commits of the same session stay: theirs refers to them."""
    monkeypatch.setenv("ARRAYMORPH_WRITE", "new-objects")
    url = store.url("x.h5")
    make(url)
    f = arraymorph.File(url, "r+")
    f["x"][:4] = 100
    f.flush()
    python(OTHER.format(url=url))
    f["x"][:8] = 200
    with pytest.raises(arraymorph.ConflictError):
        f.close()
    before = leftovers(url)
    del f
    gc.collect()
    after = leftovers(url)
    assert len(before) == len(after) + 2
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["x"][:8], [100] * 4 + [4, 5, 6, 7])
    assert after == ["x/c/0"]  # of the first commit; earlier readers may have it open


def test_discarded_and_overwritten_states_leave_nothing(
    store: Store, python: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.url("two.h5")
    for choice in ("discard", "overwrite"):
        f = in_conflict(store, python)
        with pytest.raises(arraymorph.ConflictError):
            f.close()
        monkeypatch.setenv("ARRAYMORPH_ON_CONFLICT", choice)
        f.close()
        monkeypatch.delenv("ARRAYMORPH_ON_CONFLICT")
        del f
        gc.collect()
        with arraymorph.File(url) as again:
            assert ("ours" in again) == (choice == "overwrite")
            if "ours" in again:
                np.testing.assert_array_equal(again["ours"][...], np.arange(500.0))
        assert leftovers(url) == []


def test_in_place_chunks_are_shared(store: Store, python: Runner) -> None:
    """What both have written under one key belongs to the winner."""
    url = store.url("x.h5")
    make(url)
    f = arraymorph.File(url, "r+")
    f["x"][:4] = 100
    f["x"].resize((44,))
    f["x"][40:] = 100
    python(
        f"import arraymorph\nwith arraymorph.File({url!r}, 'r+') as f: f['x'].resize((44,)); "
        "f['x'][40:] = 7"
    )
    with pytest.raises(arraymorph.ConflictError):
        f.close()
    del f
    gc.collect()
    with arraymorph.File(url) as f:
        assert f["x"].shape == (44,)
        assert set(f["x"][40:]) in ({7}, {100})


NETCDF = """
import arraymorph, gc, subprocess, sys, warnings
arraymorph.enable()
import netCDF4
d = netCDF4.Dataset("x.nc", "a")
v = d.createVariable("mine", "f8", ("x",))
d.sync()
v[:] = 7
subprocess.run([sys.executable, "-c", {other!r}], check=True)
{end}
print("goes on")
"""


@pytest.mark.parametrize(
    "end",
    [
        "del v, d; gc.collect()",
        "try: d.close()\nexcept RuntimeError: pass",
        "try: d.sync()\nexcept RuntimeError: pass\ntry: d.close()\nexcept RuntimeError: pass",
        "",
    ],
    ids=["collected", "closed", "flushed and closed", "left open"],
)
def test_netcdf4_says_it_once(python: Runner, local_store: Store, tmp_path: Path, end: str) -> None:
    url = local_store.url("x.nc")
    arraymorph.pointer(url, tmp_path / "x.nc")
    python(
        "import arraymorph; arraymorph.enable(); import netCDF4\n"
        "with netCDF4.Dataset('x.nc', 'w') as d: d.createDimension('x', 3)"
    )
    small = {"ARRAYMORPH_INLINE_BYTES": "64K"}  # so that writing changes the metadata object
    result = python(NETCDF.format(other=OTHER.format(url=url), end=end), **small)
    assert result.stdout == "goes on\n"
    told = [line for line in result.stderr.splitlines() if line.startswith("arraymorph:")]
    assert len(told) == 1, result.stderr
    assert f"somebody else has committed {url}" in told[0]
    assert "apply the changes" in told[0]


@pytest.mark.parametrize("engine", ["netCDF4", "tables", "h5py"])
def test_other_failures_are_told_where_the_library_hides_them(
    python: Runner, local_store: Store, tmp_path: Path, engine: str
) -> None:
    """A server that is not there: opening, closing."""
    opening = {
        "netCDF4": "netCDF4.Dataset('x.h5')",
        "tables": "tables.open_file('x.h5')",
        "h5py": "h5py.File('x.h5')",
    }[engine]
    arraymorph.pointer("s3://bucket/x.h5", tmp_path / "x.h5")
    result = python(
        f"""
import arraymorph
arraymorph.enable()
import {engine}
for _ in range(2):
    try:
        {opening}
    except Exception as error:
        print(str(error).replace("\\n", " "))
""",
        AWS_ENDPOINT_URL_S3="http://127.0.0.1:9",
        AWS_ACCESS_KEY_ID="a",
        AWS_SECRET_ACCESS_KEY="b",
        ARRAYMORPH_RETRIES="0",
    )
    told = [line for line in result.stderr.splitlines() if line.startswith("arraymorph: warn:")]
    if engine == "netCDF4":
        assert len(told) == 1, result.stderr
        assert "127.0.0.1:9" in told[0]
    else:
        assert told == []
        assert result.stdout.count("127.0.0.1:9") >= 2


LOOKING = """
import arraymorph
arraymorph.enable()
import netCDF4
for mode in "ra":
    try:
        netCDF4.Dataset("none.nc", mode)
    except OSError:
        print("none")
netCDF4.Dataset("none.nc", "w").close()
try:
    netCDF4.Dataset("none.nc", "x")
except OSError:
    print("there")
"""


def test_looking_for_a_file_is_no_noise(python: Runner, local_store: Store) -> None:
    result = python(LOOKING, **local_store.environment)
    assert result.stderr == ""
    assert result.stdout.split() == ["none", "there"]


def test_a_pointer_without_its_file_is_told_once(
    python: Runner, local_store: Store, tmp_path: Path
) -> None:
    """The program sees the pointer, and netCDF4 says "HDF error"."""
    arraymorph.pointer(local_store.url("none.nc"), tmp_path / "none.nc")
    result = python(LOOKING)
    assert result.stdout.split() == ["none", "none", "there"]
    (told,) = result.stderr.splitlines()
    assert told.startswith("arraymorph: warn: none.nc is an ArrayMorph pointer: there is no file")
    assert "arraymorph pointer --create" in told


def test_a_hook_is_not_left_behind(python: Runner) -> None:
    python(
        """
import sys
before = list(sys.meta_path)
import arraymorph
assert sys.meta_path != before
import h5py
assert sys.meta_path == before
h5py.File("x", "w", driver="core", backing_store=False).close()
"""
    )
    assert not any(type(each).__module__.startswith("arraymorph") for each in sys.meta_path)


@pytest.fixture(autouse=True)
def nothing_inlined(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ARRAYMORPH_INLINE_BYTES", "0")
    assert "ARRAYMORPH_ON_CONFLICT" not in os.environ


def test_the_last_object_of_a_file_says_what_is_lost(python: Runner, local_store: Store) -> None:
    """HDF5 lets go of the file when its last dataset is closed; nobody may look at that error."""
    url = local_store.url("x.h5")
    make(url)
    result = python(
        f"""
import arraymorph, h5py, subprocess, sys
f = arraymorph.File({url!r}, "r+")
x = f["x"]
f.id.close()
subprocess.run([sys.executable, "-c", {OTHER.format(url=url)!r}], check=True)
h5py.h5o.set_comment(x.id, b"mine")  # nothing else is closed that could tell
x.id.close()
print("goes on")
"""
    )
    assert result.stdout == "goes on\n"
    [line] = result.stderr.splitlines()
    assert line.startswith(f"arraymorph: error: what was changed in {url} since it was flushed or")
    assert "somebody else has committed" in line
    with arraymorph.File(url) as f:
        assert "mine" not in f["x"].attrs


def test_a_failed_read_is_told_where_netcdf4_hides_it(
    python: Runner, local_store: Store, tmp_path: Path
) -> None:
    url = local_store.url("x.nc")
    arraymorph.pointer(url, tmp_path / "x.nc")
    python(
        "import arraymorph; arraymorph.enable(); import netCDF4\n"
        "with netCDF4.Dataset('x.nc', 'w') as d:\n"
        "    d.createDimension('x', 30000)\n"
        "    d.createVariable('v', 'i8', ('x',), chunksizes=(10000,), zlib=True)[:] = 1\n"
    )
    for chunk in ("v/c/0", "v/c/1"):
        local_store.objects("x.nc").write(chunk, b"damaged")
    result = python(
        """
import arraymorph; arraymorph.enable()
import netCDF4
d = netCDF4.Dataset("x.nc")
for start in (0, 10000):
    try:
        d["v"][start : start + 10]
        raise SystemExit("read")
    except (RuntimeError, OSError):
        pass
"""
    )
    [line] = result.stderr.splitlines()  # once for the file
    assert line.startswith("arraymorph: warn: ")
    assert f"{url}/v, chunk (0)" in line
