"""Say where files lie, by setting the environment variables that the plugin reads.

The plugin reads them at every file open, so they may change between two opens.
"""

from __future__ import annotations

import os
from pathlib import Path

_BOOL = {True: "true", False: "false"}
_STYLES = ("path", "virtual", "auto")
_PRESETS = ("auto", "local", "production")
_WHO = (
    "ARRAYMORPH_ACCESS_KEY_ID",
    "ARRAYMORPH_SECRET_ACCESS_KEY",
    "ARRAYMORPH_SESSION_TOKEN",
    "ARRAYMORPH_ANONYMOUS",
)


def configure_s3(
    bucket: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    session_token: str | None = None,
    addressing_style: str | None = None,
    use_tls: bool | None = None,
    signed_payloads: bool | None = None,
    ca_bundle: str | os.PathLike[str] | None = None,
    anonymous: bool | None = None,
    preset: str | None = None,
) -> None:
    """Let plain file names mean objects in an S3 bucket.

    bucket            BUCKET_NAME: `h5py.File("run42.h5")` is then s3://BUCKET/run42.h5
    endpoint          ARRAYMORPH_ENDPOINT_URL, with its scheme: "https://host[:port]"; not for AWS
    region            ARRAYMORPH_REGION
    profile           ARRAYMORPH_PROFILE, of ~/.aws/config and ~/.aws/credentials: its endpoint,
                      region and credentials, also where AWS_ACCESS_KEY_ID is set
    access_key, secret_key, session_token
                      ARRAYMORPH_ACCESS_KEY_ID, ARRAYMORPH_SECRET_ACCESS_KEY,
                      ARRAYMORPH_SESSION_TOKEN; without them the standard AWS chain decides
                      (environment, profile, instance role)
    addressing_style  ARRAYMORPH_ADDRESSING_STYLE, "path", "virtual" or "auto"
    use_tls           ARRAYMORPH_USE_TLS, for an endpoint without a scheme
    signed_payloads   ARRAYMORPH_SIGNED_PAYLOADS, for servers that demand it over https
    ca_bundle         ARRAYMORPH_CA_BUNDLE, certificates of a private server
    anonymous         ARRAYMORPH_ANONYMOUS: requests without a signature, for public buckets
    preset            ARRAYMORPH_PRESET, "local" or "production": how many connections and threads

    The variables go before those of the AWS tools (AWS_REGION, ...), which stay as they are. An
    argument that is None leaves its variable as it is; but a key, a profile or `anonymous` takes
    the place of all three as they were set before. Raises ValueError for values that can never
    work.

    >>> import arraymorph
    >>> arraymorph.configure_s3("data", endpoint="http://localhost:3900", region="garage")
    """
    if not bucket or "/" in bucket:
        raise ValueError(f"bucket must be a bucket's bare name, not {bucket!r}")
    if preset not in (None, *_PRESETS):
        raise ValueError(f'preset must be "auto", "local" or "production", not {preset!r}')
    if addressing_style not in (None, *_STYLES):
        raise ValueError(
            f'addressing_style must be "path", "virtual" or "auto", not {addressing_style!r}'
        )
    if (access_key is None) != (secret_key is None):
        raise ValueError("access_key and secret_key go together: give both or neither")
    if session_token is not None and access_key is None:
        raise ValueError("session_token goes together with access_key and secret_key: give all")
    if anonymous and access_key is not None:
        raise ValueError("anonymous and access_key contradict each other: give one of them")
    if endpoint is not None and use_tls is None and "://" not in endpoint:
        shown = endpoint.rpartition("@")[2]  # what stands before may be a password
        raise ValueError(f"write the endpoint with http:// or https://, not {shown!r}")
    choose_s3(
        endpoint=endpoint, region=region, profile=profile, forget=bool(access_key or anonymous)
    )
    _set(
        STORAGE_PLATFORM="S3",
        BUCKET_NAME=bucket,
        ARRAYMORPH_ACCESS_KEY_ID=access_key,
        ARRAYMORPH_SECRET_ACCESS_KEY=secret_key,
        ARRAYMORPH_SESSION_TOKEN=session_token,
        ARRAYMORPH_ADDRESSING_STYLE=addressing_style,
        ARRAYMORPH_USE_TLS=None if use_tls is None else _BOOL[use_tls],
        ARRAYMORPH_SIGNED_PAYLOADS=None if signed_payloads is None else _BOOL[signed_payloads],
        ARRAYMORPH_CA_BUNDLE=None if ca_bundle is None else os.fspath(ca_bundle),
        ARRAYMORPH_ANONYMOUS=None if anonymous is None else _BOOL[anonymous],
        ARRAYMORPH_PRESET=preset,
    )


def choose_s3(
    *, endpoint: str | None, region: str | None, profile: str | None, forget: bool = False
) -> None:
    """Which server, and as whom, for whatever bucket. A profile, or `forget`, lets go of the
    credentials that were chosen before: they are never mixed."""
    if forget or profile is not None:
        for name in _WHO:
            os.environ.pop(name, None)
    _set(ARRAYMORPH_ENDPOINT_URL=endpoint, ARRAYMORPH_REGION=region, ARRAYMORPH_PROFILE=profile)


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
