"""Who may put objects may commit: looking for leftovers and removing them is not needed for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import arraymorph
import fault_relay
import numpy as np
import pytest
from conftest import Store
from fault_relay import Remote, Rule

CHUNK = 100


@pytest.fixture
def relayed(s3_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    with fault_relay.started(s3_store.environment["AWS_ENDPOINT_URL_S3"]) as relay:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", relay.endpoint)
        yield relay


@pytest.mark.parametrize("chunks", [3, 40])  # asked for one by one; by a listing
@pytest.mark.parametrize("action", ["DELETE POST", "GET"])
def test_growing_over_leftovers(
    action: str, chunks: int, s3_store: Store, relayed: Remote, tmp_path: Path
) -> None:
    """A crashed session has left chunks behind the end, which must not come into sight."""
    url = s3_store.url("grown.h5")
    with arraymorph.File(url, "w") as f:
        f.create_dataset("x", data=np.arange(1000, dtype="<i4"), chunks=(CHUNK,), maxshape=(None,))
    leftover = tmp_path / "leftover"
    leftover.write_bytes(np.full(CHUNK, -9, "<i4").tobytes())
    s3_store.put("grown.h5/x/c/12", leftover)
    # Lists are GETs of the bucket.
    with arraymorph.File(url, "r+") as f:
        relayed.set_rules([Rule("denied", verbs=action, key="^$"), Rule("denied", verbs="DELETE")])
        f["x"].resize((1000 + chunks * CHUNK,))
        f["x"][1000 : 1000 + CHUNK] = 1
        f.flush()
        relayed.set_rules([])
    with arraymorph.File(url) as f:
        assert f["x"].shape == (1000 + chunks * CHUNK,)
        np.testing.assert_array_equal(f["x"][:1000], np.arange(1000))
        np.testing.assert_array_equal(f["x"][1000:1100], 1)
        np.testing.assert_array_equal(f["x"][1100:], 0)
    with arraymorph.File(url, "r+") as f:
        f["x"][1200:1300] = 7
    with arraymorph.File(url) as f:
        np.testing.assert_array_equal(f["x"][1200:1300], 7)
        np.testing.assert_array_equal(f["x"][1300:], 0)
