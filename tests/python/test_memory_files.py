"""Files in memory ask no store, and whoever asks before opening fetches nothing twice."""

from __future__ import annotations

from pathlib import Path

import arraymorph
from conftest import Runner, Store

COUNT = """
import arraymorph
def requests():
    stats = arraymorph.stats()
    counted = {name[:-9]: n for name, n in stats.items() if name.endswith("_requests") and n}
    counted["bytes"] = stats["bytes_read"]
    arraymorph.stats_reset()
    return counted
"""


def test_no_request_for_what_lies_in_memory(
    python: Runner, enabled_environment: dict[str, str]
) -> None:
    """Plain names go to a bucket whose server is not there."""
    python(
        COUNT
        + """
import io, h5py, netCDF4, tables
d = netCDF4.Dataset("a.nc", "w", memory=1024)
d.createDimension("x", 3)
d.createVariable("v", "f8", ("x",))[:] = [1, 2, 3]
image = bytes(d.close())
assert netCDF4.Dataset("b.nc", memory=image)["v"][:].tolist() == [1, 2, 3]
netCDF4.Dataset("c.nc", "w", diskless=True).close()
netCDF4.Dataset("d.nc", "w", format="NETCDF3_CLASSIC").close()
assert netCDF4.Dataset("d.nc").data_model == "NETCDF3_CLASSIC"
h5py.File("e.h5", "w", driver="core", backing_store=False).close()
h5py.File(io.BytesIO(), "w").close()
tables.open_file("f.h5", "w", driver="H5FD_CORE", driver_core_backing_store=0).close()
assert requests() == {"bytes": 0}, requests()
""",
        **enabled_environment,
        BUCKET_NAME="bucket",
        ARRAYMORPH_ENDPOINT_URL="http://127.0.0.1:1",
        ARRAYMORPH_ACCESS_KEY_ID="k",
        ARRAYMORPH_SECRET_ACCESS_KEY="s",
    )


def test_metadata_is_fetched_once(
    python: Runner, enabled_environment: dict[str, str], s3_store: Store, tmp_path: Path
) -> None:
    arraymorph.pointer(s3_store.url("chunks.h5"), tmp_path / "p.h5")
    python(
        COUNT
        + f"""
import h5py, netCDF4, tables
with h5py.File("p.h5", "w") as f:
    f.create_dataset("v", data=range(100), chunks=(50,), dtype="f8")
    for i in range(16):
        f[f"inline{{i}}"] = bytes(range(1, 256)) * 200
requests()

assert h5py.h5f.is_hdf5(b"p.h5")
asked = requests()
assert asked["get"] == 2 and asked["bytes"] <= 1024 and set(asked) == {{"get", "bytes"}}, asked
h5py.File("p.h5").close()
opened = requests()
assert opened["get"] == 2 and opened["bytes"] > 800_000, opened

with tables.open_file("p.h5"):
    pass
assert requests()["bytes"] <= opened["bytes"] + 1024
with netCDF4.Dataset("p.h5"):
    pass
assert requests() == opened
assert not h5py.h5f.is_hdf5(b"{s3_store.url("none.h5")}")
assert requests()["get"] == 2
""",
        **enabled_environment,
    )


def test_plain_files_are_not_read_to_be_recognised(
    python: Runner, enabled_environment: dict[str, str], s3_store: Store, tmp_path: Path
) -> None:
    """Also with a user block, which may put the superblock anywhere."""
    import h5py

    for block in 0, 512, 8192:
        with h5py.File(tmp_path / f"{block}.h5", "w", userblock_size=block) as f:
            f["x"] = bytes(range(1, 256)) * 20000
        s3_store.put(f"{block}.h5", tmp_path / f"{block}.h5")
    (tmp_path / "text").write_bytes(b"no HDF5 " * 1000)
    s3_store.put("text", tmp_path / "text")
    python(
        COUNT
        + f"""
import h5py
for name, gets in ("0.h5", 2), ("512.h5", 2), ("8192.h5", 3):
    assert h5py.h5f.is_hdf5(b"{s3_store.base}/" + name.encode()), name
    asked = requests()
    assert asked["get"] == gets and (gets == 3 or asked["bytes"] <= 1024), (name, asked)
assert not h5py.h5f.is_hdf5(b"{s3_store.base}/text")
""",
        **enabled_environment,
    )
