"""S3 over https: only servers that prove who they are get a request."""

from __future__ import annotations

import arraymorph
import pytest
from conftest import Runner
from tls_openings import Opening

ROUND_TRIP = """
import h5py, numpy as np
with h5py.File("tls.h5", "w") as file:
    file.create_dataset("x", data=np.arange(100_000.0), chunks=(10_000,))
with h5py.File("tls.h5", "r") as file:
    print(file["x"][...].sum())
"""


def test_round_trip(
    python: Runner, tls_server: dict[str, str], enabled_environment: dict[str, str]
) -> None:
    assert python(ROUND_TRIP, **tls_server, **enabled_environment).stdout.strip() == "4999950000.0"


def test_a_good_certificate_is_believed(openings: dict[str, Opening]) -> None:
    output, requests = openings["good"].finish()
    assert "FileNotFoundError" in output
    assert requests >= 1


@pytest.mark.parametrize(
    ("certificate", "cause"),
    [
        ("old", "expired"),
        ("self", "untrusted"),
        ("other", "untrusted"),
        ("system", "untrusted"),  # good, but its authority is not one of the system's
        ("host", "hostname"),
    ],
)
def test_others_are_refused_before_they_see_a_request(
    openings: dict[str, Opening], certificate: str, cause: str
) -> None:
    output, requests = openings[certificate].finish()
    assert requests == 0
    assert "no TLS connection to https://localhost" in output
    assert "AWS_CA_BUNDLE" in output
    if arraymorph.build_info()["s3_engine"] == "aws-c-s3":  # the SDK keeps the cause to its own log
        assert cause in output.lower()
