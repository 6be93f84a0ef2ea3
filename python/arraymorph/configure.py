"""Say where files lie, by setting the environment variables that the plugin reads.

The plugin reads them at every file open, so they may change between two opens.
"""

from __future__ import annotations

import os
from pathlib import Path

_BOOL = {True: "true", False: "false"}


def configure_s3(
    bucket: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    session_token: str | None = None,
    addressing_style: str | None = None,
    use_tls: bool | None = None,
    signed_payloads: bool | None = None,
    ca_bundle: str | os.PathLike[str] | None = None,
    anonymous: bool | None = None,
) -> None:
    """Let plain file names mean objects in an S3 bucket.

    bucket            BUCKET_NAME: `h5py.File("run42.h5")` is then s3://BUCKET/run42.h5
    endpoint          AWS_ENDPOINT_URL_S3, with its scheme: "https://host[:port]"; not for AWS
    region            AWS_REGION
    access_key, secret_key, session_token
                      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; without them
                      the standard AWS chain decides (environment, profile, instance role)
    addressing_style  AWS_S3_ADDRESSING_STYLE, "path", "virtual" or "auto"
    use_tls           AWS_USE_TLS, for an endpoint without a scheme
    signed_payloads   AWS_SIGNED_PAYLOADS, for servers that demand it over https
    ca_bundle         AWS_CA_BUNDLE, certificates of a private server
    anonymous         ARRAYMORPH_ANONYMOUS: requests without a signature, for public buckets

    An argument that is None leaves its variable as it is. Raises ValueError for values that
    can never work.

    >>> import arraymorph
    >>> arraymorph.configure_s3("data", endpoint="http://localhost:3900", region="garage")
    """
    if not bucket or "/" in bucket:
        raise ValueError(f"bucket must be a bucket's bare name, not {bucket!r}")
    if addressing_style not in (None, "path", "virtual", "auto"):
        raise ValueError(
            f'addressing_style must be "path", "virtual" or "auto", not {addressing_style!r}'
        )
    if (access_key is None) != (secret_key is None):
        raise ValueError("access_key and secret_key go together: give both or neither")
    if endpoint is not None and use_tls is None and "://" not in endpoint:
        shown = endpoint.rpartition("@")[2]  # what stands before may be a password
        raise ValueError(f"write the endpoint with http:// or https://, not {shown!r}")
    _set(
        STORAGE_PLATFORM="S3",
        BUCKET_NAME=bucket,
        AWS_ENDPOINT_URL_S3=endpoint,
        AWS_REGION=region,
        AWS_ACCESS_KEY_ID=access_key,
        AWS_SECRET_ACCESS_KEY=secret_key,
        AWS_SESSION_TOKEN=session_token,
        AWS_S3_ADDRESSING_STYLE=addressing_style,
        AWS_USE_TLS=None if use_tls is None else _BOOL[use_tls],
        AWS_SIGNED_PAYLOADS=None if signed_payloads is None else _BOOL[signed_payloads],
        AWS_CA_BUNDLE=None if ca_bundle is None else os.fspath(ca_bundle),
        ARRAYMORPH_ANONYMOUS=None if anonymous is None else _BOOL[anonymous],
    )


def configure_local(root: str | os.PathLike[str]) -> None:
    """Let plain file names mean objects in the directory `root`; needs no server.

    The same layout as in a bucket, for tests and for trying things out. `root` is created when
    it does not exist.

    >>> import arraymorph, tempfile
    >>> arraymorph.configure_local(tempfile.mkdtemp())
    """
    path = Path(root).resolve()
    path.mkdir(parents=True, exist_ok=True)
    _set(STORAGE_PLATFORM="Local", ARRAYMORPH_ROOT=str(path))


def _set(**variables: str | None) -> None:
    for name, value in variables.items():
        if value is not None:
            os.environ[name] = value
