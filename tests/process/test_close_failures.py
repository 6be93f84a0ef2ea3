"""C programs whose closes fail, in every order and with anything still open: the program ends as it
wants to, and what could not be stored is told in one line for each file."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sysconfig
from pathlib import Path

import arraymorph
import numpy as np
import pytest
from conftest import Store
from repeat import Outcome, Repeat

HERE = Path(__file__).parent
HEADERS = [
    HERE.parents[1] / "build" / "deps" / "hdf5" / "include",
    Path("/usr/include/hdf5/serial"),
]
ENDS = ["return", "exit", "H5close", "again"]
PACKAGES = ["h5py", "netcdf4", "tables"]


def build(source: Path, library: Path, target: Path) -> Path:
    headers = next(folder for folder in HEADERS if (folder / "hdf5.h").exists())
    command = ["cc", f"-I{headers}", str(source), "-o", str(target), str(library), "-lpthread"]
    command += [f"-Wl,-rpath,{library.parent}", "-Wl,--allow-shlib-undefined"]
    subprocess.run(command, check=True)
    return target


@pytest.fixture(scope="session", params=PACKAGES)
def library(request: pytest.FixtureRequest) -> Path:
    """The libhdf5 that a Python package carries."""
    site = Path(sysconfig.get_path("purelib"))
    libraries = sorted((site / f"{request.param}.libs").glob("libhdf5-*.so*"))
    headers = any((folder / "hdf5.h").exists() for folder in HEADERS)
    if shutil.which("cc") is None or not libraries or not headers:
        pytest.skip(f"needs a C compiler, HDF5's headers, and {request.param} with its own libhdf5")
    return libraries[0]


@pytest.fixture(scope="session")
def ends(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(HERE / "ends.c", library, tmp_path_factory.mktemp("ends") / "ends")


class Ends:
    """Runs the program many times, each with a file of its own."""

    def __init__(self, program: Path, root: Path, environment: dict[str, str]) -> None:
        self.program = program
        self.root = root
        # The headers are of another release than the library.
        self.environment = {
            **environment,
            "HDF5_DISABLE_VERSION_CHECK": "2",
            "ARRAYMORPH_INLINE_BYTES": "0",
        }
        self.count = itertools.count()

    def run(self, degree: str, closed: str, end: str) -> tuple[Path, list[str], list[str]]:
        """The folder, and the lines of stdout and stderr."""
        folder = self.root / f"{next(self.count)}.h5"
        result = subprocess.run(
            [str(self.program), f"file://{folder}", degree, closed, end, str(folder)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        what = f"{degree} {closed!r} {end}: {result}"
        assert result.returncode == 7, what
        return folder, result.stdout.splitlines(), result.stderr.splitlines()


@pytest.fixture(params=["local"])
def programs(ends: Path, store: Store) -> Ends:
    return Ends(ends, Path(store.base.removeprefix("file://")), store.switched_on)


@pytest.mark.parametrize("store", ["local"], indirect=True)
def test_everything_is_stored_in_every_order(programs: Ends) -> None:
    for closed, end in [
        *itertools.product(["", "f", "fw", "fwgtad", "fgtwda", "dafgt"], ENDS),
        ("fdgtwA", "return"),
        ("fdwaGT", "return"),
        ("fdwaTG", "return"),
    ]:
        for degree in ["weak", "strong"]:
            if degree == "strong" and "f" in closed[:-1]:
                continue  # everything else is closed with the file
            folder, said, errors = programs.run(degree, closed, end)
            assert said == (["opened"] if end == "again" else [])
            assert errors == []
            with arraymorph.File(f"file://{folder}") as f:
                wanted = np.zeros(10_000)
                wanted[500:9500] = np.tile(np.arange(1000), 9)
                np.testing.assert_array_equal(f["d"][...], wanted)
                before, late, _ = closed.partition("w")
                assert f["g"].attrs["a"] == (2 if late and "d" in before else 1)


@pytest.mark.parametrize("store", ["local"], indirect=True)
@pytest.mark.parametrize("end", ENDS)
def test_nothing_can_be_stored(end: str, programs: Ends) -> None:
    orders = ["x", "xf", "xff", "xfdgta", "xDFGTA", "fxwd", "fxwDD", "fgtaxwD", "fgtaxwd"]
    orders += ["fdgtwxA", "fdgtwxAA", "fdgtwxa", "fdtwxag", "fdtwxaGG", "fdgwxaTT", "fdgwxat"]
    for closed, degree in itertools.product(orders, ["weak", "strong"]):
        if "f" in closed and closed.index("f") < closed.index("x") and degree == "strong":
            continue  # everything is closed, and stored, with the file
        folder, said, errors = programs.run(degree, closed, end)
        what = (closed, degree, said, errors)
        assert len(errors) == 1, what
        # By the close that failed, or by the end of the program.
        assert errors[0].startswith(("arraymorph: warn: ", "arraymorph: error: ")), what
        assert folder.name in errors[0], what
        if "xf" in closed:
            assert "f failed" in said, what
        if end == "again":
            assert said[-1] == "not opened", what


LINKS = """
#include <hdf5.h>
#include <stdio.h>
static ssize_t unknown(const char *name, const void *value, size_t size, void *to, size_t room) {
  return -1;
}
static hid_t nowhere(const char *name, hid_t group, const void *value, size_t size, hid_t lapl,
                     hid_t dxpl) {
  return -1;
}
int main(int argc, char **argv) {
  const H5L_class_t odd = {
      H5L_LINK_CLASS_T_VERS, 200, "odd", NULL, NULL, NULL, nowhere, NULL, unknown};
  const hsize_t n = 4000, c = 1000;
  if (argc > 2) H5Lregister(&odd);
  hid_t f = H5Fcreate(argv[1], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  for (int i = 0; i < 30; i++) { /* between the others, first and last, too many for a header */
    char name[] = "a00";
    name[0] += i % 26, name[1] += i / 10, name[2] += i % 10;
    H5Lcreate_ud(f, name, argc > 2 ? 200 : H5L_TYPE_EXTERNAL, "udata", 5, H5P_DEFAULT, H5P_DEFAULT);
  }
  hid_t space = H5Screate_simple(1, &n, NULL), dcpl = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(dcpl, 1, &c);
  H5Dclose(H5Dcreate2(f, "a", H5T_NATIVE_INT, space, H5P_DEFAULT, dcpl, H5P_DEFAULT));
  H5Dclose(H5Dcreate2(f, "z", H5T_NATIVE_INT, space, H5P_DEFAULT, dcpl, H5P_DEFAULT));
  H5Gclose(H5Gcreate2(f, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Ldelete(f, "g", H5P_DEFAULT);
  puts(H5Fflush(f, H5F_SCOPE_GLOBAL) < 0 ? "not flushed" : "flushed");
  H5Ldelete(f, "a", H5P_DEFAULT);
  puts(H5Fclose(f) < 0 ? "not closed" : "closed");
  H5close();
  puts("ended");
  return 7;
}
"""


@pytest.mark.parametrize("store", ["local"], indirect=True)
@pytest.mark.parametrize("own", [[], ["own"]], ids=["malformed", "user-defined"])
def test_a_link_that_nobody_can_decode(
    own: list[str], library: Path, store: Store, tmp_path: Path
) -> None:
    """Unlinking something else beside it commits and closes as native does."""
    (tmp_path / "links.c").write_text(LINKS)
    program = build(tmp_path / "links.c", library, tmp_path / "links")
    url = store.url("links.h5")
    result = subprocess.run(
        [str(program), url, *own],
        env={
            **store.switched_on,
            "HDF5_DISABLE_VERSION_CHECK": "2",
            "ARRAYMORPH_INLINE_BYTES": "0",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, result.stdout.split()) == (7, ["flushed", "closed", "ended"])
    assert result.stderr == ""
    with arraymorph.File(url) as f:
        assert "a" not in f
        assert f["z"].shape == (4000,)


@pytest.mark.parametrize("store", ["local"], indirect=True)
def test_a_thread_that_reads_at_the_end(
    library: Path, store: Store, repeat: Repeat, tmp_path: Path
) -> None:
    """Natively it crashes where the library is not built for threads, in every second run or so."""
    program = build(HERE / "reads.c", library, tmp_path / "reads")

    def judge(tag: str, outcome: Outcome) -> str | None:
        said = (outcome.status, outcome.stdout, outcome.stderr)
        return None if said == (7, "", "") else "status 7 and not a word expected"

    environment = {**store.switched_on, "HDF5_DISABLE_VERSION_CHECK": "2"}
    repeat.all(lambda tag: [str(program), store.url(f"{tag}.h5")], environment, judge)
