"""Work on local files is the same whatever of ArrayMorph is installed, found, or switched on."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import arraymorph
import h5py
import hdf5plugin
import pytest
import seaweed
from conftest import Command, Runner, Store

PROGRAM = Path(__file__).resolve().parents[1] / "support" / "local_modes.py"
PACKAGES = "h5py,netCDF4,tables"
HERE = arraymorph.get_plugin_path()
CHOSEN = {"HDF5_PLUGIN_PATH": HERE, "HDF5_VOL_CONNECTOR": "arraymorph"}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.h5"
    with h5py.File(path, "w", track_order=True) as file:
        file["x"] = range(100)
    return path


def outcomes(
    good: Path, *words: str, packages: str = PACKAGES, **environment: str
) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), packages, str(good), *words],
        env={**seaweed.surroundings(), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def native(good: Path) -> dict[str, str]:
    found = outcomes(good)
    assert found["h5py missing a"].startswith("opened")
    assert found["h5py missing r"].startswith("FileNotFoundError")
    assert found["h5py good x"].startswith("FileExistsError")
    assert found["h5py locked r+"].startswith("BlockingIOError")
    return found


@pytest.mark.parametrize(
    "way",
    [
        pytest.param((HERE, "", PACKAGES), id="found"),
        pytest.param(
            (f"/x:{hdf5plugin.PLUGIN_PATH}:{HERE}", "", PACKAGES), id="found among others"
        ),
        pytest.param(("", "enable disable", PACKAGES), id="on and off"),
        # netCDF4 and PyTables cannot be told any more: HDF5 reads its environment once.
        pytest.param(("", "enable import disable", "h5py"), id="on, imported, off"),
        pytest.param(("", "import enable disable", PACKAGES), id="imported, on, off"),
        pytest.param((HERE, "import enable disable", PACKAGES), id="found, imported, on, off"),
    ],
)
def test_off_is_native(
    good: Path, native: dict[str, str], local_store: Store, way: tuple[str, str, str]
) -> None:
    """Also where a store is configured: no name is looked up there."""
    path, words, packages = way
    environment = {**local_store.environment, **({"HDF5_PLUGIN_PATH": path} if path else {})}
    found = outcomes(good, *words.split(), packages=packages, **environment)
    assert found == {what: native[what] for what in found}
    assert local_store.root is not None
    assert not list(local_store.root.iterdir())


@pytest.mark.parametrize(
    "words",
    ["", "enable", "import enable", "enable import disable", "enable import disable enable"],
    ids=str,
)
def test_on_is_native_where_no_store_is_named(
    good: Path, native: dict[str, str], words: str
) -> None:
    assert outcomes(good, *words.split(), **({} if words else CHOSEN)) == native


def test_enabled_h5py_takes_filters_of_hdf5plugin(python: Runner) -> None:
    """Not those of netCDF4, which are bound to another libhdf5: in each order of things."""
    for beginning in (
        "import arraymorph; arraymorph.enable(); import netCDF4",
        "import netCDF4, arraymorph; arraymorph.enable()",
    ):
        python(
            f"""
import warnings; warnings.simplefilter("ignore")
{beginning}
import h5py, hdf5plugin
for name, filter in (("a.h5", hdf5plugin.Blosc()), ("b.h5", hdf5plugin.Zstd())):
    with h5py.File(name, "w") as f:
        f.create_dataset("x", data=range(640), chunks=(64,), **filter)
    with h5py.File(name) as f:
        assert f["x"][639] == 639
"""
        )


SHELL_LINES = """
import os, subprocess, sys
lines = 'eval "$(' + sys.executable + ' -m arraymorph env --shell sh)"; echo "$HDF5_PLUGIN_PATH"'
said = subprocess.run(["sh", "-c", lines], capture_output=True, text=True, check=True).stdout
os.environ.update(HDF5_PLUGIN_PATH=said.strip(), HDF5_VOL_CONNECTOR="arraymorph")
"""
NETCDF_FILTERS = """
import netCDF4, numpy as np
values = np.arange(5000.0)
for name in NAMES:
    with netCDF4.Dataset(name, "w") as d:
        d.createDimension("x", 5000)
        for kind in ("zstd", "bzip2", "blosc_lz4", "szip"):
            d.createVariable(kind, "f8", ("x",), compression=kind)[:] = values
    with netCDF4.Dataset(name) as d:
        for kind in d.variables:
            assert (d[kind][:] == values).all(), kind
"""


@pytest.mark.parametrize(
    ("beginning", "names"),
    [
        ("import arraymorph; arraymorph.enable()", ["local.nc", "p.nc"]),
        ("import h5py, arraymorph; arraymorph.enable()", ["local.nc", "p.nc"]),
        (SHELL_LINES, ["local.nc", "p.nc"]),
        # Its HDF5 has started natively then.
        ("import netCDF4, arraymorph; arraymorph.enable()", ["local.nc"]),
    ],
)
def test_netcdf4_keeps_its_own_filters(
    python: Runner, tmp_path: Path, beginning: str, names: list[str]
) -> None:
    """On local files and through a pointer."""
    arraymorph.pointer(f"file://{tmp_path}/store/p.nc", tmp_path / "p.nc")
    (tmp_path / "store").mkdir()
    python(
        f"import warnings; warnings.simplefilter('ignore')\n{beginning}\n"
        f"NAMES = {names!r}\n{NETCDF_FILTERS}"
    )
    assert (tmp_path / "local.nc").stat().st_size > 10_000
    stored = tmp_path / "store/p.nc/.arraymorph/metadata.h5"
    assert stored.exists() == ("p.nc" in names)


def test_the_folder_that_netcdf4_names_is_for_netcdf4(python: Runner) -> None:
    result = python(
        """
import netCDF4, os, arraymorph
before = os.environ["HDF5_PLUGIN_PATH"]
assert "netCDF4" in before
arraymorph.enable()
assert os.environ["HDF5_PLUGIN_PATH"] == f"{arraymorph.get_plugin_path()}:{before}/."
arraymorph.disable()
assert os.environ["HDF5_PLUGIN_PATH"] == before
"""
    )
    assert result.returncode == 0


def test_pointers_from_many_threads(python: Runner, tmp_path: Path) -> None:
    """And each has the permissions of any new file, as have files that others make meanwhile."""
    python(
        """
import arraymorph, os, concurrent.futures as futures
os.umask(0o027)
arraymorph.enable()
import h5py
def make(i):
    arraymorph.pointer(f"s3://bucket/{i}.h5", f"{i % 150}.h5")
    open(f"{i}.txt", "w").close()
with futures.ThreadPoolExecutor(8) as pool:
    list(pool.map(make, range(200)))
assert os.umask(0) == 0o027
"""
    )
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted([*(f"{i}.h5" for i in range(150)), *(f"{i}.txt" for i in range(200))])
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}


APPEND = """
import sys, netCDF4, tables
def pytables():
    with tables.open_file("t.h5", "a") as f: f.create_array("/", "v", [1, 2, 3])
def netcdf():
    with netCDF4.Dataset("n.nc", "a") as d:
        d.createDimension("x", 3)
        d.createVariable("v", "i4", ("x",))[:] = [1, 2, 3]
for append in pytables, netcdf:
    try: append()
    except Exception as error: print(error)
"""


def test_programs_that_append_need_a_file_behind(
    python: Runner, enabled_environment: dict[str, str], store: Store, tmp_path: Path
) -> None:
    """Mode `a` of PyTables and netCDF4 finds the pointer and opens it as an existing file."""
    urls = {name: store.url(name) for name in ("t.h5", "n.nc")}
    for name, url in urls.items():
        arraymorph.pointer(url, tmp_path / name)
    said = python(APPEND, **enabled_environment).stdout
    assert f"arraymorph pointer --create {urls['t.h5']} t.h5" in said

    for name, url in urls.items():
        arraymorph.pointer(url, tmp_path / name, create=True)
    assert python(APPEND, **enabled_environment).stdout == ""
    for name, url in urls.items():
        arraymorph.pointer(url, tmp_path / name, create=True)  # leaves what is there
        with arraymorph.File(url) as file:
            assert list(file["v"]) == [1, 2, 3]


def test_create_says_why_it_cannot(command: Command, tmp_path: Path, local_store: Store) -> None:
    done = command("pointer", "--create", "https://127.0.0.1:1/x.h5", str(tmp_path / "p.h5"))
    assert done.returncode == 1
    assert "http(s) names are for reading" in done.stderr
    assert not (tmp_path / "p.h5").exists()
    done = command("pointer", "--create", local_store.url("x.h5"), str(tmp_path / "p.h5"))
    assert (done.returncode, done.stderr) == (0, "")
    assert b"HDF" in local_store.objects("x.h5").read(".arraymorph/metadata.h5")[:8]


def test_a_stored_file_has_no_descriptor(
    python: Runner, enabled_environment: dict[str, str], local_store: Store, tmp_path: Path
) -> None:
    arraymorph.pointer(local_store.url("x.h5"), tmp_path / "p.h5")
    said = python(
        """
import h5py, tables
with tables.open_file("p.h5", "w") as t:
    t.create_array("/", "v", [1, 2, 3])
    try: t.fileno()
    except Exception as error: print(error)
    t.flush()
with h5py.File("p.h5") as f:
    try: f.id.get_vfd_handle()
    except Exception as error: print(error)
    assert list(f["v"]) == [1, 2, 3]
""",
        **enabled_environment,
    ).stdout
    wanted = f"{local_store.url('x.h5')} has no file descriptor, because it is no local file"
    assert said.count(wanted) == 2
    assert said.count("pandas: store.flush() without fsync=True") == 2


def test_h5py_searches_what_the_user_has_named(python: Runner) -> None:
    """netCDF4's folder is not among it unless the user wrote it there."""
    found = importlib.util.find_spec("netCDF4")  # its import would set the variable
    assert found is not None
    assert found.origin is not None
    theirs = f"{Path(found.origin).parent}/plugins"
    code = """
import arraymorph; arraymorph.enable()
from h5py import h5pl
print([h5pl.get(i).decode() for i in range(h5pl.size())])
"""
    assert theirs not in python(code).stdout
    assert python(code, HDF5_PLUGIN_PATH=f"/x:{theirs}").stdout.strip() == str([HERE, "/x", theirs])


def test_links_with_an_access_list_of_their_own(python: Runner) -> None:
    """Older h5py gives every link one; HDF5 would open the target for the default connector."""
    result = python("""
import arraymorph, h5py
from h5py import h5o, h5p
arraymorph.enable()
with h5py.File("target.h5", "w") as f:
    f["d"] = "text"
with h5py.File("x.h5", "w") as f:
    f["link"] = h5py.ExternalLink("target.h5", "/d")
access = h5p.create(h5p.LINK_ACCESS)
access.set_elink_fapl(h5p.create(h5p.FILE_ACCESS))
with h5py.File("x.h5") as f:
    print(h5py.Dataset(h5o.open(f.id, b"link", lapl=access))[()].decode())
""")
    assert result.stdout == "text\n"
