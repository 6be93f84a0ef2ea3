"""SeaweedFS is killed while a program writes, and started again: what was reported is so.

Half a minute each time: only with --matrix=all (./just test-faults)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import fault_relay
import pytest
import seaweed
from fault_relay import Request, Rule
from zygote import TIMEOUT, Zygote


@pytest.fixture(scope="module")
def weed() -> Iterator[seaweed.Restartable]:
    with seaweed.restartable() as started:
        yield started


def test_starts_again_with_what_it_had(weed: seaweed.Restartable) -> None:
    path = f"/{weed.server.bucket}/kept"
    assert weed.server.request("PUT", path, b"data") == 200
    first = weed.server
    weed.kill()
    with pytest.raises(OSError, match="refused"):
        weed.server.request("GET", path)
    weed.start()
    assert weed.server.port == first.port
    assert weed.server.pid != first.pid
    assert weed.server.request("GET", path) == 200


@pytest.mark.parametrize("k", [3, 20, 41])
@pytest.mark.parametrize("how", ["before", "after"])
def test_killed_at_the_kth_request(
    weed: seaweed.Restartable, zygote: Zygote, k: int, how: str
) -> None:
    """Flushes fail with a clear error and are repeated until the server is back."""
    killed = threading.Event()

    def kill(_request: Request) -> None:
        weed.kill()
        killed.set()

    with fault_relay.relaying(weed.server.endpoint) as relay:
        settings = {
            **weed.server.environment(),
            "AWS_ENDPOINT_URL_S3": relay.endpoint,
            "ARRAYMORPH_INLINE_BYTES": "0",
            "ARRAYMORPH_RETRIES": "1",
            "ARRAYMORPH_PROBE": "off",
            "ARRAYMORPH_TIMEOUT": "2",
        }
        relay.set_rules([Rule(how, first=k, count=1, hook=kill)])
        url = f"s3://{weed.server.bucket}/{how}-{k}.h5"
        writer = zygote.start("parallel_programs:flush_until_stored", url, **settings)
        assert killed.wait(TIMEOUT)
        weed.start()
        result = writer.wait().result()
    assert result["failed"] > 0, "nobody noticed that the server was gone"
    assert all(url in text for text in result["errors"]), result["errors"]
    past = {**settings, "AWS_ENDPOINT_URL_S3": weed.server.endpoint}
    assert zygote.run("parallel_programs:count_wrong_rows", url, **past).result() == 0
