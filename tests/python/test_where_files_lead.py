"""What stored and remote files lead to: their own store, and what ARRAYMORPH_ALLOW_LINKS names."""

from __future__ import annotations

import ctypes
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import arraymorph
import h5py
import numpy as np
import pytest
from conftest import Command, Runner, Store
from metadata_object import Metadata
from test_http_names import serving

ROOT = Path(__file__).resolve().parents[2]
SECRET = np.arange(100, 108)
MARK = b"precious"
# h5py has KeyError for every link whose target it cannot open.
REFUSED = (PermissionError, KeyError)
FAILED = (OSError, KeyError)


def native(path: Path) -> None:
    with h5py.File(path, "w") as f:
        f["d"] = SECRET


def stored(url: str) -> None:
    with arraymorph.File(url, "w") as f:
        f["d"] = SECRET


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> Path:
    """store/ holds the file that leads somewhere; everything else lies around it."""
    for folder in ("store/sub", "elsewhere", "work"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    for name in ("store/near.h5", "store/sub/below.h5", "up.h5", "elsewhere/far.h5"):
        stored(f"file://{tmp_path}/{name}")
    native(tmp_path / "work/private.h5")
    native(tmp_path / "elsewhere/private.h5")
    arraymorph.pointer(f"file://{tmp_path}/elsewhere/far.h5", tmp_path / "work/pointer.h5")
    (tmp_path / "store/leak").symlink_to(tmp_path / "elsewhere")
    for name in ("store/raw", "elsewhere/raw", "work/raw"):
        (tmp_path / name).write_bytes(MARK)
    return tmp_path


def lead(url: str, target: str, raw: str) -> None:
    """A file that leads to `target` in every way that HDF5 has."""
    with arraymorph.File(url, "w") as f:
        f["external link"] = h5py.ExternalLink(target, "/d")
        layout = h5py.VirtualLayout((8,), "i8")
        layout[:] = h5py.VirtualSource(target, "d", (8,))
        f.create_virtual_dataset("virtual source", layout, fillvalue=-9)
        f.create_dataset("raw external storage", (8,), "S1", external=[(raw, 0, 8)])


def read(f: h5py.File, name: str) -> tuple[bytes | None, str]:
    """The bytes, or nothing and what the refusal says."""
    try:
        return f[name][...].tobytes(), ""
    except REFUSED as error:
        return None, str(error)


def outcome(f: h5py.File, kind: str) -> str:
    values, said = read(f, kind)
    if values is None:
        words = rf"{re.escape(f.filename)} leads to \S+, .*ARRAYMORPH_ALLOW_LINKS=\S+ allows it"
        assert re.search(words, said), said
        return "refused"
    assert values in (SECRET.tobytes(), MARK)
    return "followed"


# The rows of SECURITY.md: what the file names, and the same for raw data.
TARGETS: dict[str, tuple[str, str]] = {
    "a name beside it, or below its folder": ("sub/below.h5", "raw"),
    "a URL in its own bucket, directory tree or web server": (
        "file://{base}/store/near.h5",
        "{base}/store/raw",
    ),
    "`../name`, below `ARRAYMORPH_ROOT`": ("../up.h5", "../store/raw"),
    "`../name`, above its folder": ("../up.h5", "../elsewhere/raw"),
    "a path of the local disk": ("{base}/elsewhere/private.h5", "{base}/elsewhere/raw"),
    "a file of the working directory": ("private.h5", "raw"),
    "a pointer file of the local disk": ("pointer.h5", "{base}/work/pointer.h5"),
    "a symbolic link that leads out": ("leak/far.h5", "{base}/store/leak/raw"),
    "a `file://` URL elsewhere": ("file://{base}/elsewhere/far.h5", "file://{base}/elsewhere/raw"),
    "another bucket": ("s3://other-bucket/far.h5", "s3://other-bucket/raw"),
    "a web server": ("https://other.invalid/far.h5", "https://other.invalid/raw"),
}
KINDS = ("external link", "virtual source", "raw external storage")


def table() -> dict[str, list[str]]:
    text = (ROOT / "SECURITY.md").read_text()
    rows = re.findall(r"^\| (.+) \|$", text[text.index("| what the file names |") :], re.MULTILINE)
    cells = [[each.strip() for each in row.split(" | ")] for row in rows]
    assert cells[0][1:] == list(KINDS)
    return {row[0]: row[1:] for row in cells[1:] if len(row) == len(KINDS) + 1}


def test_the_table_has_all() -> None:
    assert list(table()) == list(TARGETS)


@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize("what", TARGETS)
def test_the_table(what: str, mode: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, raw = (each.format(base=base) for each in TARGETS[what])
    url = f"file://{base}/store/m.h5"
    lead(url, target, raw)
    if "ARRAYMORPH_ROOT" in what:
        monkeypatch.setenv("ARRAYMORPH_ROOT", str(base))
    with arraymorph.File(url, mode) as f:
        assert [outcome(f, kind) for kind in KINDS] == table()[what]
        if mode == "r+":
            with pytest.raises(PermissionError, match="ARRAYMORPH_ALLOW_LINKS"):
                f["raw external storage"][...] = np.frombuffer(b"OVERWROT", "S1")
    for name in ("store/raw", "elsewhere/raw", "work/raw"):
        assert (base / name).read_bytes() == MARK


def test_a_symbolic_link_to_nothing_yet_is_no_way_out(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "allowed").mkdir()
    (base / "allowed/x").symlink_to(base / "work/new")
    monkeypatch.setenv("ARRAYMORPH_ALLOW_LINKS", f"file://{base}/allowed/")
    with arraymorph.File(f"file://{base}/store/m.h5", "w") as f:
        f.create_dataset("d", (8,), "S1", external=[(str(base / "allowed/x"), 0, 8)])
    with arraymorph.File(f"file://{base}/store/m.h5", "r+") as f, pytest.raises(PermissionError):
        f["d"][...] = np.frombuffer(b"OVERWROT", "S1")
    assert not (base / "work/new").exists()


@pytest.mark.parametrize("explicit", [False, True])
def test_mounted_files_stay_judged(base: Path, python: Runner, explicit: bool) -> None:
    url = f"file://{base}/store/m.h5"
    with arraymorph.File(url, "w") as f:
        f["link"] = h5py.ExternalLink(f"{base}/work/private.h5", "/d")
        f["near"] = h5py.ExternalLink("near.h5", "/d")
    result = python(f"""
import arraymorph, h5py
from h5py import h5f, h5o, h5p
arraymorph.enable()
with h5py.File("local.h5", "w") as f:
    f.create_group("mnt")
stored, local = h5py.File({url!r}), h5py.File("local.h5", "r+")
h5f.mount(local.id, b"mnt", stored.id)
access = h5p.create(h5p.LINK_ACCESS)
if {explicit}:
    access.set_elink_fapl(h5p.create(h5p.FILE_ACCESS))
print(h5py.Dataset(h5o.open(local.id, b"mnt/near", lapl=access))[0])
try:
    h5o.open(local.id, b"mnt/link", lapl=access)
except KeyError as error:
    print(error)
""")
    near, refused = result.stdout.splitlines()
    assert int(near) == SECRET[0]
    assert "ARRAYMORPH_ALLOW_LINKS" in refused


@pytest.mark.parametrize("what", [what for what in TARGETS if "server" not in what])
def test_what_is_allowed_is_followed(
    what: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting that the error names, and no more."""
    target, raw = (each.format(base=base) for each in TARGETS[what])
    if target.startswith("s3://") or raw.startswith("file://"):
        pytest.skip("there is nothing behind it")
    url = f"file://{base}/store/m.h5"
    lead(url, target, raw)
    for kind in KINDS:
        monkeypatch.delenv("ARRAYMORPH_ALLOW_LINKS", raising=False)
        with arraymorph.File(url) as f:
            values, said = read(f, kind)
            while values is None:
                found = re.search(r"ARRAYMORPH_ALLOW_LINKS=(\S+) allows", said)
                before = os.environ.get("ARRAYMORPH_ALLOW_LINKS", "")
                assert found is not None, said
                assert found[1] not in before, said
                monkeypatch.setenv("ARRAYMORPH_ALLOW_LINKS", f"{before},{found[1]}")
                values, said = read(f, kind)
            assert values in (SECRET.tobytes(), MARK) or "pointer" in what


def test_raw_data_that_is_allowed_is_written(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"file://{base}/store/m.h5"
    lead(url, "near.h5", f"{base}/elsewhere/raw")
    monkeypatch.setenv("ARRAYMORPH_ALLOW_LINKS", f"s3://x/, file://{base}/elsewhere")
    with arraymorph.File(url, "r+") as f:
        f["raw external storage"][...] = np.frombuffer(b"OVERWROT", "S1")
    assert (base / "elsewhere/raw").read_bytes() == b"OVERWROT"


def test_the_catalog_is_not_asked(base: Path) -> None:
    """A plain file has none, and h5py names a file access list with the local driver."""
    with h5py.File(base / "store/plain.h5", "w") as f:
        f["link"] = h5py.ExternalLink(f"{base}/elsewhere/private.h5", "/d")
        f["cwd"] = h5py.ExternalLink("private.h5", "/d")
        f["near"] = h5py.ExternalLink("near.h5", "/d")
        f.create_dataset("raw", (8,), "S1", external=[("raw", 0, 8)])
    with arraymorph.File(f"file://{base}/store/plain.h5") as f:
        for name in ("link", "cwd", "raw"):
            with pytest.raises(REFUSED, match="ARRAYMORPH_ALLOW_LINKS"):
                f[name][...]
        assert (f["near"][...] == SECRET).all()


@pytest.mark.parametrize(
    "use",
    [
        lambda f: f.create_group("out/made"),
        lambda f: f.create_dataset("out/made", data=1),
        lambda f: f.move("out/d", "mine"),
        lambda f: f.copy("out/d", "mine"),
        lambda f: f["out"].attrs.create("a", 1),
        lambda f: f.__setitem__("out/soft", h5py.SoftLink("/d")),
        lambda f: f.__setitem__("mine", f["out/d"]),
        lambda f: f.__delitem__("out/d"),
        lambda f: h5py.h5g.get_objinfo(f.id, b"out/d"),
    ],
)
def test_no_call_goes_around(use: Callable[[h5py.File], object], base: Path) -> None:
    before = (base / "work/private.h5").read_bytes()
    with arraymorph.File(f"file://{base}/store/m.h5", "w") as f:
        f["out"] = h5py.ExternalLink(str(base / "work/private.h5"), "/")
        with pytest.raises((OSError, KeyError, RuntimeError, ValueError)):
            use(f)
    assert (base / "work/private.h5").read_bytes() == before


def test_each_file_is_judged_by_its_own_store(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """store/m.h5 may lead to elsewhere/, from where a file leads on to its neighbour, and not
    back into the store."""
    monkeypatch.setenv("ARRAYMORPH_ALLOW_LINKS", f"file://{base}/elsewhere/")
    with arraymorph.File(f"file://{base}/elsewhere/b.h5", "w") as f:
        f["on"] = h5py.ExternalLink("far.h5", "/d")
        f["back"] = h5py.ExternalLink(f"file://{base}/store/near.h5", "/d")
        f["local"] = h5py.ExternalLink(f"{base}/up.h5", "/d")
    with arraymorph.File(f"file://{base}/store/m.h5", "w") as f:
        for name in ("on", "back", "local"):
            f[name] = h5py.ExternalLink(f"file://{base}/elsewhere/b.h5", f"/{name}")
    with arraymorph.File(f"file://{base}/store/m.h5") as f:
        assert (f["on"][...] == SECRET).all()
        for name in ("back", "local"):
            with pytest.raises(REFUSED, match=r"elsewhere/b.h5 leads to .*(near|up)"):
                f[name]


def test_a_setting_that_is_not_understood(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("/data", "bucket", "file://data/", "s3://a/,*"):
        monkeypatch.setenv("ARRAYMORPH_ALLOW_LINKS", value)
        with pytest.raises(OSError, match=r"ARRAYMORPH_ALLOW_LINKS=.* URL prefixes"):
            arraymorph.File(f"file://{base}/store/near.h5")


def test_commands_say_the_same(base: Path, command: Command) -> None:
    url = f"file://{base}/store/m.h5"
    lead(url, f"{base}/work/private.h5", f"{base}/elsewhere/raw")
    assert command("tree", url).returncode == 0
    assert command("ls", f"{url}::/").returncode == 0
    for kind in KINDS:
        shown = command("cat", url, kind)
        assert shown.returncode == 1
        assert "ARRAYMORPH_ALLOW_LINKS=file://" in shown.stderr
        assert "Traceback" not in shown.stderr


def test_a_copy_keeps_the_names_of_raw_data(base: Path, command: Command) -> None:
    """Neither direction reads it; a copy on the local disk is a local file."""
    with h5py.File(base / "work/local.h5", "w") as f:
        f.create_dataset("raw", (8,), "S1", external=[("raw", 0, 8)])
    url = f"file://{base}/store/copied.h5"
    assert command("copy", f"{base}/work/local.h5", url).returncode == 0
    with arraymorph.File(url) as f:
        assert f["raw"].external == [("raw", 0, 8)]
        with pytest.raises(PermissionError):
            f["raw"][...]
    assert command("copy", url, f"{base}/work/back.h5").returncode == 0
    with h5py.File(base / "work/back.h5") as f:
        assert f["raw"][...].tobytes() == MARK


def follow_extent(path: Path, source: str) -> None:
    """A plain file whose dataset is as long as its source: its extent is read from there."""
    endless = h5py.h5s.create_simple((1,), (h5py.h5s.UNLIMITED,))
    endless.select_hyperslab((0,), (h5py.h5s.UNLIMITED,))
    dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    dcpl.set_virtual(endless, source.encode(), b"grows", endless.copy())
    with h5py.File(path, "w") as f:
        h5py.h5d.create(f.id, b"v", h5py.h5t.NATIVE_INT64, endless, dcpl)


def growing(base: Path) -> Path:
    """A plain file in the store that leads out of it."""
    with h5py.File(base / "elsewhere/grows.h5", "w") as f:
        f.create_dataset("grows", data=SECRET, chunks=(8,), maxshape=(None,))
    follow_extent(base / "store/plain.h5", f"{base}/elsewhere/grows.h5")
    return base / "store/plain.h5"


@pytest.mark.parametrize("named", ["url", "pointer"])
@pytest.mark.parametrize(
    ("options", "target"),
    [
        ((), "file://{}/store/copied.h5"),
        (("--compression", "gzip"), "{}/work/copied.h5"),
        (("--verify",), "{}/work/copied.h5"),
        (("--verify", "--layout", "plain"), "file://{}/store/copied.h5"),
    ],
    ids=["import", "encoded anew", "export verified", "stored verified"],
)
def test_a_copy_of_a_stored_file_stays_in_its_store(
    options: tuple[str, ...], target: str, named: str, base: Path, command: Command
) -> None:
    """A plain file that is named by a URL, or through a pointer, is one of a store."""
    url = f"file://{growing(base)}"
    name = url
    if named == "pointer":
        name = f"{base}/work/to-plain.h5"
        arraymorph.pointer(url, Path(name))
    done = command("copy", *options, name, target.format(base))
    assert done.returncode == 1
    assert f"ARRAYMORPH_ALLOW_LINKS=file://{base}/elsewhere/" in done.stderr


@pytest.mark.parametrize("options", [("--compression", "gzip"), ("--verify",)])
def test_a_copy_of_a_path_is_one_of_a_local_file(
    options: tuple[str, ...], base: Path, command: Command
) -> None:
    done = command("copy", *options, str(growing(base)), f"{base}/work/copied.h5")
    assert done.returncode == 0, done.stderr


def test_a_verified_copy_is_not_followed_out_of_its_folder(
    base: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same name leads elsewhere from where the copy lies."""
    monkeypatch.setenv("ARRAYMORPH_ROOT", f"{base}/store")
    for path in ("store/grows.h5", "grows.h5"):
        with h5py.File(base / path, "w") as f:
            f.create_dataset("grows", data=SECRET, chunks=(8,), maxshape=(None,))
    follow_extent(base / "store/sub/plain.h5", "../grows.h5")
    done = command("copy", "--verify", f"file://{base}/store/sub/plain.h5", f"{base}/work/c.h5")
    assert done.returncode == 1
    assert f"work/c.h5 leads to file://{base}/grows.h5" in done.stderr


# References that hold the name of a file. h5py has no calls for them.

REFERENCES = ("object", "region", "attribute")


class References:
    def __init__(self) -> None:
        self.library = ctypes.CDLL(h5py.h5f.__file__)
        self.library.H5open()
        self.type = ctypes.c_int64.in_dll(self.library, "H5T_STD_REF_g").value
        for name in ("H5Screate", "H5Acreate2", "H5Dcreate2", "H5Dget_space"):
            getattr(self.library, name).restype = ctypes.c_int64

    def call(self, name: str, *arguments: Any) -> int:
        """Whole numbers are ids."""
        each = [ctypes.c_int64(a) if isinstance(a, int) else a for a in arguments]
        result = int(getattr(self.library, name)(*each))
        assert result >= 0, name
        return result

    def write(self, f: h5py.File, target: h5py.File, kind: str, where: str) -> None:
        """`where`: "attribute" or "dataset", which is then called "reference"."""
        reference = (ctypes.c_byte * 64)()
        if kind == "object":
            self.call("H5Rcreate_object", target.id.id, b"/", 0, reference)
        elif kind == "region":
            dataset = target["d"]
            space = self.call("H5Dget_space", dataset.id.id)
            self.call("H5Rcreate_region", target.id.id, b"/d", space, 0, reference)
        else:
            self.call("H5Rcreate_attr", target.id.id, b"/", b"a", 0, reference)
        scalar = self.call("H5Screate", 0)
        if where == "attribute":
            made = self.call("H5Acreate2", f.id.id, b"reference", self.type, scalar, 0, 0)
            self.call("H5Awrite", made, self.type, reference)
            self.call("H5Aclose", made)
        else:
            made = self.call("H5Dcreate2", f.id.id, b"reference", self.type, scalar, 0, 0, 0)
            self.call("H5Dwrite", made, self.type, 0, 0, 0, reference)
            self.call("H5Dclose", made)
        self.call("H5Rdestroy", reference)


def referring(path: Path, target: Path, kind: str, where: str) -> None:
    """A file with a reference into another file, or into itself. Both have the same structure."""
    for each in (target, path):
        with h5py.File(each, "w", libver="latest") as f:
            f["d"] = SECRET
            f.attrs["a"] = 1
    with h5py.File(path, "r+", libver="latest") as f, h5py.File(target) as t:
        References().write(f, f if target == path else t, kind, where)


def watched(path: Path) -> Callable[[], bool]:
    """Says whether anybody has opened the file since it was asked."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "inotify_init1"):
        pytest.skip("Linux tells who opens files")
    watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    opened = 0x20
    assert libc.inotify_add_watch(watch, bytes(path), opened) >= 0

    def since() -> bool:
        try:
            return bool(os.read(watch, 4096))
        except BlockingIOError:
            return False

    return since


@pytest.mark.parametrize("where", ["attribute", "dataset"])
@pytest.mark.parametrize("kind", REFERENCES)
def test_a_copy_follows_no_reference_to_another_file(
    kind: str, where: str, base: Path, command: Command
) -> None:
    """HDF5 would open the file that the reference names, for writing."""
    target = base / "work/referred.h5"
    referring(base / "store/refers.h5", target, kind, where)
    was_opened = watched(target)
    url = f"file://{base}/store/refers.h5"
    for source in (url, f"{base}/store/refers.h5"):
        done = command("copy", source, f"file://{base}/store/copied.h5")
        assert done.returncode == 1
        assert f"{source} leads to {target} by a reference; " in done.stderr
        assert "reference'" in done.stderr if where == "attribute" else "/reference:" in done.stderr
    done = command("copy", "--layout", "plain", "--verify", url, f"file://{base}/store/as-it-is.h5")
    assert done.returncode == 0, done.stderr
    assert command("verify", url).returncode == 0
    assert not was_opened()
    assert target.read_bytes()
    assert was_opened()


@pytest.mark.parametrize("where", ["attribute", "dataset"])
@pytest.mark.parametrize("kind", REFERENCES)
def test_a_copy_translates_references_into_its_own_file(
    kind: str, where: str, base: Path, command: Command
) -> None:
    path = base / "store/refers.h5"
    referring(path, path, kind, where)
    for source in (f"file://{path}", str(path)):
        options = ("--compression", "gzip", "--verify", "--overwrite")
        done = command("copy", *options, source, f"{base}/work/copied.h5")
        assert done.returncode == 0, done.stderr
        assert str(path).encode() not in (base / "work/copied.h5").read_bytes()


# Catalogs


def with_catalog(base: Path, f: h5py.File, name: str, **entry: object) -> str:
    """Closes a stored file, and lets its catalog say that this dataset lies in one chunk object."""
    url, address = f.filename, h5py.h5o.get_info(f[name].id).addr
    f.close()
    folder = Path(url.removeprefix("file://"))
    path = folder / ".arraymorph/metadata.h5"
    metadata = Metadata.parse(path.read_bytes())
    said = {"address": address, "chunk": [8], "prefix": name, **entry}
    metadata.catalog = json.dumps({"version": 1, "datasets": [said]}).encode()
    path.unlink()  # its checksum lies beside its bytes
    path.write_bytes(metadata.object())
    (folder / name / "c").mkdir(parents=True, exist_ok=True)
    (folder / name / "c/0").write_bytes(b"OVERWROT")
    return str(url)


def external(f: h5py.File, base: Path) -> None:
    f.create_dataset("d", (8,), "S1", external=[(str(base / "work/raw"), 0, 8)])


def virtual(f: h5py.File, base: Path) -> None:
    layout = h5py.VirtualLayout((8,), "S1")
    layout[:] = h5py.VirtualSource(str(base / "work/raw.h5"), "d", (8,))
    f.create_virtual_dataset("d", layout)


def chunked(f: h5py.File, base: Path) -> None:
    f.create_dataset("d", (8,), "S1", chunks=(4,))


@pytest.mark.parametrize("layout", ["contiguous", "chunked"])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (external, {"contiguous": "external files", "chunked": "layout is not"}),
        (virtual, {"contiguous": "layout is not", "chunked": "layout is not"}),
        (chunked, {"contiguous": "layout is not", "chunked": "chunks are not"}),
    ],
    ids=["external", "virtual", "other chunks"],
)
def test_an_export_writes_where_no_catalog_says(
    make: Callable[[h5py.File, Path], None],
    said: dict[str, str],
    layout: str,
    base: Path,
    command: Command,
) -> None:
    """HDF5 writes into the files that the description of a dataset names."""
    with h5py.File(base / "work/raw.h5", "w") as f:
        f["d"] = np.frombuffer(MARK, "S1")
    before = (base / "work/raw.h5").read_bytes()
    f = arraymorph.File(f"file://{base}/store/m.h5", "w")
    make(f, base)
    url = with_catalog(base, f, "d", layout=layout)
    was_opened = [watched(base / "work/raw"), watched(base / "work/raw.h5")]
    done = command("copy", url, f"{base}/work/copied.h5")
    assert not any(each() for each in was_opened)
    assert done.returncode == 1
    assert f"{url} is damaged: /d: " in done.stderr
    assert said[layout] in done.stderr
    assert not (base / "work/copied.h5").exists()
    assert (base / "work/raw").read_bytes() == MARK
    assert (base / "work/raw.h5").read_bytes() == before


# Prefixes


@contextmanager
def link_prefix(f: h5py.File, prefix: bytes) -> Iterator[Callable[[str], object]]:
    lapl = h5py.h5p.create(h5py.h5p.LINK_ACCESS)
    lapl.set_elink_prefix(prefix)
    yield lambda name: h5py.Dataset(h5py.h5o.open(f.id, name.encode(), lapl=lapl))[...]


@pytest.mark.parametrize("prefix", ["${ORIGIN}/sub", "sub", "URL"])
def test_prefixes_of_links_start_at_the_file(store: Store, prefix: str) -> None:
    stored(store.url("sub/t.h5"))
    with arraymorph.File(store.url("m.h5"), "w") as f:
        f["link"] = h5py.ExternalLink("t.h5", "/d")
    prefix = store.url("sub") if prefix == "URL" else prefix
    with arraymorph.File(store.url("m.h5")) as f:
        with pytest.raises((KeyError, OSError)):
            f["link"]
        with link_prefix(f, prefix.encode()) as follow:
            np.testing.assert_array_equal(follow("link"), SECRET)


def test_prefixes_of_the_environment(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with arraymorph.File(f"file://{base}/store/m.h5", "w") as f:
        f["link"] = h5py.ExternalLink("below.h5", "/d")
    with arraymorph.File(f"file://{base}/store/m.h5") as f:
        for prefix in ("none:${ORIGIN}/sub", "sub"):
            monkeypatch.setenv("HDF5_EXT_PREFIX", prefix)
            assert (f["link"][...] == SECRET).all()
        monkeypatch.setenv("HDF5_EXT_PREFIX", f"{base}/elsewhere")
        with pytest.raises(REFUSED, match="ARRAYMORPH_ALLOW_LINKS"):
            f["link"]


# Causes

SERVER = """
import http.server, pathlib, re, sys
class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        path = self.path[1:]
        if path == "m.h5":
            data = pathlib.Path(sys.argv[1]).read_bytes()
            first, last = re.fullmatch(r"bytes=(\\d+)-(\\d+)", self.headers["Range"]).groups()
            part = data[int(first) : int(last) + 1]
            self.send_response(206)
            last = int(first) + len(part) - 1
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        else:
            part = b""
            self.send_response(int(path[:3]))
            if path.endswith("to-file.h5"):
                self.send_header("Location", "file:///etc/passwd")
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
print("port", server.server_port, flush=True)
server.serve_forever()
"""
SAID = {
    "403.h5": "403",
    "500.h5": "500",
    "400.h5": "400",
    "302-to-file.h5": "redirects to what is no http or https URL",
    "302.h5": "a redirect that does not say where to",
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server whose m.h5 leads to files that cannot be had."""
    directory = tmp_path_factory.mktemp("web")
    with h5py.File(directory / "m.h5", "w") as f:
        for name in SAID:
            f[name] = h5py.ExternalLink(name, "/d")
        f["gone"] = h5py.ExternalLink("404.h5", "/d")
        f["bucket"] = h5py.ExternalLink("s3://bucket/x.h5", "/d")
    with serving(directory / "log", "-c", SERVER, str(directory / "m.h5")) as url:
        yield url


@pytest.mark.parametrize("name", SAID)
def test_causes_are_told(name: str, web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the target of a link and of a file that is opened."""
    monkeypatch.setenv("ARRAYMORPH_RETRIES", "0")
    words = rf"{web}/{re.escape(name)}.*{re.escape(SAID[name])}"
    with pytest.raises(OSError, match=words):
        arraymorph.File(f"{web}/{name}")
    with arraymorph.File(f"{web}/m.h5") as f, pytest.raises(FAILED, match=words):
        f[name]


def test_a_target_that_is_missing_stays_a_broken_link(web: str) -> None:
    with arraymorph.File(f"{web}/m.h5") as f:
        with pytest.raises(KeyError):
            f["gone"]
        assert f.get("bucket") is None  # as natively where a target cannot be opened
        with pytest.raises(REFUSED, match=rf"{web}/m.h5 leads to s3://bucket/x.h5"):
            f["bucket"]


def test_a_server_that_is_not_there(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARRAYMORPH_RETRIES", "0")
    monkeypatch.setenv("ARRAYMORPH_ALLOW_LINKS", "http://127.0.0.1:1/")
    with arraymorph.File(f"file://{base}/store/m.h5", "w") as f:
        f["link"] = h5py.ExternalLink("http://127.0.0.1:1/x.h5", "/d")
    with (
        arraymorph.File(f"file://{base}/store/m.h5") as f,
        pytest.raises(FAILED, match=r"http://127.0.0.1:1/x.h5.*refuses connections"),
    ):
        f["link"]
